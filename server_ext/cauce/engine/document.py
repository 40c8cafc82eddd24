"""YAML text → a tree of nodes with positions, however hostile or broken the text is.

One pass over PyYAML's event stream does three jobs: it refuses bombs while they are still
small (depth, size, aliases, tags), it keeps line and column of every node, and when the
text turns out to be broken in the middle it hands out what was complete until there, so
that one bad line does not hide the tasks above it.

Aliases are resolved to the node they name; what they would expand to is limited by
`plain`, which counts what it visits (a 400-byte text can expand to billions of values).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import yaml

from cauce.contract import Problem, Where

__all__ = [
    "Document",
    "Mapping",
    "Node",
    "Scalar",
    "Sequence",
    "TooLarge",
    "Value",
    "plain",
    "plain_within",
    "read_document",
    "readable",
    "shortened",
]

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
"""Plain data, as YAML writes it: what a parameter can hold."""

MAX_BYTES = 8_000_000
MAX_DEPTH = 64
MAX_EVENTS = 400_000
MAX_ALIASES = 100
MAX_VALUES = 200_000
MAX_BITS = 1024
"""Beyond this a whole number stays text: Python refuses to write very long ones in decimal."""
_MAX_NUMBER = 400
"""Characters of what is read as a number: to base 60 that takes time that grows with the square of the length."""

_STANDARD = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset(_STANDARD + name for name in ("str", "int", "float", "bool", "null", "timestamp", "merge"))


class _Mark(Protocol):
    """A place, as both of PyYAML's parsers (the one in C has a class of its own) give it."""

    line: int
    column: int


@dataclass(frozen=True)
class Scalar:
    """A single value. `value` is already a plain Python value; `text` is as written."""

    text: str
    value: bool | int | float | str | None
    line: int
    column: int


@dataclass(frozen=True)
class Sequence:
    """A list. Items of one that was still open when the text broke off are complete ones."""

    items: tuple[Node, ...]
    line: int
    column: int


@dataclass(frozen=True)
class Mapping:
    """A mapping with keys as written, in order, each once."""

    entries: tuple[tuple[Scalar, Node], ...]
    line: int
    column: int

    def get(self, key: str) -> Node | None:
        """The value of a key, None when absent."""
        return next((value for name, value in self.entries if name.text == key), None)

    def keys(self) -> tuple[str, ...]:
        """Key texts in order."""
        return tuple(name.text for name, _ in self.entries)


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True)
class Document:
    """What could be read. `root` is None for an empty or hopeless text."""

    root: Node | None
    problems: tuple[Problem, ...]


class TooLarge(ValueError):
    """The value, with all aliases expanded, is too large or too deep."""


@dataclass
class _Open:
    """A collection whose end has not been seen."""

    event: yaml.CollectionStartEvent
    children: list[Node] = field(default_factory=list)


class _Refused(Exception):
    """Our own limits; carries the mark of the event that broke them."""

    def __init__(self, message: str, hint: str, place: _Mark | Scalar | None) -> None:
        super().__init__(message)
        self.message, self.hint, self.place = message, hint, place


def _too_deep(place: _Mark | None) -> _Refused:
    return _Refused(f"Values are nested more than {MAX_DEPTH} levels deep.", "A bracket that is never closed?", place)


def read_document(content: bytes, path: str) -> Document:
    """Read one YAML document. `path` only names the file in problems. Never raises."""
    if len(content) > MAX_BYTES:
        problem = _problem(
            "yaml_too_large",
            f"The file is larger than {MAX_BYTES // 1_000_000} MB.",
            path,
            hint="A pipeline is a list of tasks: keep data in files of their own.",
        )
        return Document(None, (problem,))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = _problem(
            "yaml_encoding", "The file is not UTF-8 text.", path, line, hint="Save it with UTF-8 encoding."
        )
        return Document(None, (problem,))
    return _Composer(path).compose(text)


def readable(text: str) -> str:
    """Without halves of characters, which can neither be stored nor sent. YAML has none, but names of files may."""
    return text.encode("utf-8", "replace").decode("utf-8")


_MAX_WORDS = 1_500


def shortened(text: str) -> str:
    """The beginning and the end of what is too long to be read: messages quote what is written in files."""
    return text if len(text) <= _MAX_WORDS else f"{text[: _MAX_WORDS - 200]} … {text[-200:]}"


class _Composer:
    """Turns events into nodes; the state of one reading."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.anchors: dict[str, Node | None] = {}
        self.stack: list[_Open] = []
        self.root: Node | None = None
        self.inherited = 0
        """Entries copied by merge keys: the one way in which nodes grow faster than the text."""

    def compose(self, text: str) -> Document:
        try:
            for event in self._events(text):
                self._take(event)
        except _Refused as refused:
            return self._given_up(refused)
        except yaml.MarkedYAMLError as error:
            if "nesting depth" in str(error.problem):  # libyaml has a limit, too, and reads ahead of its events
                return self._given_up(_too_deep(error.problem_mark))
            tab = _is_tab(error.problem_mark, text)
            words, hint = (_TAB, "Indent with spaces.") if tab else (_words(error), "")
            self.problems.append(self._at(_culprit(error, text), "yaml_syntax", words, hint))
            self._close_complete()
        except yaml.YAMLError:  # a reader error: a character that YAML has no place for
            self.problems.append(_unreadable(text, self.path))
            self._close_complete()
        return Document(self.root, _unquoted(self.problems, text, self.path))

    def _given_up(self, refused: _Refused) -> Document:
        self.problems.append(self._at(refused.place, "yaml_refused", refused.message, refused.hint))
        return Document(None, tuple(self.problems))

    def _events(self, text: str) -> Iterator[yaml.Event]:
        aliases = 0
        documents = 0
        for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
            if count > MAX_EVENTS:
                raise _Refused("The file holds too many values.", "Split the pipeline.", event.start_mark)
            if isinstance(event, yaml.CollectionStartEvent) and len(self.stack) >= MAX_DEPTH:
                raise _too_deep(event.start_mark)
            if isinstance(event, yaml.AliasEvent):
                aliases += 1
                if aliases > MAX_ALIASES:
                    raise _Refused(
                        f"More than {MAX_ALIASES} aliases (*name).", "Write the values out.", event.start_mark
                    )
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Refused("The file holds several documents (---).", "Keep one.", event.start_mark)
            yield event

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._add(self._scalar(event), event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            name = event.anchor or ""
            target = self.anchors.get(name)
            if target is None:
                known = name in self.anchors
                raise _Refused(
                    f"The alias *{name} contains itself." if known else f"The alias *{name} names no anchor.",
                    "Write the value out.",
                    event.start_mark,
                )
            self._add(target, None)
        elif isinstance(event, yaml.CollectionStartEvent):
            if event.tag not in (None, "!", _STANDARD + "seq", _STANDARD + "map"):
                raise _Refused(f"The tag {event.tag} is not allowed.", "Remove it.", event.start_mark)
            if event.anchor is not None:
                self.anchors[event.anchor] = None
            self.stack.append(_Open(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = self.stack.pop()
            self._add(self._collection(closed), closed.event.anchor)

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self.anchors[anchor] = node
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.root = node

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        tag = event.tag
        if tag is None or tag == "!":
            plain_style = event.implicit[0]
            tag = _RESOLVER.resolve(yaml.ScalarNode, event.value, (plain_style, not plain_style))
        if tag not in _SCALAR_TAGS:
            raise _Refused(f"The tag {tag} is not allowed.", "Remove it.", event.start_mark)
        return Scalar(event.value, self._value(tag, event), *_place(event))

    def _value(self, tag: str, event: yaml.ScalarEvent) -> bool | int | float | str | None:
        node = yaml.ScalarNode(tag, event.value)
        try:
            match tag.removeprefix(_STANDARD):
                case "null":
                    return None
                case "bool":
                    return bool(_CONSTRUCTOR.construct_yaml_bool(node))
                case "int" | "float" if len(event.value) > _MAX_NUMBER:
                    return str(event.value)
                case "int":
                    number = int(_CONSTRUCTOR.construct_yaml_int(node))
                    return number if number.bit_length() <= MAX_BITS else str(event.value)
                case "float":
                    return float(_CONSTRUCTOR.construct_yaml_float(node))
        except (ValueError, KeyError, IndexError, OverflowError):
            # `!!int abc`, or a resolver match that Python cannot convert: keep the text.
            return str(event.value)
        # Timestamps too: a date in a parameter reaches the task as it was written.
        return str(event.value)

    def _collection(self, closed: _Open) -> Node:
        line, column = _place(closed.event)
        if isinstance(closed.event, yaml.SequenceStartEvent):
            return Sequence(tuple(closed.children), line, column)
        return Mapping(self._entries(closed.children), line, column)

    def _entries(self, children: list[Node]) -> tuple[tuple[Scalar, Node], ...]:
        own: dict[str, tuple[Scalar, Node]] = {}
        merged: dict[str, tuple[Scalar, Node]] = {}
        # An odd child is a key whose value was not reached when the text broke off.
        for key, value in zip(children[::2], children[1::2], strict=False):
            if not isinstance(key, Scalar):
                self.problems.append(
                    _problem(
                        "yaml_key",
                        "A key must be a plain word.",
                        self.path,
                        key.line,
                        key.column,
                        hint="Put quotation marks around it if it is meant as text.",
                    )
                )
            elif key.text == "<<":
                for part in value.items if isinstance(value, Sequence) else (value,):
                    if isinstance(part, Mapping):
                        self.inherited += len(part.entries)
                        if self.inherited > MAX_VALUES:
                            raise _Refused("Merge keys (<<) copy too many values.", "Write the values out.", key)
                        for name, inherited in part.entries:
                            merged.setdefault(name.text, (name, inherited))
            elif key.text in own:
                first = own[key.text][0].line
                self.problems.append(
                    _problem(
                        "yaml_duplicate_key",
                        f"The key '{key.text}' is given twice, first in line {first}.",
                        self.path,
                        key.line,
                        key.column,
                        hint="Remove one of them.",
                    )
                )
            else:
                own[key.text] = (key, value)
        return tuple((own | {name: entry for name, entry in merged.items() if name not in own}).values())

    def _close_complete(self) -> None:
        """The text broke off: close what is open, dropping the innermost, half-read item."""
        if len(self.stack) > 1 and isinstance(self.stack[-1].event, yaml.MappingStartEvent):
            # The mapping in which it broke may lack keys: a task without its product
            # would only add misleading problems.
            self.stack.pop()
        while self.stack:
            closed = self.stack.pop()
            self._add(self._collection(closed), None)

    def _at(self, mark: _Mark | Scalar | None, code: str, message: str, hint: str = "") -> Problem:
        if mark is None:
            return _problem(code, message, self.path, hint=hint)
        if isinstance(mark, Scalar):
            return _problem(code, message, self.path, mark.line, mark.column, hint=hint)
        return _problem(code, message, self.path, mark.line + 1, mark.column + 1, hint=hint)


# The C parser is ten times faster and always part of the wheels; the pure one is its twin.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Any = yaml.resolver.Resolver()  # its stubs are untyped
_CONSTRUCTOR = yaml.constructor.SafeConstructor()


def _place(event: yaml.Event) -> tuple[int, int]:
    """Line and column, from 1. Parsed events always have a mark."""
    mark: _Mark | None = event.start_mark
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)


def _words(error: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (error.context, error.problem) if part]
    return "This is not YAML: " + ", ".join(parts) + "." if parts else "This is not YAML."


_TAB = "This is not YAML: a tab stands where only spaces may."
_PLACEHOLDER = re.compile(r"(?<![^\s\[{,])\{\{[^{}\n]*\}\}(?:\{\{[^{}\n]*\}\}|[^\s,\[\]{}#])*")


def _is_tab(mark: _Mark | None, text: str) -> bool:
    if mark is None:
        return False
    line = text.split("\n")[mark.line] if mark.line <= text.count("\n") else ""
    return line[mark.column : mark.column + 1] == "\t"


def _unquoted(problems: list[Problem], text: str, path: str) -> tuple[Problem, ...]:
    """The problems, where those that a placeholder without quotation marks makes in a line are one, and name it."""
    lines = text.split("\n") if problems else []
    places: dict[int, re.Match[str] | None] = {}
    found: list[Problem] = []
    for problem in problems:
        line = (problem.where and problem.where.line) or 0
        if problem.code not in ("yaml_key", "yaml_syntax") or not 0 < line <= len(lines):
            found.append(problem)
            continue
        known = line in places
        if not known:
            places[line] = _PLACEHOLDER.search(lines[line - 1])
        match = places[line]
        if match is None:
            found.append(problem)
        elif not known:
            message = "A value that begins with a placeholder must stand in quotation marks."
            hint = f"Write it in quotes: '{match[0]}'."
            found.append(_problem("yaml_syntax", message, path, line, match.start() + 1, hint=hint))
    return tuple(found)


def _culprit(error: yaml.MarkedYAMLError, text: str) -> _Mark | None:
    """Where the reader should look: for what is open until the end, where it was opened."""
    found: _Mark | None = error.problem_mark
    begun: _Mark | None = error.context_mark
    if found is None or (begun is not None and found.line >= text.rstrip().count("\n") + 1):
        return begun
    return found


def _unreadable(text: str, path: str) -> Problem:
    """A control character, found again: PyYAML's two parsers count it differently."""
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    before = text[: found.start()] if found else ""
    what = f"the character U+{ord(found[0]):04X}" if found else "a character that YAML does not allow"
    column = len(before) - (before.rfind("\n") + 1) + 1
    return _problem(
        "yaml_syntax", f"This is not YAML: it holds {what}.", path, before.count("\n") + 1, column, hint="Delete it."
    )


def _problem(
    code: str, message: str, path: str, line: int | None = None, column: int | None = None, *, hint: str = ""
) -> Problem:
    where = Where(path=path, line=line, column=column)
    return Problem(code=code, message=shortened(message), severity="error", hint=hint, where=where)


def plain(node: Node) -> Value:
    """A node as plain data.

    Raises:
        TooLarge: expanded, it would exceed `MAX_VALUES` values or `MAX_DEPTH` levels.
    """
    return plain_within(node, MAX_VALUES)[0]


def plain_within(node: Node, limit: int) -> tuple[Value, int]:
    """A node as plain data, and how many values that has.

    Raises:
        TooLarge: expanded, it would exceed `limit` values or `MAX_DEPTH` levels.
    """
    budget = limit

    def expand(part: Node, depth: int) -> Value:
        nonlocal budget
        budget -= 1
        if budget < 0 or depth > MAX_DEPTH:
            raise TooLarge
        match part:
            case Scalar():
                return part.value
            case Sequence():
                return [expand(item, depth + 1) for item in part.items]
            case Mapping():
                return {key.text: expand(value, depth + 1) for key, value in part.entries}

    value = expand(node, 0)
    return value, limit - budget
