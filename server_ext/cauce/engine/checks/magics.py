"""What IPython adds to Python, as far as names go: which ones are there, and which a magic makes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cauce.engine.unwarned import unwarned

__all__ = ["IPYTHON_NAMES", "Bound", "bound_by", "from_history", "magic_calls", "parsed", "transformed"]

IPYTHON_NAMES = frozenset(
    """
    display exit get_ipython quit In Out __IPYTHON__ _exit_code _dh _ih _oh _i _ii _iii _ __ ___
    """.split()
)
_HISTORY = re.compile(r"_i?\d+")

_BIND_NOTHING = frozenset(
    """
    alias autoawait autocall automagic autoreload autosave bookmark cd clear cls colors conda config
    connect_info dhist dirs doctest_mode echo env gui head help hist history javascript js html
    latex ldir less lf lk ll load_ext logoff logon logstart logstate logstop ls lsmagic lx
    magic man markdown matplotlib memit mkdir more mprun mv notebook page pdb pdef pdoc perl pfile
    pinfo pinfo2 pip popd pprint precision prun psearch psource pushd pwd pycat pydoc pypy python
    python2 python3 quickref rehashx reload_ext reset_selective rm rmdir ruby save script
    set_env sh bash shell svg svgs system sx tb time timeit unalias uv who who_ls whos writefile
    file writetemplate xdel xmode lprun load snakeviz tail cmd powershell watermark
    debug logit mamba micromamba killbgscripts load_dotenv dotenv
    """.split()
)
"""They leave the names as they are, or say with an option which one they make."""
_OPTION = re.compile(r"--(?:out|err|proc)[ =]+(\w+)")
_RUNS_THE_REST = frozenset({"time", "prun"})
_LONGEST = 20_000
"""IPython's own reading of a cell begins anew after each magic in it."""


@dataclass(frozen=True)
class Bound:
    """Names that magics make. `anything`: they may make any."""

    names: frozenset[str] = frozenset()
    anything: bool = False


def bound_by(magics: Iterable[str]) -> Bound:
    """What magics make: lines such as ``%%capture out``, ``%run other.py``, ``!ls``."""
    names: set[str] = set()
    anything = False
    for magic in magics:
        if not magic.startswith("%"):
            continue  # a shell command, or a question
        words = magic.lstrip("%").split()
        name = words[0] if words else ""
        if name == "capture":
            names.update(word for word in words[1:] if word.isidentifier())
        elif name in _BIND_NOTHING:
            names.update(_OPTION.findall(magic))
            if name in _RUNS_THE_REST:
                names.update(_assigned(magic.lstrip("%").partition(name)[2]))
            # An extension may bring names along, and magics that do.
            anything = anything or name in {"load_ext", "load"}
        else:
            anything = True
    return Bound(frozenset(names), anything)


def _assigned(code: str) -> Iterator[str]:
    tree, _ = parsed(code.strip())
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def parsed(code: str | bytes) -> tuple[ast.Module | None, SyntaxError | None]:
    """The syntax tree; or what is wrong, where that can be said."""
    try:
        with unwarned():
            return ast.parse(code), None
    except SyntaxError as error:
        return None, error
    except (ValueError, RecursionError, MemoryError):
        return None, None


def from_history(name: str) -> bool:
    """Is it the input or output of an earlier cell, such as ``_3`` or ``_i3``?"""
    return _HISTORY.fullmatch(name) is not None


def magic_calls(tree: ast.AST) -> tuple[tuple[str, ...], int]:
    """Magics that are called as functions, ``get_ipython().run_line_magic("run", "f.py")``; and how often the
    shell is used in other ways, which may make names, too.
    """
    magics: list[str] = []
    uses = 0
    for node in ast.walk(tree):
        match node:
            case ast.Name(id="get_ipython"):
                uses += 1
            case ast.Call(
                func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=attribute),
                args=[ast.Constant(value=str(first)), *rest],
            ):
                line = str(rest[0].value) if rest and isinstance(rest[0], ast.Constant) else ""
                match attribute:
                    case "run_line_magic" | "run_cell_magic":
                        magics.append(f"%{first} {line}")
                    case "magic":
                        magics.append(f"%{first.lstrip('%')}")
                    case "system" | "getoutput" | "getoutput_":
                        magics.append(f"!{first}")
    return tuple(magics), uses - len(magics)


def transformed(cell: str) -> str | None:
    """The cell as IPython itself would make it Python; None where it cannot be asked."""
    if len(cell) > _LONGEST or "\0" in cell:  # which Python's tokenizer chokes on
        return None
    try:
        from IPython.core.inputtransformer2 import TransformerManager

        manager: Any = TransformerManager
        with unwarned():
            return str(manager().transform_cell(cell))
    except (ImportError, SyntaxError, ValueError, RecursionError):
        return None
