"""env.yaml and placeholders: the values of a project, and ``{{name}}`` replaced by them.

    env.yaml ─► read_environment ─► Environment ┐
    pipeline.yaml ─► read_document ─► Node ─────┴─► expand ─► Node

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
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as Pairs
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Literal

from cauce.contract import Problem, Where
from cauce.engine.document import (
    MAX_BITS,
    MAX_BYTES,
    MAX_DEPTH,
    Mapping,
    Node,
    Scalar,
    Sequence,
    TooLarge,
    Value,
    plain,
    read_document,
)
from cauce.engine.files import read_inside
from cauce.engine.spec.model import Entry, Evaluated, Need

__all__ = [
    "ENV_FILENAME",
    "Environment",
    "Read",
    "Report",
    "awaits",
    "cast",
    "env_leaves",
    "expand",
    "read_environment",
]

Read = Callable[[str], bytes | None]
"""Content of a file by its path relative to the root; None when it is not there. Raises OSError."""
Report = Callable[..., None]
"""Takes `code`, `message`, the node concerned, and `hint=`."""

ENV_FILENAME = "PLOOMBER_ENV_FILENAME"
"""The environment variable that names another file than env.yaml."""

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
_UNREAD = frozenset(
    """
    env_filename env_import env_missing env_outside env_shape env_suffix env_too_large env_unreadable
    """.split()
)
"""Codes of problems after which there may be more values than are known."""
_MAX_REPORTS = 20
_MAX_PROBLEMS = 100
_SHOWN = 80
"""Characters of a name that are repeated in a message."""
_MAX_IMPORTS = 5
_SPECIAL = ("meta", "_module")
"""Top-level keys of env.yaml that are no values."""
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
    _own: dict[str, Where] = field(default_factory=dict)
    _needs_of: dict[str, dict[str, Need]] = field(default_factory=dict)
    _clean: dict[int, tuple[Node, Node]] = field(default_factory=dict)
    _left: int = _MAX_FILLED
    _looks: int = 50

    def unused(self) -> Problem | None:
        """A warning about top-level keys that nothing asked for; ask after everything was expanded."""
        idle = [key for key in self._own if key not in self._used]
        if not idle or self.broken:
            return None
        names = ", ".join(f"'{key}'" for key in idle[:_MAX_REPORTS]) + (", …" if len(idle) > _MAX_REPORTS else "")
        one = len(idle) == 1
        return Problem(
            code="env_unused",
            message=f"The {'key' if one else 'keys'} {names} of {self._own[idle[0]].path} "
            f"{'is' if one else 'are'} used nowhere.",
            severity="warning",
            hint=f"Write {{{{{idle[0]}}}}} where the value is wanted, or remove {'it' if one else 'them'}.",
            where=self._own[idle[0]],
        )

    @property
    def file(self) -> str:
        """What to call the file of values, be it there or not."""
        return _relative(self.entry) or "env.yaml"


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


def read_environment(
    entry: Entry,
    read: Read,
    evaluated: Evaluated,
    environ: Pairs[str, str] | None = None,
    variables: Pairs[str, str] | None = None,
) -> Environment:
    """The values that belong to a pipeline. Never raises: what is wrong is among its problems.

    `environ` says which file they are in, `variables` what ``{{env.NAME}}`` is.
    """
    environment = Environment(entry, evaluated, variables=os.environ if variables is None else variables)
    _Reader(environment, read, os.environ if environ is None else environ).read()
    return environment


def expand(node: Node, environment: Environment, report: Report) -> Node:
    """The node with the placeholders in its values (never in keys) filled in; places stay.

    A value that was filled in, wholly or in part, is cast as `cast` says; all others keep the
    type that they have. What cannot be filled in is reported, once per name, and left as it is.
    """
    return _Filler(environment, report, environment.needs).node(node, 0)[0]


def env_leaves(entry: Entry) -> list[tuple[str, Value]]:
    """Dotted key → value as written, for all values of env.yaml: what may be given for one time only."""
    leaves: dict[str, Value] = {}

    def gather(value: Value, key: str) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                gather(item, f"{key}.{name}" if key else name)
        elif key:
            leaves[key] = value

    def read(path: str) -> bytes | None:
        return read_inside(entry.root, path, MAX_BYTES)

    for _, document in reversed(list(_Reader(Environment(entry, {}), read, os.environ).documents())):
        for key, node in document.entries:
            if key.text not in _SPECIAL:
                gather(plain(node), key.text)
    return list(leaves.items())


class _Undefined(Exception):
    """There is no such value; says why, and what to do."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


class _Filler:
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
        return (node, found.sound) if isinstance(found, _Kept) else (_node(found, node), True)

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
            message = f"The placeholder in '{_short(text)}' is more than a name."
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
            self.needs.update(environment._needs_of.get(top, {}))
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
                message = f"The placeholder '{{{{{_short(name)}}}}}' is not defined: '{_short(path)}' has no '{step}'."
                raise _Undefined("placeholder_undefined", message, self.suggestion(name) or self.recipe(name))
            path = f"{path}.{step}"
        return value

    def variable(self, name: str) -> str:
        value = self.environment.variables.get(name)
        if value is None:
            hint = "Set it where JupyterLab or cauce is started, or give the value in env.yaml."
            raise _Undefined("placeholder_undefined", f"The environment variable '{_short(name)}' is not set.", hint)
        try:
            value.encode()
        except UnicodeEncodeError as error:
            message = f"The environment variable '{_short(name)}' is no text."
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
        message = f"The placeholder '{{{{{_short(name)}}}}}' is not defined."
        if self.later is not None and self.later(top):
            hint = f"Move '{_short(top)}' up: a value in {file} can only use keys above it."
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
        close = _meant(name, (*environment.places, *_DEFAULTS))
        return f"Did you mean '{{{{{close}}}}}'?" if close else ""

    def recipe(self, name: str) -> str:
        *groups, last = _short(name).split(".")
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
        if what not in self.said and len(self.said) < _MAX_REPORTS:
            self.said.add(what)
            self.report(error.code, error.message, node, hint=error.hint)


@dataclass(frozen=True)
class _Kept:
    """The text stays as it is; `sound` when nothing is wrong with it."""

    sound: bool


class _Reader:
    """Reads env.yaml, and what it imports, into an `Environment`."""

    def __init__(self, environment: Environment, read: Read, environ: Pairs[str, str]) -> None:
        self.environment = environment
        self.entry = environment.entry
        self.ask = read
        self.environ = environ
        self.overridden: set[str] = set()

    def read(self) -> None:
        for path, document in reversed(list(self.documents())):
            self.take(path, document)
        for key in self.entry.overrides:
            if key not in self.overridden and self.entry.kind != "factory":
                self.not_overridden(key)

    # --- The files

    def documents(self) -> Iterator[tuple[str, Mapping]]:
        """env.yaml, then what it imports, then what that imports; problems for what is amiss."""
        path = self.named()
        seen: set[str] = set()
        referrer: tuple[str, Node] | None = None
        while path is not None:
            if path in seen or len(seen) > _MAX_IMPORTS:
                message = "These files import each other." if path in seen else "Too many files import another."
                self.error("env_import", message, referrer, hint="Import from one file that imports none.")
                return
            seen.add(path)
            root = self.document(path, referrer)
            if root is None:
                return
            yield path, root
            path, referrer = self.imported(path, root)

    def named(self) -> str | None:
        """The env.yaml that belongs to the pipeline; None when there is none."""
        chosen = self.environ.get(ENV_FILENAME, "")
        if "/" in chosen or "\\" in chosen:
            message = f"{ENV_FILENAME} is '{_short(chosen)}', which is more than a file name."
            self.error("env_filename", message, None, hint="Give the name alone; the file lies beside the pipeline.")
            return None
        if self.entry.env is None:
            return None
        path = _relative(self.entry)
        if path is None:
            message = f"{self.entry.env.name} lies outside the project."
            self.error("env_outside", message, None, hint="Put it beside the pipeline.")
        elif path.endswith(".yml") and self.entry.env.name != chosen:
            hint = f"Rename it to {PurePosixPath(path).stem}.yaml."
            self.error("env_suffix", f"{path} is not read: its name must end in .yaml.", (path, None), hint=hint)
            return None
        return path

    def document(self, path: str, referrer: tuple[str, Node] | None) -> Mapping | None:
        try:
            content = self.ask(path)
        except OSError as error:
            self.error("env_unreadable", f"{path} cannot be read: {error.strerror}.", referrer or (path, None))
            return None
        self.environment.files.append(path)
        if content is None:
            chosen = referrer is None and self.environ.get(ENV_FILENAME)
            message = f"{ENV_FILENAME} names {chosen}, which does not exist." if chosen else f"{path} does not exist."
            self.error("env_missing", message, referrer or (path, None), hint="Create it, or correct its name.")
            return None
        document = read_document(content, path)
        self.environment.problems += document.problems
        self.environment.broken |= bool(document.problems)
        root = document.root
        if root is None or (isinstance(root, Scalar) and root.value is None):
            return None
        if not isinstance(root, Mapping):
            self.error(
                "env_shape", f"{path} must be a mapping.", (path, root), hint="Write lines such as 'name: value'."
            )
            return None
        try:
            plain(root)
        except TooLarge:
            hint = "Keep data in files, and give tasks their paths."
            self.error("env_too_large", f"{path} is too large or too deep.", (path, root), hint=hint)
            return None
        return root

    def imported(self, path: str, root: Mapping) -> tuple[str | None, tuple[str, Node]]:
        meta = root.get("meta")
        place = (path, root if meta is None else meta)
        if meta is None:
            return None, place
        if not isinstance(meta, Mapping):
            self.error("env_meta", "'meta' must be a mapping.", place, hint="Write 'meta: {import_from: other.yaml}'.")
            return None, place
        for key, _ in meta.entries:
            if key.text != "import_from":
                message = f"'{_short(key.text)}' is no key of 'meta' in {path}."
                self.error("unknown_key", message, (path, key), hint="Valid is: import_from.")
        target = meta.get("import_from")
        if target is None:
            return None, place
        place = (path, target)
        if not isinstance(target, Scalar) or not isinstance(target.value, str) or not target.value.strip():
            self.error("env_import", "'import_from' must be the path of a file.", place)
            return None, place
        joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), target.value))
        if posixpath.isabs(joined) or joined == ".." or joined.startswith("../") or "\0" in joined:
            message = f"'{_short(target.value)}' lies outside the project."
            self.error("env_import", message, place, hint="Import a file of the project.")
            return None, place
        return joined, place

    # --- The values

    def take(self, path: str, document: Mapping) -> None:
        environment = self.environment
        positions = {key: index for index, key in enumerate(document.keys())}
        own = path == _relative(self.entry)
        for index, (key, node) in enumerate(document.entries):
            self.check_keys(path, key, node, top=True)
            if key.text in _SPECIAL:
                continue

            def report(code: str, message: str, node: Node, hint: str = "") -> None:
                self.error(code, message, (path, node), hint=hint)

            def later(name: str, here: int = index) -> bool:
                return positions.get(name, -1) > here

            needs = dict(environment._needs_of.get(key.text, {}))
            filler = _Filler(environment, report, needs, later)
            value = self.value(filler, path, (key.text,), key, node)
            environment.values[key.text] = _merged(environment.values.get(key.text), value)
            environment._needs_of[key.text] = needs
            if own:
                environment._own[key.text] = Where(path=path, line=key.line, column=key.column)

    def check_keys(self, path: str, key: Scalar, node: Node, *, top: bool) -> None:
        """Names that could not be said as ``--env--a--b``, or mean something of their own."""
        name = _short(key.text)
        if "__" in key.text:
            self.error("env_key", f"The key '{name}' has two underscores in a row.", (path, key), hint="Use one.")
        elif top and key.text.startswith("_") and key.text not in _SPECIAL:
            self.error("env_key", f"The key '{name}' begins with an underscore.", (path, key), hint="Leave it out.")
        if isinstance(node, Mapping) and key.text not in _SPECIAL:
            for below, value in node.entries:
                self.check_keys(path, below, value, top=False)

    def value(self, filler: _Filler, path: str, keys: tuple[str, ...], key: Scalar, node: Node) -> Value:
        dotted = ".".join(keys)
        self.environment.places[dotted] = Where(path=path, line=key.line, column=key.column)
        if isinstance(node, Mapping):
            return {name.text: self.value(filler, path, (*keys, name.text), name, item) for name, item in node.entries}
        if dotted in self.entry.overrides:
            self.overridden.add(dotted)
            node = _node(self.entry.overrides[dotted], Scalar("", None, node.line, node.column))
        try:
            filled = filler.node(node, 0)[0]
            if keys[0] == "path" and isinstance(node, Scalar) and isinstance(node.value, str):
                return _as_path(filled.text) if isinstance(filled, Scalar) else plain(filled)
            return plain(filled)
        except TooLarge:
            hint = "Keep data in files, and give tasks their paths."
            self.error("env_too_large", f"'{_short(dotted)}' is too large or too deep.", (path, node), hint=hint)
            return None

    def not_overridden(self, key: str) -> None:
        known = self.environment.places
        if self.entry.env is None:
            message, hint = f"'{_short(key)}' cannot be given: the pipeline has no env.yaml.", "Make one with that key."
        elif key in known:
            below = next(name for name in (*known, f"{key}.…") if name.startswith(f"{key}."))
            message, hint = f"'{_short(key)}' is a group of values.", f"Give one of them, such as '{below}'."
        else:
            close = _meant(key, known)
            message = f"'{_short(key)}' is no key of {self.environment.file}."
            hint = f"Did you mean '{close}'?" if close else "Keys are: " + ", ".join([*known][:_MAX_REPORTS]) + "."
        self.error("env_override", message, None, hint=hint)

    def error(self, code: str, message: str, place: tuple[str, Node | None] | None, *, hint: str = "") -> None:
        where = None
        if place is not None:
            path, node = place
            where = Where(path=path, line=node.line if node else None, column=node.column if node else None)
        self.environment.broken |= code in _UNREAD
        if len(self.environment.problems) < _MAX_PROBLEMS:
            self.environment.problems.append(
                Problem(code=code, message=message, severity="error", hint=hint, where=where)
            )


def _relative(entry: Entry) -> str | None:
    """The path of env.yaml as others are written; None when there is none, or outside of the project."""
    if entry.env is None or not entry.env.is_relative_to(entry.root):
        return None
    return entry.env.relative_to(entry.root).as_posix()


def _as_path(text: str) -> str:
    """What Ploomber makes of a value in the section `path`. Only the own home: others' ask the system's user base."""
    if text == "~" or text.startswith("~/"):
        text = os.path.expanduser(text)  # noqa: PTH111 - Path.home() raises where there is none
    return PurePosixPath(text).as_posix()


def _merged(before: Value, after: Value) -> Value:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    return {**before, **{key: _merged(before.get(key), value) for key, value in after.items()}}


def _node(value: Value, place: Scalar) -> Node:
    """A value as the node that would have been read for it, where the placeholder stands."""
    match value:
        case list():
            return Sequence(tuple(_node(item, place) for item in value), place.line, place.column)
        case dict():
            entries = ((Scalar(key, key, place.line, place.column), _node(item, place)) for key, item in value.items())
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


def _meant(name: str, known: Iterable[str]) -> str:
    """The known name that is most like this one; '' when none is."""
    names = [other for other in islice(known, 1000) if len(other) <= _SHOWN]
    return next(iter(difflib.get_close_matches(name[:_SHOWN], names, n=1)), "")


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
