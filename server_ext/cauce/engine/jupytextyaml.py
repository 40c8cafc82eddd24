"""The YAML that jupytext reads in texts, without the values that exhaust memory or time.

jupytext parses YAML in several places, each with an idea of its own of where that begins and
ends: headers, front matter, options of cells, configuration files. So it is not the texts that
are looked at, but jupytext is given a parser that counts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any

import yaml

__all__ = ["TooMuchYaml", "guard_jupytext"]

_MAX_VALUES = 20_000
_MAX_DEPTH = 64
_MAX_NUMBER = 400
_DIGITS = frozenset("0123456789+-_:.")


class TooMuchYaml(Exception):
    """Says in words what there is too much of."""


class _Loader(yaml.SafeLoader):
    """Counts values as they would be with aliases written out."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._values = 0
        self._depth = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        begun = self._values
        self._values += 1
        if self.check_event(yaml.AliasEvent):
            node = super().compose_node(parent, index)
            if id(node) not in self._sizes:
                raise TooMuchYaml("it holds a value that contains itself")
            self._values += self._sizes[id(node)]
        else:
            self._depth += 1
            if self._depth > _MAX_DEPTH:
                raise TooMuchYaml(f"it is nested more than {_MAX_DEPTH} levels deep")
            node = super().compose_node(parent, index)
            self._depth -= 1
            self._sizes[id(node)] = self._values - begun
        if self._values > _MAX_VALUES:
            raise TooMuchYaml(f"it holds more than {_MAX_VALUES:,} values")
        # Converting a number to the base of 60 takes time that grows with the square of its length.
        if isinstance(node, yaml.ScalarNode) and len(node.value) > _MAX_NUMBER and _DIGITS.issuperset(node.value):
            raise TooMuchYaml(f"it holds a number of more than {_MAX_NUMBER} digits")
        return node


def _safe_load(stream: Any) -> Any:
    return yaml.load(stream, Loader=_Loader)  # noqa: S506 - it is a safe loader


def _safe_load_all(stream: Any) -> Iterator[Any]:
    return yaml.load_all(stream, Loader=_Loader)


@cache
def guard_jupytext() -> None:
    """Have jupytext parse with our loader, in this process, from now on."""
    import jupytext  # noqa: F401 - to have been imported

    for name, module in list(sys.modules.items()):
        if name.startswith("jupytext.") and getattr(module, "yaml", None) is yaml:
            module.__dict__["yaml"] = _GUARDED


_GUARDED = ModuleType("yaml", yaml.__doc__)
_GUARDED.__dict__.update({**vars(yaml), "safe_load": _safe_load, "safe_load_all": _safe_load_all})
