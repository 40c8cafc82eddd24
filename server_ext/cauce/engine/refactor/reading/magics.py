"""What magics and shell commands do to names: read in their text, as IPython would fill it in."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from cauce.engine.checks.magics import bound_by, parsed

__all__ = ["Said", "called", "read_magic", "word_of"]

_RUNS = frozenset({"time", "prun"})
"""Run Python, and keep what it binds."""
_RUNS_APART = frozenset({"timeit", "memit", "mprun", "lprun"})
"""Run Python in a scope of its own."""
_OPTIONS = re.compile(r"\s*(?:-[a-zA-Z]\s*\d*\s+|-[a-zA-Z]\d*\s+|--\w+\s+)*")
_FILLED = re.compile(r"\{([^{}]+)\}|(?<!\$)\$\{?([^\W\d]\w*)")
_ASKED = re.compile(r"\?{0,2}([^\W\d]\w*)[\w.]*\?{0,2}")
_INPUTS = re.compile(r"(?:-i|--input)[ =]+([\w,]+)")
_OUTPUTS = re.compile(r"(?:-o|--output)[ =]+([\w,]+)")
_SQL_INTO = re.compile(r"^\s*([^\W\d]\w*)\s*<<")


@dataclass(frozen=True)
class Said:
    """What a magic says."""

    names: tuple[str, ...] = ()
    """That it uses, if the notebook has them."""
    code: ast.Module | None = None
    """The Python that it runs."""
    keeps: bool = True
    """Does what that binds stay?"""
    binds: tuple[str, ...] = ()
    reads_files: tuple[str, ...] = ()
    writes_files: tuple[str, ...] = ()


def word_of(text: str) -> str:
    """`time` of ``%time f()``; '' of what is no magic."""
    return next(iter(text.lstrip("%").split(maxsplit=1)), "") if text.startswith("%") else ""


def read_magic(text: str, body: str = "") -> Said:
    """Of a line, or of a cell magic's first line and what stands below it."""
    name = word_of(text)
    rest = text.lstrip("%").partition(name)[2] if name else ""
    if not name:
        if text.startswith("!"):
            return Said(_filled_in(text))
        found = _ASKED.fullmatch(text.strip())
        return Said((found[1],) if found else ())
    if name in _RUNS | _RUNS_APART and not text.startswith("%%"):
        code, _ = parsed(rest[_end_of_options(rest) :].strip())
        return Said(_filled_in(rest) if code is None else (), code, name in _RUNS)
    binds = tuple(sorted(bound_by([text]).names))
    uses = list(_filled_in(rest))
    into = _SQL_INTO.match(rest)
    if name in {"sql", "bigquery", "R", "octave", "julia"}:
        binds += tuple(word for match in _OUTPUTS.finditer(rest) for word in match[1].split(",") if word)
        binds += (into[1],) if into else ()
        uses += [word for match in _INPUTS.finditer(rest) for word in match[1].split(",") if word]
        uses += re.findall(r"[:{$]\{?\s*([^\W\d]\w*)", body)
    elif name == "store":
        words = rest.split()
        restored = words[:1] == ["-r"]
        binds += tuple(word for word in words[1:] if word.isidentifier()) if restored else ()
        uses += [] if restored else [word for word in words if word.isidentifier()]
    files = tuple(word for word in rest.split() if not word.startswith("-"))[:1]
    reads = files if name == "run" and "{" not in rest and "$" not in rest else ()
    if reads and not reads[0].endswith((".py", ".ipy", ".ipynb")):
        reads = (f"{reads[0]}.py",)
    writes = files if name in {"writefile", "file"} and text.startswith("%%") and "{" not in rest else ()
    return Said(tuple(dict.fromkeys(uses)), None, True, tuple(dict.fromkeys(binds)), reads, writes)


def _end_of_options(rest: str) -> int:
    found = _OPTIONS.match(rest)
    return found.end() if found else 0


def _filled_in(text: str) -> tuple[str, ...]:
    """Names that IPython fills in: ``!ls {folder}``, ``$name``."""
    names: dict[str, None] = {}
    for match in _FILLED.finditer(text):
        if match[2]:
            names.setdefault(match[2])
            continue
        code, _ = parsed(match[1].strip())
        for node in () if code is None else ast.walk(code):
            if isinstance(node, ast.Name):
                names.setdefault(node.id)
    return tuple(names)


def called(node: ast.Call) -> str | None:
    """The magic that a call such as ``get_ipython().run_line_magic("matplotlib", "inline")`` is; None if it is none."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=attribute),
            args=[ast.Constant(value=str(first)), *rest],
        ):
            line = str(rest[0].value) if rest and isinstance(rest[0], ast.Constant) else ""
            match attribute:
                case "run_line_magic":
                    return f"%{first} {line}"
                case "magic":
                    return f"%{first.lstrip('%')}"
                case "system" | "getoutput":
                    return f"!{first}"
        case _:
            pass
    return None
