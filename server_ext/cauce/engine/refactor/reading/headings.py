"""The headings of a Markdown cell, as a Markdown parser sees them: a `##` in a fenced block is none.

The blocks are parsed, and of their text only that of headings: what stands in between may be long, and may hold
pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from cauce.engine.refactor.model import Heading

__all__ = ["headings_of"]

_LONGEST_CELL = 200_000
_LONGEST_HEADING = 500
_PICTURE = re.compile(r"\(data:[^)\s]*")
_LEVELS = {f"h{level}": level for level in range(1, 7)}


def headings_of(text: str, cell: int) -> Iterator[Heading]:
    """The headings, in their order. Those within lists and quotations divide nothing, and are left out."""
    if "#" not in text and "<" not in text and "--" not in text and "=" not in text:
        return
    references: dict[str, Any] = {}
    tokens = _blocks().parse(_PICTURE.sub("(", text)[:_LONGEST_CELL], references)
    for index, token in enumerate(tokens):
        if token.type == "heading_open" and token.level == 0:
            yield Heading(cell, _LEVELS[token.tag], _plain(tokens[index + 1].content, references))
        elif token.type == "html_block" and token.level == 0:
            finder = _Html()
            finder.feed(token.content)
            finder.close()
            yield from (Heading(cell, level, said) for level, said in finder.found)


@cache
def _blocks() -> MarkdownIt:
    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


@cache
def _lines() -> MarkdownIt:
    return MarkdownIt("commonmark")


def _plain(content: str, references: dict[str, Any]) -> str:
    tokens = _lines().parseInline(content[:_LONGEST_HEADING], references)
    return _squeezed("".join(_words(tokens)))


def _words(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in {"text", "code_inline"}:
            yield token.content
        elif token.type in {"softbreak", "hardbreak"}:
            yield " "
        elif token.children:
            yield from _words(token.children)


def _squeezed(text: str) -> str:
    return " ".join(text.split())


class _Html(HTMLParser):
    """Headings that are written as HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._level = 0
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LEVELS:
            self._end()
            self._level = _LEVELS[tag]

    def handle_endtag(self, tag: str) -> None:
        if tag in _LEVELS:
            self._end()

    def handle_data(self, data: str) -> None:
        if self._level:
            self._text.append(data)

    def close(self) -> None:
        super().close()
        self._end()

    def _end(self) -> None:
        if self._level:
            self.found.append((self._level, _squeezed("".join(self._text))[:_LONGEST_HEADING]))
        self._level, self._text = 0, []
