"""Changes within the text of statements: one more argument here, a star import with what it brings there.

Places come from Python's own syntax tree and tokens; what they cannot tell for sure is left alone.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence

from cauce.engine.cellcode import read_cell
from cauce.engine.refactor.model import Statement, TextEdit

__all__ = ["Written", "apply", "text_of", "written"]

_SKIPPED = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT})
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def apply(text: str, edits: Iterable[TextEdit], start: int = 0) -> str:
    """A cell's text, or a piece of it that begins at `start`, with the edits that lie in it."""
    pieces: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.stop)):
        first, last = edit.start - start, edit.stop - start
        if at <= first and last <= len(text):
            pieces += [text[at:first], edit.text]
            at = last
    return "".join([*pieces, text[at:]])


def text_of(statement: Statement, edits: Iterable[TextEdit]) -> str:
    """A statement's text with the edits that concern it."""
    own = (
        edit
        for edit in edits
        if edit.cell == statement.cell and statement.start <= edit.start and edit.stop <= statement.stop
    )
    return apply(statement.text, own, statement.start)


class Written:
    """A statement as it is written: its tree, with places in its text."""

    def __init__(self, statement: Statement, tree: ast.stmt) -> None:
        self.statement = statement
        self.tree = tree
        self._lines = statement.text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._tokens = list(_tokens(statement.text))

    def with_parameters(self, names: Sequence[str]) -> Iterator[TextEdit]:
        """The signature of a function with further parameters, to be given by name."""
        function = self.tree
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            return
        name = next(i for i, (kind, text, _, _) in enumerate(self._tokens) if kind == tokenize.NAME and text == "def")
        opening = next(i for i in range(name, len(self._tokens)) if self._tokens[i][1] == "(")
        starred = function.args.vararg is not None or bool(function.args.kwonlyargs)
        added = ", ".join([*([] if starred else ["*"]), *names])
        if (extra := function.args.kwarg) is not None:
            at = self._place(extra.lineno, extra.col_offset)
            stars = next(i for i, token in enumerate(self._tokens) if token[2] >= at) - 1
            yield self._edit(self._tokens[stars][2], self._tokens[stars][2], f"{added}, ")
        else:
            yield self._appended(self._match(opening), added)

    def with_arguments(self, call: ast.Call, names: Sequence[str]) -> Iterator[TextEdit]:
        """A call that hands on names as they are."""
        end = self._place(call.end_lineno or 0, call.end_col_offset or 0)
        closing = next(i for i, token in enumerate(self._tokens) if token[3] == end and token[1] == ")")
        only = call.args[0] if len(call.args) == 1 and not call.keywords else None
        opening = self._opening(closing)
        if isinstance(only, ast.GeneratorExp) and self._place(only.lineno, only.col_offset) == self._tokens[opening][2]:
            # A generator that shares the call's parentheses needs its own beside another argument.
            yield self._edit(self._tokens[opening][3], self._tokens[opening][3], "(")
            yield self._appended(closing, f"), {', '.join(f'{name}={name}' for name in names)}", glue="")
            return
        yield self._appended(closing, ", ".join(f"{name}={name}" for name in names))

    def whole(self, text: str) -> TextEdit:
        """Another text in its place."""
        return TextEdit(self.statement.cell, self.statement.start, self.statement.stop, text)

    def line_of(self, name: str) -> int:
        """The line of its cell in which it first reads a name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                return self.statement.line + node.lineno - 1
        return self.statement.line

    def _appended(self, closing: int, text: str, glue: str = ", ") -> TextEdit:
        """Before a closing parenthesis, after what comes last in front of it."""
        last = next(i for i in range(closing - 1, -1, -1) if self._tokens[i][0] not in _SKIPPED)
        _, before, _, end = self._tokens[last]
        if before == "," and not self.statement.text[end : self._tokens[closing][2]].strip(" "):
            return self._edit(end, self._tokens[closing][2], f" {text}")
        joint = " " if before == "," else "" if before == "(" else glue
        return self._edit(end, end, joint + text)

    def _match(self, opening: int) -> int:
        depth = 0
        for i in range(opening, len(self._tokens)):
            kind, text, _, _ = self._tokens[i]
            if kind == tokenize.OP:
                depth += text in _CLOSING
                depth -= text in _CLOSING.values()
                if not depth:
                    return i
        raise ValueError(self.statement.text)

    def _opening(self, closing: int) -> int:
        depth = 0
        for i in range(closing, -1, -1):
            kind, text, _, _ = self._tokens[i]
            if kind == tokenize.OP:
                depth += text in _CLOSING.values()
                depth -= text in _CLOSING
                if not depth:
                    return i
        raise ValueError(self.statement.text)

    def _place(self, line: int, column: int) -> int:
        """Where a place of the tree (line from 1, bytes of UTF-8) is, in characters."""
        text = self._lines[line - 1].encode("utf-8", "surrogatepass")[:column].decode("utf-8", "surrogatepass")
        return self._starts[line - 1] + len(text)

    def _edit(self, start: int, stop: int, text: str) -> TextEdit:
        return TextEdit(self.statement.cell, self.statement.start + start, self.statement.start + stop, text)


def written(statement: Statement) -> Written | None:
    """The statement with its places; None when they cannot be told: magics in it, an indented cell, a text that
    Python's tokenizer does not take."""
    if statement.node is None or "\r" in statement.text or "\f" in statement.text:
        return None
    code = read_cell(statement.text)
    if code.tree is None or code.heads or code.magics or code.text != statement.text or len(code.tree.body) != 1:
        return None
    try:
        return Written(statement, code.tree.body[0])
    except (tokenize.TokenError, SyntaxError, ValueError):
        return None


def _tokens(text: str) -> Iterator[tuple[int, str, int, int]]:
    """Kind, text, start, stop: in characters of the text."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        (row, column), (last, end) = token.start, token.end
        if row < len(starts) and token.type not in {tokenize.ENDMARKER, tokenize.DEDENT}:
            yield token.type, token.string, starts[row - 1] + column, starts[last - 1] + end


IN_TEXTS = sys.version_info >= (3, 12)
"""Has what stands in an f-string places of its own?"""
