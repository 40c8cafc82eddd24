"""Placeholders: ``{{name}}`` in the values of a text, replaced by what is known under that name.

Names are looked up, nothing is rendered: ``{{x}}`` and ``{{a.b}}`` are all that there is, so
that no text of a project decides what runs here. What only running code can tell (``{{git}}``,
``{{git_hash}}``, ``{{now}}``) is a `Need`; until a builder has found it out, the placeholder
stays in the text.
"""

from __future__ import annotations

import ast
import difflib
import getpass
import math
import os
import re
from collections.abc import Callable, Iterable
from collections.abc import Mapping as Pairs
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal

from cauce.contract import Problem, Where
from cauce.engine.document import MAX_BITS, MAX_DEPTH, Mapping, Node, Scalar, Sequence, Value
from cauce.engine.spec.model import Entry, Evaluated, Need

__all__ = [
    "MAX_REPORTS",
    "Environment",
    "Filler",
    "Report",
    "awaits",
    "cast",
    "env_path",
    "expand",
    "meant",
    "node_of",
    "short",
]

Report = Callable[..., None]
"""Takes `code`, `message`, the node concerned, and `hint=`."""


_DEFAULTS = ("user", "cwd", "root", "here", "git", "git_hash", "now", "env")
_COMPUTED: dict[str, Literal["git", "git_hash", "now"]] = {"git": "git", "git_hash": "git_hash", "now": "now"}
_NAME = r"[^\W\d]\w*(?:\.\w+)*"
_PLACEHOLDER = re.compile(r"\{\{\s*(" + _NAME + r")\s*\}\}")
_AWAITED = re.compile(r"\{\{\s*(?:git|git_hash|now)\s*\}\}")

_MAX_LITERAL = 10_000
_MAX_FILLED = 5_000_000
"""Characters that placeholders may add to one pipeline: values may name each other, and double at each step."""
_VALUE = 25
"""What a single value counts, besides its characters."""
MAX_REPORTS = 20
_SHOWN = 80
"""Characters of a name that are repeated in a message."""
_ONLY_NAMES = "Only names can be filled in, such as {{name}} or {{group.name}}."


@dataclass
class Environment:
    """The values for placeholders, and what was asked of them so far: one for each reading of a pipeline."""

    entry: Entry
    evaluated: Evaluated
    values: dict[str, Value] = field(default_factory=dict)
    """What env.yaml says, placeholders filled in."""
    places: dict[str, Where] = field(default_factory=dict)
    """Dotted key of env.yaml → where it stands."""
    problems: list[Problem] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    """What was read, relative to the root."""
    needs: dict[str, Need] = field(default_factory=dict)
    """What the text asks for that only running code can tell, by `Need.key`. Filled by `expand`."""
    broken: bool = False
    """Could env.yaml not be read, or not all of it? Then it may define more than is known."""
    variables: Pairs[str, str] = field(default_factory=lambda: os.environ)
    """What ``{{env.NAME}}`` is."""
    _used: set[str] = field(default_factory=set)
    own: dict[str, Where] = field(default_factory=dict)
    needs_of: dict[str, dict[str, Need]] = field(default_factory=dict)
    _clean: dict[int, tuple[Node, Node]] = field(default_factory=dict)
    _left: int = _MAX_FILLED
    _looks: int = 50

    def unused(self) -> Problem | None:
        """A warning about top-level keys that nothing asked for; ask after everything was expanded."""
        idle = [key for key in self.own if key not in self._used]
        if not idle or self.broken:
            return None
        names = ", ".join(f"'{key}'" for key in idle[:MAX_REPORTS]) + (", …" if len(idle) > MAX_REPORTS else "")
        one = len(idle) == 1
        return Problem(
            code="env_unused",
            message=f"The {'key' if one else 'keys'} {names} of {self.own[idle[0]].path} "
            f"{'is' if one else 'are'} used nowhere.",
            severity="warning",
            hint=f"Write {{{{{idle[0]}}}}} where the value is wanted, or remove {'it' if one else 'them'}.",
            where=self.own[idle[0]],
        )

    @property
    def file(self) -> str:
        """What to call the file of values, be it there or not."""
        return env_path(self.entry) or "env.yaml"


def awaits(text: str) -> bool:
    """Does an expanded text hold a placeholder whose value is only known once a builder has computed it?"""
    return _AWAITED.search(text) is not None


def cast(text: str) -> Value:
    """What a text that was filled in means: ``true``, ``none``, a number, a list, … or the text itself.

    The rule is Ploomber's. What is no plain data (a set, a complex number, one too large) stays text.
    """
    match text.lower():
        case "true":
            return True
        case "false":
            return False
        case "none" | "null":
            return None
    if len(text) > _MAX_LITERAL or "\0" in text:
        return text
    try:
        return _data(ast.literal_eval(text), 0)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def expand(node: Node, environment: Environment, report: Report) -> Node:
    """The node with the placeholders in its values (never in keys) filled in; places stay.

    A value that was filled in, wholly or in part, is cast as `cast` says; all others keep the
    type that they have. What cannot be filled in is reported, once per name, and left as it is.
    """
    return Filler(environment, report, environment.needs).node(node, 0)[0]


class _Undefined(Exception):
    """There is no such value; says why, and what to do."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


class Filler:
    """One expansion; each thing is reported once in it."""

    def __init__(
        self,
        environment: Environment,
        report: Report,
        needs: dict[str, Need],
        later: Callable[[str], bool] | None = None,
    ) -> None:
        self.environment = environment
        self.report = report
        self.needs = needs
        self.later = later
        """In env.yaml: is that a key further down? None elsewhere."""
        self.said: set[str] = set()
        self.known: dict[int, tuple[Node, Node, bool]] = {}
        """Lists and mappings that were expanded: with aliases in aliases one may come without end."""

    def node(self, node: Node, depth: int) -> tuple[Node, bool]:
        """The node expanded, and whether that holds wherever else it stands."""
        if isinstance(node, Scalar):
            return self.scalar(node)
        known = self.environment._clean.get(id(node))
        if known is not None:
            return known[1], True
        if id(node) in self.known:
            return self.known[id(node)][1:]
        if depth > MAX_DEPTH:  # an alias in an alias in an …: whoever takes the value will refuse it
            return node, False
        parts = node.items if isinstance(node, Sequence) else tuple(value for _, value in node.entries)
        expanded = [self.node(part, depth + 1) for part in parts]
        clean = all(sound for _, sound in expanded)
        result: Node = node
        if any(new is not old for (new, _), old in zip(expanded, parts, strict=True)):
            values = tuple(new for new, _ in expanded)
            if isinstance(node, Sequence):
                result = Sequence(values, node.line, node.column)
            else:
                keys = (key for key, _ in node.entries)
                result = Mapping(tuple(zip(keys, values, strict=True)), node.line, node.column)
        if clean and self.later is None:
            # An alias may lead here again. With the node itself, which keeps its id from becoming another's.
            self.environment._clean[id(node)] = (node, result)
        self.known[id(node)] = (node, result, clean)
        return result, clean

    def scalar(self, node: Scalar) -> tuple[Node, bool]:
        text = node.value
        if not isinstance(text, str) or ("{{" not in text and "{%" not in text):
            return node, True
        found = self.fill(text, node)
        return (node, found.sound) if isinstance(found, _Kept) else (node_of(found, node), True)

    def fill(self, text: str, node: Scalar) -> Value | _Kept:
        pieces: list[Value] = []
        end, kept, sound = 0, False, True
        for match in _PLACEHOLDER.finditer(text):
            pieces.append(text[end : match.start()])
            sound = sound and "{{" not in text[end : match.start()]
            end = match.end()
            name = match[1]
            if name == "name" and self.later is None and name not in self.environment.values:
                pieces.append(match[0])  # the task's own, which is filled in where the task is known
                kept = True
                continue
            try:
                pieces.append(self.look_up(name))
            except _Undefined as error:
                self.say(name, error, node)
                return _Kept(sound=False)
        pieces.append(text[end:])
        opening = text.find("{%")
        if not sound or "{{" in text[end:] or (opening >= 0 and text.find("%}", opening) >= 0):
            message = f"The placeholder in '{short(text)}' is more than a name."
            self.say(text, _Undefined("placeholder_syntax", message, _ONLY_NAMES), node)
            return _Kept(sound=False)
        if len(pieces) == 3 and pieces[0] == pieces[2] == "":
            [_, value, _] = pieces
            if not isinstance(value, str):
                return value
        filled = "".join(piece if isinstance(piece, str) else str(piece) for piece in pieces)
        if filled == text:
            return _Kept(sound=True)
        return filled if kept or awaits(filled) else cast(filled)

    def look_up(self, name: str) -> Value:
        """The value of a name.

        Raises:
            _Undefined: It has none.
        """
        value = self.find(name)
        self.spend(value)
        return value

    def find(self, name: str) -> Value:
        environment = self.environment
        top, *steps = name.split(".")
        if top in environment.values:
            environment._used.add(top)
            self.needs.update(environment.needs_of.get(top, {}))
            return self.descend(environment.values[top], top, steps, name)
        if top == "env" and len(steps) == 1:
            return self.variable(steps[0])
        if not steps and top in _COMPUTED:
            return self.computed(_COMPUTED[top])
        if not steps and top in _DEFAULTS:
            return self.default(top)
        raise self.undefined(name, top)

    def descend(self, value: Value, top: str, steps: list[str], name: str) -> Value:
        path = top
        for step in steps:
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isascii() and step.isdigit() and int(step[:9]) < len(value):
                value = value[int(step[:9])]
            else:
                message = f"The placeholder '{{{{{short(name)}}}}}' is not defined: '{short(path)}' has no '{step}'."
                raise _Undefined("placeholder_undefined", message, self.suggestion(name) or self.recipe(name))
            path = f"{path}.{step}"
        return value

    def variable(self, name: str) -> str:
        value = self.environment.variables.get(name)
        if value is None:
            hint = "Set it where JupyterLab or cauce is started, or give the value in env.yaml."
            raise _Undefined("placeholder_undefined", f"The environment variable '{short(name)}' is not set.", hint)
        try:
            value.encode()
        except UnicodeEncodeError as error:
            message = f"The environment variable '{short(name)}' is no text."
            raise _Undefined("placeholder_undefined", message, "Set it to text in UTF-8.") from error
        return value

    def default(self, name: str) -> str:
        entry = self.environment.entry
        match name:
            case "cwd" | "root":
                return str(entry.root)
            case "here":
                return str(entry.path.parent)
            case "user":
                try:
                    return getpass.getuser()
                except (OSError, KeyError, ImportError) as error:
                    message = "The placeholder '{{user}}' has no value: the system does not tell who you are."
                    raise _Undefined("placeholder_undefined", message, self.recipe("user")) from error
        message = "The placeholder '{{env}}' lacks the name of an environment variable."
        raise _Undefined("placeholder_undefined", message, "Write {{env.NAME}}.")

    def computed(self, kind: Literal["git", "git_hash", "now"]) -> str:
        if kind != "now" and not _in_repository(self.environment.entry.root):
            message = f"The placeholder '{{{{{kind}}}}}' needs a git repository, and the project is in none."
            hint = f"Run 'git init' and commit once, or add '{kind}: …' to {self.environment.file}."
            raise _Undefined("placeholder_no_git", message, hint)
        need = Need(kind)
        self.needs[need.key] = need
        value = self.environment.evaluated.get(need.key)
        return f"{{{{{kind}}}}}" if value is None else str(value)

    def undefined(self, name: str, top: str) -> _Undefined:
        file = self.environment.file
        message = f"The placeholder '{{{{{short(name)}}}}}' is not defined."
        if self.later is not None and self.later(top):
            hint = f"Move '{short(top)}' up: a value in {file} can only use keys above it."
        elif self.environment.broken:
            hint = f"Mend {file} first."
        else:
            hint = self.suggestion(name) or self.recipe(name)
        return _Undefined("placeholder_undefined", message, hint)

    def suggestion(self, name: str) -> str:
        environment = self.environment
        if environment._looks == 0:  # looking for what was meant is dear: not for what nobody will read
            return ""
        environment._looks -= 1
        close = meant(name, (*environment.places, *_DEFAULTS))
        return f"Did you mean '{{{{{close}}}}}'?" if close else ""

    def recipe(self, name: str) -> str:
        *groups, last = short(name).split(".")
        line = f"{last}: …"
        for group in reversed(groups):
            line = f"{group}: {{{line}}}"
        if self.environment.entry.env is None:
            return f"Make a file {self.environment.file} beside the pipeline, with the line '{line}'."
        return f"Add '{line}' to {self.environment.file}."

    def spend(self, value: Value) -> None:
        todo = [value]
        while todo:
            part = todo.pop()
            self.environment._left -= _VALUE + (len(part) if isinstance(part, str) else 0)
            if self.environment._left < 0:
                raise _Undefined(
                    "placeholder_too_large",
                    "Placeholders fill in more text than a pipeline may have.",
                    "Keep data in files, and give tasks their paths.",
                )
            if isinstance(part, list):
                todo += part
            elif isinstance(part, dict):
                todo += part.values()

    def say(self, what: str, error: _Undefined, node: Scalar) -> None:
        if what not in self.said and len(self.said) < MAX_REPORTS:
            self.said.add(what)
            self.report(error.code, error.message, node, hint=error.hint)


@dataclass(frozen=True)
class _Kept:
    """The text stays as it is; `sound` when nothing is wrong with it."""

    sound: bool


def env_path(entry: Entry) -> str | None:
    """The path of env.yaml as others are written; None when there is none, or outside of the project."""
    if entry.env is None or not entry.env.is_relative_to(entry.root):
        return None
    return entry.env.relative_to(entry.root).as_posix()


def node_of(value: Value, place: Scalar) -> Node:
    """A value as the node that would have been read for it, where the placeholder stands."""
    match value:
        case list():
            return Sequence(tuple(node_of(item, place) for item in value), place.line, place.column)
        case dict():
            entries = (
                (Scalar(key, key, place.line, place.column), node_of(item, place)) for key, item in value.items()
            )
            return Mapping(tuple(entries), place.line, place.column)
        case _:
            return Scalar(value if isinstance(value, str) else str(value), value, place.line, place.column)


def _data(value: object, depth: int) -> Value:
    """A Python literal as plain data.

    Raises:
        ValueError: It is none.
    """
    if depth > MAX_DEPTH:
        raise ValueError
    match value:
        case None | bool():
            return value
        case int() if value.bit_length() <= MAX_BITS:
            return value
        case float() if math.isfinite(value):
            return value
        case str():
            value.encode()  # half a character of a pair cannot be written anywhere
            return value
        case list() | tuple():
            return [_data(item, depth + 1) for item in value]
        case dict():
            return {_key(key): _data(item, depth + 1) for key, item in value.items()}
    raise ValueError


def _key(value: object) -> str:
    data = _data(value, MAX_DEPTH)
    if isinstance(data, list | dict):
        raise ValueError
    return data if isinstance(data, str) else str(data)


def _in_repository(folder: Path) -> bool:
    """Is there a git repository around the folder? By names alone: git is not asked."""
    try:
        return any((place / ".git").exists() for place in (folder, *folder.parents))
    except OSError:
        return False


def meant(name: str, known: Iterable[str]) -> str:
    """The known name that is most like this one; '' when none is."""
    names = [other for other in islice(known, 1000) if len(other) <= _SHOWN]
    return next(iter(difflib.get_close_matches(name[:_SHOWN], names, n=1)), "")


def short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
