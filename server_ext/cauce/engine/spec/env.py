"""env.yaml: which file that is, what it says, and what is said instead for one time only.

env.yaml ─► read_environment ─► Environment ┐
pipeline.yaml ─► read_document ─► Node ─────┴─► placeholders.expand ─► Node
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator
from collections.abc import Mapping as Pairs
from pathlib import PurePosixPath

from cauce.contract import Problem, Where
from cauce.engine.document import (
    MAX_BYTES,
    Mapping,
    Node,
    Scalar,
    TooLarge,
    Value,
    plain,
    read_document,
)
from cauce.engine.files import read_inside
from cauce.engine.spec.model import Entry, Evaluated
from cauce.engine.spec.placeholders import MAX_REPORTS, Environment, Filler, env_path, meant, node_of, short

__all__ = ["ENV_FILENAME", "Read", "env_leaves", "read_environment"]

Read = Callable[[str], bytes | None]
"""Content of a file by its path relative to the root; None when it is not there. Raises OSError."""
ENV_FILENAME = "PLOOMBER_ENV_FILENAME"
"""The environment variable that names another file than env.yaml."""

_UNREAD = frozenset(
    """
    env_filename env_import env_missing env_outside env_shape env_suffix env_too_large env_unreadable
    """.split()
)
"""Codes of problems after which there may be more values than are known."""
_MAX_PROBLEMS = 100
_MAX_IMPORTS = 5
_SPECIAL = ("meta", "_module")
"""Top-level keys of env.yaml that are no values."""


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
            message = f"{ENV_FILENAME} is '{short(chosen)}', which is more than a file name."
            self.error("env_filename", message, None, hint="Give the name alone; the file lies beside the pipeline.")
            return None
        if self.entry.env is None:
            return None
        path = env_path(self.entry)
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
            hint = "Create it, or correct its name."
            if referrer is None and self.entry.profile:
                message = f"The profile '{self.entry.profile}' was chosen, and {path} does not exist."
                hint = "Choose another profile, or create the file."
            self.error("env_missing", message, referrer or (path, None), hint=hint)
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
                message = f"'{short(key.text)}' is no key of 'meta' in {path}."
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
            message = f"'{short(target.value)}' lies outside the project."
            self.error("env_import", message, place, hint="Import a file of the project.")
            return None, place
        return joined, place

    # --- The values

    def take(self, path: str, document: Mapping) -> None:
        environment = self.environment
        positions = {key: index for index, key in enumerate(document.keys())}
        own = path == env_path(self.entry)
        for index, (key, node) in enumerate(document.entries):
            self.check_keys(path, key, node, top=True)
            if key.text in _SPECIAL:
                continue

            def report(code: str, message: str, node: Node, hint: str = "") -> None:
                self.error(code, message, (path, node), hint=hint)

            def later(name: str, here: int = index) -> bool:
                return positions.get(name, -1) > here

            needs = dict(environment.needs_of.get(key.text, {}))
            filler = Filler(environment, report, needs, later)
            value = self.value(filler, path, (key.text,), key, node)
            environment.values[key.text] = _merged(environment.values.get(key.text), value)
            environment.needs_of[key.text] = needs
            if own:
                environment.own[key.text] = Where(path=path, line=key.line, column=key.column)

    def check_keys(self, path: str, key: Scalar, node: Node, *, top: bool) -> None:
        """Names that could not be said as ``--env--a--b``, or mean something of their own."""
        name = short(key.text)
        if "__" in key.text:
            self.error("env_key", f"The key '{name}' has two underscores in a row.", (path, key), hint="Use one.")
        elif top and key.text.startswith("_") and key.text not in _SPECIAL:
            self.error("env_key", f"The key '{name}' begins with an underscore.", (path, key), hint="Leave it out.")
        if isinstance(node, Mapping) and key.text not in _SPECIAL:
            for below, value in node.entries:
                self.check_keys(path, below, value, top=False)

    def value(self, filler: Filler, path: str, keys: tuple[str, ...], key: Scalar, node: Node) -> Value:
        dotted = ".".join(keys)
        self.environment.places[dotted] = Where(path=path, line=key.line, column=key.column)
        if isinstance(node, Mapping):
            return {name.text: self.value(filler, path, (*keys, name.text), name, item) for name, item in node.entries}
        if dotted in self.entry.overrides:
            self.overridden.add(dotted)
            node = node_of(self.entry.overrides[dotted], Scalar("", None, node.line, node.column))
        try:
            filled = filler.node(node, 0)[0]
            if keys[0] == "path" and isinstance(node, Scalar) and isinstance(node.value, str):
                return _as_path(filled.text) if isinstance(filled, Scalar) else plain(filled)
            return plain(filled)
        except TooLarge:
            hint = "Keep data in files, and give tasks their paths."
            self.error("env_too_large", f"'{short(dotted)}' is too large or too deep.", (path, node), hint=hint)
            return None

    def not_overridden(self, key: str) -> None:
        known = self.environment.places
        if self.entry.env is None:
            message, hint = f"'{short(key)}' cannot be given: the pipeline has no env.yaml.", "Make one with that key."
        elif key in known:
            below = next(name for name in (*known, f"{key}.…") if name.startswith(f"{key}."))
            message, hint = f"'{short(key)}' is a group of values.", f"Give one of them, such as '{below}'."
        else:
            close = meant(key, known)
            message = f"'{short(key)}' is no key of {self.environment.file}."
            hint = f"Did you mean '{close}'?" if close else "Keys are: " + ", ".join([*known][:MAX_REPORTS]) + "."
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


def _as_path(text: str) -> str:
    """What Ploomber makes of a value in the section `path`. Only the own home: others' ask the system's user base."""
    if text == "~" or text.startswith("~/"):
        text = os.path.expanduser(text)  # noqa: PTH111 - Path.home() raises where there is none
    return PurePosixPath(text).as_posix()


def _merged(before: Value, after: Value) -> Value:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    return {**before, **{key: _merged(before.get(key), value) for key, value in after.items()}}
