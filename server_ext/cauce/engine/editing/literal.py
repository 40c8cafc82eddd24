"""``upstream = …`` in the text of a parameters cell: one name in, one name out. Pure.

Whatever form the literal has (None, list, tuple, set, mapping; annotated; over several lines with
comments; in R NULL, ``list(…)`` and ``c(…)``), only what the name needs is touched. What is
computed is refused.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from cauce.engine.cellcode import read_cell
from cauce.engine.editing.brackets import Bracketed, inserted, replaced, without
from cauce.engine.errors import UsageError

__all__ = ["Positions", "quoted", "r_value", "with_name", "without_name"]

_NOT_PLAIN = "'upstream' is not written out as a plain list of names, so it cannot be edited."
_BY_HAND = "Edit the parameters cell by hand."


def with_name(cell: str, name: str, language: str = "python") -> str:
    """The cell's text with one more name in `upstream`.

    Raises:
        UsageError: The cell is not one in which that can be done.
    """
    if language == "r":
        return _r_with(cell, name)
    value = _value(cell)
    if value is None:
        return _declared(cell, name)
    text = Positions(cell, value)
    if isinstance(value, ast.Constant) and value.value is None:
        return replaced(cell, text.start, text.end, f"[{quoted(name, '')}]")
    if isinstance(value, ast.Call) and not _names(value):
        return replaced(cell, text.start, text.end, f"{{{quoted(name, '')}}}")
    found = _bracketed(cell, value)
    item = quoted(name, cell[found.items[-1][0]] if found.items else "")
    if isinstance(value, ast.Dict):
        item += ": None"
    elif isinstance(value, ast.Tuple) and not found.items and not found.commented:
        item += ","
    return inserted(found, item)


def without_name(cell: str, name: str, language: str = "python") -> str:
    """The cell's text without the name in `upstream`, however often it is there.

    Raises:
        UsageError: As `with_name`; or the name is not there.
    """
    if language == "r":
        return _r_without(cell, name)
    names: list[str] = []
    while (value := _value(cell)) is not None and name in (names := _names(value)):
        found = _bracketed(cell, value)
        index = names.index(name)
        if len(names) > 1 or found.commented:
            shorter = without(found, index)
            # A tuple of one needs its comma.
            one_left = isinstance(value, ast.Tuple) and len(names) == 2
            cell = shorter if not one_left else _with_comma(shorter)
        else:
            cell = replaced(cell, found.start, found.end, "None")
        if name not in _names_or_none(cell):
            return cell
    raise UsageError(f"'{name}' is not written in 'upstream'.", hint=_BY_HAND)


def _names_or_none(cell: str) -> list[str]:
    value = _value(cell)
    return [] if value is None or isinstance(value, ast.Constant) else _names(value)


def _with_comma(cell: str) -> str:
    value = _value(cell)
    if isinstance(value, ast.Tuple):
        return cell
    if not isinstance(value, ast.Constant):
        raise UsageError(_NOT_PLAIN, hint=_BY_HAND)
    end = Positions(cell, value).end
    return replaced(cell, end, end, ",")


def _value(cell: str) -> ast.expr | None:
    """The last value that is assigned to `upstream` at top level; its positions are the cell's.

    Raises:
        UsageError: The cell is not plain Python, or does more to `upstream` than assign a literal.
    """
    code = read_cell(cell)
    if code.tree is None:
        raise UsageError("The parameters cell is not valid Python.", hint="Mend its syntax first.")
    value: ast.expr | None = None
    for statement in code.tree.body:
        match statement:
            case ast.Assign(targets=[*_, ast.Name(id="upstream")] | [ast.Name(id="upstream"), *_], value=assigned):
                value = assigned
            case ast.AnnAssign(target=ast.Name(id="upstream"), value=ast.expr() as assigned):
                value = assigned
            case ast.AugAssign(target=ast.Name(id="upstream")):
                raise UsageError(_NOT_PLAIN, hint=_BY_HAND)
    lines = cell.split("\n")
    heads = len(lines) - len(code.text.split("\n"))
    if value is not None:
        if heads:
            ast.increment_lineno(value, heads)
        first, last = value.lineno - 1, value.end_lineno or value.lineno
        if lines[first:last] != code.text.split("\n")[first - heads : last - heads]:
            raise UsageError(_NOT_PLAIN, hint=_BY_HAND)  # an indented cell, or a magic: not the same columns
    return value


def _names(value: ast.expr) -> list[str]:
    """The names in a literal, in order.

    Raises:
        UsageError: It is none.
    """
    match value:
        case ast.Constant(value=None):
            return []
        case ast.Call(func=ast.Name(id="set"), args=[], keywords=[]):
            return []
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items) | ast.Dict(keys=items):
            names = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            if len(names) == len(items):
                return names
    raise UsageError(_NOT_PLAIN, hint=_BY_HAND)


class Positions:
    """Where a node begins and ends, as indices into the text: syntax trees count bytes."""

    def __init__(self, text: str, node: ast.expr) -> None:
        self._lines = text.split("\n")
        self._begins = [0]
        for line in self._lines:
            self._begins.append(self._begins[-1] + len(line) + 1)
        self.start = self.index(node.lineno, node.col_offset)
        self.end = self.index(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def index(self, line: int, column: int) -> int:
        encoded = self._lines[line - 1].encode("utf-8", "surrogatepass")[:column]
        return self._begins[line - 1] + len(encoded.decode("utf-8", "surrogatepass"))


def _bracketed(cell: str, value: ast.expr) -> Bracketed:
    """The literal as items and commas.

    Raises:
        UsageError: It is no list of names.
    """
    _names(value)
    where = Positions(cell, value)
    tokens = list(_tokens(cell[where.start : where.end], where.start))
    brackets = _closes_what_opens(tokens)
    depth = 1 if brackets else 0
    level = 0
    commas: list[int] = []
    items: list[tuple[int, int]] = []
    current: tuple[int, int] | None = None
    for kind, text, start, end in tokens:
        if text in (")", "]", "}") and kind == tokenize.OP:
            level -= 1
        if level == depth and text == "," and kind == tokenize.OP:
            if current is None:
                raise UsageError(_NOT_PLAIN, hint=_BY_HAND)
            items.append(current)
            commas.append(start)
            current = None
        elif level >= depth and not (level == 0 and brackets):
            current = (start if current is None else current[0], end)
        if text in ("(", "[", "{") and kind == tokenize.OP:
            level += 1
    if current is not None:
        items.append(current)
    return Bracketed(cell, where.start, where.end, items, commas, brackets)


_Token = tuple[int, str, int, int]


def _tokens(text: str, offset: int) -> Iterator[_Token]:
    """Those that mean something, with their positions; as within brackets, where lines may end."""
    lines = f"({text}\n)".split("\n")
    begins = [offset - 1]
    for line in lines:
        begins.append(begins[-1] + len(line) + 1)
    found = list(tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline))
    meant = [
        token
        for token in found
        if token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.NEWLINE, tokenize.ENDMARKER)
    ]
    for token in meant[1:-1]:
        start, end = (begins[line - 1] + column for line, column in (token.start, token.end))
        yield token.type, token.string, start, end


def _closes_what_opens(tokens: list[_Token]) -> bool:
    """Is the whole in one pair of brackets? ``("a"), "b"`` is not."""
    if not tokens or tokens[0][1] not in ("(", "[", "{"):
        return False
    level = 0
    for position, (kind, text, _, _) in enumerate(tokens):
        if kind == tokenize.OP and text in ("(", "[", "{"):
            level += 1
        elif kind == tokenize.OP and text in (")", "]", "}"):
            level -= 1
            if level == 0:
                return position == len(tokens) - 1
    return False


def quoted(name: str, like: str) -> str:
    """The name as Python writes it, in the quotes of its neighbour where it has some."""
    quote = like if like in ("'", '"') and like else '"'
    if name.isprintable() and "\\" not in name and quote not in name:
        return f"{quote}{name}{quote}"
    return repr(name)


def _declared(cell: str, name: str) -> str:
    """The cell with an assignment that it lacks: before that of `product`, else at its end."""
    line = f"upstream = [{quoted(name, '')}]"
    code = read_cell(cell)
    lines = cell.split("\n")
    heads = len(lines) - len(code.text.split("\n"))
    for statement in code.tree.body if code.tree is not None else ():
        match statement:
            case ast.Assign(targets=[ast.Name(id="product")]) | ast.AnnAssign(target=ast.Name(id="product")):
                lines.insert(statement.lineno - 1 + heads, line)
                return "\n".join(lines)
    end = len(cell.rstrip())
    before = cell[:end] + "\n" if end else ""
    return before + line + cell[end:]


# --- R ------------------------------------------------------------------------------------

_R_ASSIGNMENT = re.compile(r"^upstream[ \t]*(?:<-|=(?!=))[ \t]*", re.MULTILINE)
_R_LIST = re.compile(r"(?:list|c)[ \t]*\(")
# Comments without going back: a line of '#' could be any number of them.
_R_PART = re.compile(r"""[ \t\r\n]*(?>\#[^\n]*[ \t\r\n]*)*+(?:(?P<text>"[^"\\\n]*"|'[^'\\\n]*')|(?P<mark>[,)]))""")
_R_END = re.compile(r"[ \t]*(?:\#[^\n]*)?(?:\r?\n|;|$)")


def _r_with(cell: str, name: str) -> str:
    found = r_value(cell)
    if not name.isprintable() or "\\" in name or ("'" in name and '"' in name):
        raise UsageError(f"'{name}' cannot be written in R.", hint=_BY_HAND)
    quote = "'" if '"' in name else '"'
    if found is None:
        end = len(cell.rstrip())
        line = f"upstream <- list({quote}{name}{quote})"
        return (cell[:end] + "\n" if end else "") + line + cell[end:]
    if isinstance(found, tuple):
        return replaced(cell, *found, f"list({quote}{name}{quote})")
    like = cell[found.items[-1][0]] if found.items else quote
    quote = like if like not in name else quote
    if not found.items and found.commented:
        raise UsageError(_NOT_PLAIN, hint=_BY_HAND)
    return inserted(found, f"{quote}{name}{quote}")


def _r_without(cell: str, name: str) -> str:
    removed = False
    while isinstance(found := r_value(cell), Bracketed):
        names = [cell[start + 1 : stop - 1] for start, stop in found.items]
        if name not in names:
            break
        removed = True
        if len(names) > 1 or found.commented:
            cell = without(found, names.index(name))
        else:
            head = list(_R_ASSIGNMENT.finditer(cell))[-1].end()
            cell = replaced(cell, head, found.end, "NULL")
    if not removed:
        raise UsageError(f"'{name}' is not written in 'upstream'.", hint=_BY_HAND)
    return cell


def r_value(cell: str) -> Bracketed | tuple[int, int] | None:
    """The list that is assigned last, or where NULL is; None when nothing is assigned."""
    assigned = list(_R_ASSIGNMENT.finditer(cell))
    if not assigned:
        return None
    place = assigned[-1].end()
    if cell.startswith("NULL", place) and _R_END.match(cell, place + 4):
        return place, place + 4
    opening = _R_LIST.match(cell, place)
    if opening is None:
        raise UsageError(_NOT_PLAIN, hint=_BY_HAND)
    items: list[tuple[int, int]] = []
    commas: list[int] = []
    at = opening.end()
    while (part := _R_PART.match(cell, at)) is not None:
        at = part.end()
        if part["text"] is not None and len(items) == len(commas):
            items.append(part.span("text"))
        elif part["mark"] == "," and len(items) == len(commas) + 1:
            commas.append(part.start("mark"))
        elif part["mark"] == ")" and _R_END.match(cell, at) and (not commas or len(items) > len(commas)):
            return Bracketed(cell, opening.end() - 1, at, items, commas)
        else:
            break
    raise UsageError(_NOT_PLAIN, hint=_BY_HAND)
