"""What is known while a pipeline is read: its values, its settings, what was found amiss."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field

from cauce.engine.document import MAX_VALUES, Mapping, Node, Scalar, TooLarge, Value, plain_within
from cauce.engine.spec.model import Dotted, Entry, Evaluated, Hooks, Limits, Need
from cauce.engine.spec.placeholders import Environment, awaits, expand
from cauce.engine.spec.report import Report
from cauce.engine.spec.shapes import dotted_name

__all__ = ["NOTHING", "Nothing", "Read", "Reading", "Settings"]

_MAX_VALUES = 1_000_000
"""In all parameters of a pipeline together: aliases make many out of few."""
_LEAST_VALUES = 10_000
"""In one parameter, however many others were too large."""

Read = Callable[[str], bytes | None]
"""Content of a file by its path relative to the root; None when it is not there. Raises OSError."""


class Nothing:
    """No value: the node had a problem, or it is not known before the build."""


NOTHING = Nothing()


@dataclass(frozen=True)
class Settings:
    """What the file says of all of its tasks."""

    extract_upstream: bool = True
    extract_product: bool = False
    relative_to_source: bool = False
    product_classes: Dict[str, str] = field(default_factory=dict)
    clients: Dict[str, Dotted | str] = field(default_factory=dict)
    loader: tuple[str, ...] = ()
    """Folders in which sources are looked for, relative to the root; empty: the root."""
    serializer: Dotted | None = None
    unserializer: Dotted | None = None
    limits: Limits = field(default_factory=Limits)
    """`task_defaults`."""
    imports: Node | None = None
    """`import_tasks_from`."""
    doubtful: frozenset[str] = frozenset()
    """Keys of the head that had a problem: what follows from them is nobody's mistake."""


class Reading:
    """One reading of a pipeline: what is known from the start, and what was found so far."""

    def __init__(self, entry: Entry, read: Read, evaluated: Evaluated) -> None:
        self.entry = entry
        self.read = read
        self.evaluated = evaluated
        self.report = Report(entry.name)
        self.root = entry.root.as_posix()
        self.environment: Environment | None = None
        self.literal = False
        """Is it data that was made by a function, in which no placeholders stand?"""
        self.settings = Settings()
        self.needs: dict[str, Need] = {}
        self.grid_size = (0, 0)
        """Tasks of all grids, and their parameters."""
        self.grid_expanded = 0
        """Characters of what these consist of."""
        self._values_left = _MAX_VALUES

    def filled(self, node: Node) -> Node:
        """The node with its placeholders filled in."""
        if self.environment is None or self.literal:
            return node
        return expand(node, self.environment, self.report.error)

    def need(self, need: Need) -> None:
        """Note what must be evaluated before a build."""
        self.needs.setdefault(need.key, need)

    def flag(self, given: dict[str, Node], name: str, *, default: bool) -> bool:
        """A flag among sound entries."""
        node = given.get(name)
        return node.value if isinstance(node, Scalar) and isinstance(node.value, bool) else default

    def hooks(self, given: dict[str, Node]) -> Hooks:
        """The hooks among sound entries."""
        found = [self.dotted(given.get(name)) for name in ("on_render", "on_finish", "on_failure")]
        return Hooks(*(hook if isinstance(hook, Dotted) else None for hook in found))

    def dotted(self, node: Node | None) -> Dotted | str | None:
        """A dotted path that was checked; an address as it is."""
        where = self.report.where(node)
        if isinstance(node, Mapping):
            inner = node.get("dotted_path")
            path = dotted_name(inner.text) if isinstance(inner, Scalar) else None
            return None if path is None else Dotted(path, self._arguments(node), where)
        if not isinstance(node, Scalar) or node.value is None:
            return None
        if "://" in node.text:
            return node.text
        path = dotted_name(node.text)
        return None if path is None else Dotted(path, {}, where)

    def _arguments(self, node: Mapping) -> dict[str, Value]:
        arguments: dict[str, Value] = {}
        for key, value in node.entries:
            if key.text != "dotted_path" and not isinstance(data := self.plain(value), Nothing):
                arguments[key.text] = data
        return arguments

    def plain(self, node: Node) -> Value | Nothing:
        """A node as plain data; a problem for too much of it."""
        try:
            value, size = plain_within(node, min(MAX_VALUES, self._values_left))
        except TooLarge:
            hint = "Keep data in a file, and give the task its path."
            self.report.error("params_too_large", "The value is too large or too deep.", node, hint)
            # Finding that out is dear: an alias can ask for it again with a few letters.
            self._values_left = max(_LEAST_VALUES, self._values_left - MAX_VALUES)
            return NOTHING
        self._values_left -= size
        return value

    def call(self, node: Node) -> Dotted | None:
        """``module::function``, by itself or as `dotted_path` of a mapping: a value that is computed."""
        inner = node.get("dotted_path") if isinstance(node, Mapping) else node
        if not isinstance(inner, Scalar) or not isinstance(inner.value, str) or "::" not in inner.text:
            return None
        found = self.dotted(node) if dotted_name(inner.text) is not None else None
        return found if isinstance(found, Dotted) else None

    def awaited(self, text: str) -> Need | None:
        """What a text with a placeholder waits for that only a build can fill in."""
        if self.environment is None or not awaits(text):
            return None
        closed = text.replace(" ", "")
        return next((need for need in self.environment.needs.values() if f"{{{{{need.kind}}}}}" in closed), None)

    def exists(self, path: str) -> bool:
        """Is there such a file?"""
        try:
            return self.read(path) is not None
        except OSError:
            return False
