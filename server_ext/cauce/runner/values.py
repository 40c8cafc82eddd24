"""Reads env.yaml and pipeline.yaml for the code of a factory, by the rules by which they are read elsewhere."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cauce.contract import Problem
from cauce.engine.document import Node, plain, read_document
from cauce.engine.spec.entry import entry_of_file
from cauce.engine.spec.env import read_environment
from cauce.engine.spec.model import Entry
from cauce.engine.spec.placeholders import Environment, expand
from cauce.engine.spec.products import wrap
from cauce.runner import Trouble, placeholders
from cauce.runner.plain import plain as plain_data

__all__ = ["pipeline_of", "values_of"]

_PLACEHOLDERS = ("user", "cwd", "root", "here")


def values_of(source: str | Path | Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The values of env.yaml, or of a mapping, with those that are given for this time.

    Raises ValueError when something is wrong with them.
    """
    root = Path.cwd()
    if isinstance(source, Mapping):
        path, content = root / "env.yaml", json.dumps(_jsonable(source)).encode()
    else:
        path = _found(Path(source), root)
        content = path.read_bytes()
    entry = Entry("file", path.parent, path.parent / "pipeline.yaml", env=path, overrides=dict(overrides))

    def read(name: str) -> bytes | None:
        file = entry.root / name
        return content if file == path else file.read_bytes() if file.is_file() else None

    environment = read_environment(entry, read, _computed(content, root), {})
    _refuse(environment.problems)
    return {**_defaults(entry), **environment.values}


def pipeline_of(data: str | Path | Mapping[str, Any] | Sequence[Any], env: Any) -> dict[str, Any]:
    """What a pipeline.yaml holds, placeholders filled in. Raises ValueError when something is wrong with it."""
    root = Path.cwd()
    if isinstance(data, str | Path):
        path = root / data
        entry = entry_of_file(path)
        document = read_document(path.read_bytes(), Path(data).as_posix())
        _refuse(document.problems)
        node: Node | None = document.root
        computed = _computed(path.read_bytes(), entry.root)
    else:
        entry = Entry("file", root, root / "pipeline.yaml")
        node = wrap(_jsonable(data), None)
        computed = _computed(json.dumps(_jsonable(data)).encode(), root)
    if node is None:
        raise ValueError(f"{data} is empty.")
    if isinstance(env, Mapping):
        environment = Environment(entry, computed, dict(_jsonable(env)))
    else:
        if env is not None:
            entry = Entry("file", entry.root, entry.path, env=root / env)

        def read(name: str) -> bytes | None:
            file = entry.root / name
            return file.read_bytes() if file.is_file() else None

        environment = read_environment(entry, read, computed, os.environ)
        _refuse(environment.problems)
    problems: list[str] = []

    def report(code: str, message: str, node: Node, hint: str = "") -> None:
        problems.append(f"{message} {hint} (line {node.line})")

    filled = plain(expand(node, environment, report))
    if problems:
        raise ValueError(problems[0])
    if isinstance(filled, list):
        return {"tasks": filled}
    if not isinstance(filled, dict):
        raise ValueError("A pipeline is a mapping with the key 'tasks'.")
    return filled


def _found(path: Path, root: Path) -> Path:
    """The file, here or in one of the folders above."""
    for folder in (root, *list(root.parents)[:6]):
        if (folder / path).is_file():
            return folder / path
    raise FileNotFoundError(f"There is no {path} in {root} or in a folder above it.")


def _defaults(entry: Entry) -> dict[str, Any]:
    environment = Environment(entry, {})
    said: list[str] = []
    names = wrap({name: f"{{{{{name}}}}}" for name in _PLACEHOLDERS}, None)
    values = plain(expand(names, environment, lambda _code, message, *_, **__: said.append(message)))
    return values if isinstance(values, dict) else {}


def _refuse(problems: Sequence[Problem]) -> None:
    for problem in problems:
        if problem.severity == "error":
            where = f" ({problem.where.path}, line {problem.where.line})" if problem.where else ""
            raise ValueError(f"{problem.message} {problem.hint}{where}".strip())


def _computed(text: bytes, root: Path) -> dict[str, Any]:
    """What else only a builder finds out: the text is about to be used here and now."""
    values: dict[str, Any] = {"now": placeholders.now()}
    if b"git" in text:
        with suppress(Trouble):
            values |= {"git": placeholders.git(root), "git_hash": placeholders.git_hash(root)}
    return values


def _jsonable(value: Any) -> Any:
    return plain_data(value, "What was given")
