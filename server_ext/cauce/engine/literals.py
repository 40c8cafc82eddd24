"""What a parameters cell says of `upstream` and `product`: literals, read and never evaluated. Pure.

Python and R. The last assignment at the top level counts, as it would when running. Whatever is
computed is refused by name rather than guessed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cauce.engine.cellcode import CellCode
from cauce.engine.document import MAX_BITS, Value

__all__ = ["Assigned", "python_assigned", "r_assigned", "task_names"]

_MAX_DEPTH = 64


@dataclass(frozen=True)
class Assigned:
    """What a name was last assigned.

    `none` (no such assignment, `found` is False for that), a literal `value`, or something that is no literal.
    """

    found: bool
    literal: bool = True
    value: Value = None
    names: tuple[str, ...] | None = None
    """The texts in it in the order written, where it is a collection of nothing but texts."""
    written: str = ""
    line: int = 1
    """Line of the cell at which the value begins."""


def task_names(assigned: Assigned) -> tuple[str, ...] | None:
    """The names of tasks that a value of `upstream` gives; None when it is no collection of names."""
    if assigned.value is None and assigned.names is None:
        return ()
    return assigned.names


# --- Python -------------------------------------------------------------------------------


def python_assigned(code: CellCode, name: str) -> Assigned:
    """What the cell last assigns to a name. `code.tree` is not None."""
    tree = code.tree if code.tree is not None else ast.Module([], [])
    values = list(_assignments(tree, name))
    if not values:
        return Assigned(False)
    value = values[-1]
    written = ast.get_source_segment(code.text, value) or ""
    try:
        return Assigned(True, True, _plain(ast.literal_eval(value)), _texts(value), written, value.lineno)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return Assigned(True, False, written=written, line=value.lineno)


def _assignments(tree: ast.Module, name: str) -> Iterator[ast.expr]:
    """Values assigned to a name by top-level statements, in order.

    For ``name += …`` and ``name, other = …`` what is given back is no literal list, so that
    they are refused rather than overlooked.
    """
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=targets, value=value):
                if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                    yield value
                for target in targets:
                    if not isinstance(target, ast.Name) and _binds(target, name):
                        yield target
            case ast.AugAssign(target=ast.Name(id=target_name) as target):
                if target_name == name:
                    yield target
            case ast.AnnAssign(target=ast.Name(id=target_name), value=ast.expr() as annotated):
                if target_name == name:
                    yield annotated


def _binds(target: ast.expr, name: str) -> bool:
    return any(
        isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Store) for part in ast.walk(target)
    )


def _texts(value: ast.expr) -> tuple[str, ...] | None:
    """A set has no order of its own: taken is the one in which it was written."""
    match value:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            found = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        case ast.Dict(keys=keys):
            parts = [key for key in keys if key is not None]
            found = [key.value for key in parts if isinstance(key, ast.Constant) and isinstance(key.value, str)]
        case ast.Call():  # `set()`, which is a literal, too
            return ()
        case _:
            return None
    return tuple(dict.fromkeys(found)) if len(found) == len(parts) else None


def _plain(value: object, depth: int = 0) -> Value:
    """A Python literal as plain data. Raises ValueError for what there is no plain form of."""
    if depth > _MAX_DEPTH:
        raise ValueError("nested too deeply")
    match value:
        case int() if value.bit_length() > MAX_BITS:
            raise ValueError("too long a number")
        case None | bool() | int() | float() | str():
            return value
        case list() | tuple():
            return [_plain(item, depth + 1) for item in value]
        case set():
            return [_plain(item, depth + 1) for item in sorted(value, key=repr)]
        case dict():
            return {str(key): _plain(item, depth + 1) for key, item in value.items()}
        case _:
            raise ValueError(f"{type(value).__name__} is no plain data")


# --- R ------------------------------------------------------------------------------------

_R_ASSIGNMENT = re.compile(r"^(?P<name>[A-Za-z.][\w.]*)[ \t]*(?:<-|=(?!=))[ \t]*", re.MULTILINE)
_R_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:\#[^\n]*[ \t\r\n]*)*(?:
        (?P<text>"[^"\\\n]*"|'[^'\\\n]*')
      | (?P<number>-?\d+(?:\.\d+)?L?)
      | (?P<word>[A-Za-z.][\w.]*)
      | (?P<mark>[(),=])
    )""",
    re.VERBOSE,
)
_R_END = re.compile(r"[ \t]*(?:\#[^\n]*)?(?:\r?\n|;|$)")
_R_WORDS: dict[str, Value] = {"NULL": None, "TRUE": True, "FALSE": False}
_Token = tuple[Literal["text", "number", "word", "mark"], str]


def r_assigned(text: str, name: str) -> Assigned:
    """What an R cell last assigns to a name: ``NULL``, a text, or ``list(…)`` and ``c(…)`` of those."""
    last = None
    for match in _R_ASSIGNMENT.finditer(text):
        if match["name"] == name:
            last = match
    if last is None:
        return Assigned(False)
    line = text.count("\n", 0, last.start()) + 1
    written = text[last.end() :].split("\n", 1)[0].strip()
    try:
        value, end = _r_value(text, last.end(), 0)
    except ValueError:
        return Assigned(True, False, written=written, line=line)
    if _R_END.match(text, end) is None:
        return Assigned(True, False, written=written, line=line)
    match value:
        case list():
            names = tuple(item for item in value if isinstance(item, str))
            return Assigned(True, True, value, names if len(names) == len(value) else None, written, line)
        case dict():
            return Assigned(True, True, value, tuple(value), written, line)
        case _:
            return Assigned(True, True, value, None, written, line)


def _r_value(text: str, place: int, depth: int) -> tuple[Value, int]:
    """The value that begins at `place`, and where it ends. Raises ValueError for what is none."""
    (kind, token), place = _r_token(text, place)
    if kind == "text":
        return token[1:-1], place
    if kind == "number":
        return (float(token) if "." in token else int(token.rstrip("L")[:300])), place
    if kind == "word" and token in _R_WORDS:
        return _R_WORDS[token], place
    if kind != "word" or token not in {"list", "c"} or depth > _MAX_DEPTH:
        raise ValueError(token)
    (_, mark), place = _r_token(text, place)
    if mark != "(":
        raise ValueError(mark)
    keys: list[str | None] = []
    items: list[Value] = []
    while True:
        (kind, token), after = _r_token(text, place)
        if (kind, token) == ("mark", ")"):
            place = after
            break
        key = None
        if kind in {"text", "word"}:
            (_, mark), behind = _r_token(text, after)
            if mark == "=":
                key, place = token.strip("\"'"), behind
        value, place = _r_value(text, place, depth + 1)
        keys.append(key)
        items.append(value)
        (_, mark), place = _r_token(text, place)
        if mark == ")":
            break
        if mark != ",":
            raise ValueError(mark)
    named = [key for key in keys if key is not None]
    if not named:
        return items, place
    if len(named) != len(items):
        raise ValueError("some have names and some have none")
    return dict(zip(named, items, strict=True)), place


def _r_token(text: str, place: int) -> tuple[_Token, int]:
    match = _R_TOKEN.match(text, place)
    if match is None:
        raise ValueError("no literal")
    for kind in ("text", "number", "word", "mark"):
        if match[kind] is not None:
            return (kind, match[kind]), match.end()
    raise ValueError("no literal")
