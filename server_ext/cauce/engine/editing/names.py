"""A task's other name in the code of those that need it: where they say so, and where they read what it makes. Pure.

    upstream = ["load"]            Python, in the parameters cell
    upstream["load"]["data"]       anywhere in cells and functions
    {{ upstream["load"] }}         templates; in R upstream[["load"]], upstream$load

What is not plainly a use of the name stays; `left_over` tells where it still stands, for whoever must look.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from cauce.engine.cellcode import read_cell
from cauce.engine.editing.brackets import replaced
from cauce.engine.editing.literal import Positions, quoted, r_value
from cauce.engine.errors import UsageError

__all__ = ["in_cell", "in_function", "in_r_cell", "in_template", "left_over"]

_RAW = re.compile(r"(\{%[-+]?\s*raw\b.*?\{%[-+]?\s*endraw\b.*?%\})", re.DOTALL)
_FILLED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_WORD = re.compile(r"[^\W\d]\w*")
_R_WORD = re.compile(r"[A-Za-z][\w.]*")


def in_cell(cell: str, old: str, new: str, *, declares: bool) -> str:
    """The text of a Python cell with the other name; `declares`: it is the one that says what is needed."""
    code = read_cell(cell)
    if code.tree is None or old not in cell:
        return cell
    heads = len(cell.split("\n")) - len(code.text.split("\n"))
    if heads:
        ast.increment_lineno(code.tree, heads)
    return _with_constants(cell, [*_uses(code.tree, old), *(_declared(code.tree, old) if declares else ())], old, new)


def in_function(module: str, line: int, old: str, new: str) -> str:
    """The text of a module in which the function whose `def` is in this line uses the other name."""
    try:
        tree = ast.parse(module)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return module
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno == line:
            return _with_constants(module, list(_uses(node, old)), old, new)
    return module


def in_r_cell(cell: str, old: str, new: str, *, declares: bool) -> str:
    """As `in_cell`, in R.

    Raises:
        UsageError: R cannot write the name, or what is needed is not written out.
    """
    if old not in cell:
        return cell
    if not new.isprintable() or "\\" in new or ("'" in new and '"' in new):
        raise UsageError(f"'{new}' cannot be written in R.", hint="Choose another name.")
    if declares and not isinstance(found := r_value(cell), tuple | None):
        for start, stop in reversed(found.items):
            if cell[start + 1 : stop - 1] == old:
                cell = replaced(cell, start, stop, _r_quoted(new, cell[start]))
    pattern = re.compile(r"(upstream\s*\[\[?\s*)([\"'])" + re.escape(old) + r"\2")
    cell = pattern.sub(lambda match: match[1] + _r_quoted(new, match[2]), cell)
    written = f"${new}" if _R_WORD.fullmatch(new) else f"[[{_r_quoted(new, chr(34))}]]"
    return re.sub(r"(\bupstream)\$" + re.escape(old) + r"(?![\w.])", lambda match: match[1] + written, cell)


def in_template(text: str, old: str, new: str) -> str:
    """The text of a SQL or shell script with the other name in its placeholders."""
    by_key = re.compile(r"(\bupstream\s*\[\s*)([\"'])" + re.escape(old) + r"\2")
    by_dot = re.compile(r"(\bupstream)\s*\.\s*" + re.escape(old) + r"(?!\w)")
    dotted = f".{new}" if _WORD.fullmatch(new) and new.isascii() else f"[{_template_quoted(new, chr(34))}]"

    def filled(match: re.Match[str]) -> str:
        part = by_key.sub(lambda use: use[1] + _template_quoted(new, use[2]), match[0])
        return by_dot.sub(lambda use: use[1] + dotted, part)

    # What is between `raw` and `endraw` is text, whatever it looks like.
    parts = _RAW.split(text)
    return "".join(part if index % 2 else _FILLED.sub(filled, part) for index, part in enumerate(parts))


def left_over(cell: str, old: str) -> tuple[int, ...]:
    """Lines, from 1, in which Python code still has the name as a text."""
    code = read_cell(cell)
    heads = len(cell.split("\n")) - len(code.text.split("\n"))
    nodes = ast.walk(code.tree) if code.tree is not None else ()
    lines = {node.lineno + heads for node in nodes if isinstance(node, ast.Constant) and node.value == old}
    return tuple(sorted(lines))


# --- Python -------------------------------------------------------------------------------


def _uses(tree: ast.AST, old: str) -> Iterator[ast.Constant]:
    """Where the name is a key of `upstream`, or of a group in it."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=value, slice=ast.Constant(value=str(name)) as key) if name == old:
                if _is_upstream(value) or _is_group(value):
                    yield key
            case ast.Call(
                func=ast.Attribute(value=value, attr="get" | "pop"), args=[ast.Constant(value=str(name)) as key, *_]
            ) if name == old and (_is_upstream(value) or _is_group(value)):
                yield key
            case ast.Compare(left=ast.Constant(value=str(name)) as key, ops=[ast.In() | ast.NotIn()], comparators=[to]):
                if name == old and (_is_upstream(to) or _is_group(to)):
                    yield key


def _is_upstream(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "upstream"


def _is_group(node: ast.expr) -> bool:
    """``upstream["fit-*"]``, whose keys are names of tasks, too."""
    match node:
        case ast.Subscript(value=value, slice=ast.Constant(value=str(name))):
            return "*" in name and _is_upstream(value)
    return False


def _declared(tree: ast.Module, old: str) -> Iterator[ast.Constant]:
    """Where the name is in the last literal that `upstream` is given."""
    value: ast.expr | None = None
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=targets, value=assigned) if any(_is_upstream(target) for target in targets):
                value = assigned
            case ast.AnnAssign(target=ast.Name(id="upstream"), value=ast.expr() as assigned):
                value = assigned
    items = value.keys if isinstance(value, ast.Dict) else getattr(value, "elts", [value])
    for item in items:
        if isinstance(item, ast.Constant) and item.value == old:
            yield item


def _with_constants(text: str, nodes: list[ast.Constant], old: str, new: str) -> str:
    spots: dict[int, int] = {}
    for node in nodes:
        where = _position(text, node)
        # In an f-string of an older Python, in an indented cell, beside a magic: other columns.
        if where is None or not _is_text(text[where.start : where.end], old):
            raise UsageError(
                f"'{old}' stands in the code where it cannot be changed safely.", hint="Rename it by hand."
            )
        spots[where.start] = where.end
    for start, end in sorted(spots.items(), reverse=True):
        quote = text[end - 1]
        text = replaced(text, start, end, quoted(new, quote))
    return text


def _position(text: str, node: ast.expr) -> Positions | None:
    try:
        return Positions(text, node)
    except (ValueError, IndexError):
        return None


def _is_text(code: str, name: str) -> bool:
    try:
        return bool(ast.literal_eval(code) == name)
    except (SyntaxError, ValueError):
        return False


# --- Quotes -------------------------------------------------------------------------------


def _r_quoted(name: str, like: str) -> str:
    quote = like if like not in name else "'" if like == '"' else '"'
    return f"{quote}{name}{quote}"


def _template_quoted(name: str, like: str) -> str:
    quote = like if like not in name else "'" if like == '"' else '"'
    return f"{quote}{name.replace(chr(92), chr(92) * 2)}{quote}"
