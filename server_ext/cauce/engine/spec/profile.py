"""Which env.yaml a project works with: env.yaml itself, or env.NAME.yaml beside it.

    env.yaml  env.prod.yaml  env.sample.yaml  ─► profiles: '' prod sample
                                                   │ chosen for this copy of the project, kept in its state folder
                                                   ▼
                                 the panel, injected cells, every build: `spec.entry`

The choice is no part of the project: a colleague's copy, or CI, goes on with env.yaml.
"""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path

import msgspec

from cauce.engine.files import read_start
from cauce.engine.stateplace import state_folder

__all__ = ["chosen_profile", "profile_file", "profiles_file", "profiles_of", "with_choice"]

_FILE = "profiles.json"
_LIMIT = 100_000
_MOST_NAMES = 2_000
_LONGEST_NAME = 255
_NAMED = re.compile(r"env\.([^/\\]+)\.yaml")


def profiles_of(path: Path, root: Path) -> tuple[str, ...]:
    """What can be chosen for the pipeline file at `path`: '' for env.yaml, and NAME for each env.NAME.yaml.

    One that belongs to another pipeline (env.serve.yaml to pipeline.serve.yaml) is none; nor is this pipeline's own.
    Empty when there is nothing to choose.
    """
    names: set[str] = set()
    for folder in dict.fromkeys((root, path.parent)):
        names.update(_names(folder))
    own = path.name.split(".")[1:-1]
    found = {match[1] for name in names if (match := _NAMED.fullmatch(name)) and match[1].isprintable()}
    others = {name for name in found if f"pipeline.{name}.yaml" in names or f"pipeline.{name}.yml" in names}
    found -= {*others, *own[:1]}
    return ("", *sorted(found)) if found else ()


def profile_file(profile: str) -> str:
    """The file's name."""
    return f"env.{profile}.yaml" if profile else "env.yaml"


def profiles_file(root: Path) -> Path:
    """Where the choices for a project's pipelines are kept."""
    return state_folder(root) / _FILE


def chosen_profile(root: Path, pipeline: str) -> str:
    """What was chosen for the pipeline of that name; '' for nothing, or for what makes no sense."""
    chosen = _choices(root).get(pipeline, "")
    # Who made the copy may have written the file: only a name that could be offered is one.
    is_name = _NAMED.fullmatch(profile_file(chosen)) and chosen.isprintable() and len(chosen) <= _LONGEST_NAME
    return chosen if is_name else ""


def with_choice(root: Path, pipeline: str, profile: str) -> bytes:
    """What the file is to hold when this is chosen for the pipeline."""
    choices = {**_choices(root), pipeline: profile}
    return msgspec.json.encode({name: chosen for name, chosen in choices.items() if chosen})


def _choices(root: Path) -> dict[str, str]:
    path = profiles_file(root)
    try:
        if path.parent.is_symlink():
            return {}
        return msgspec.json.decode(read_start(path, _LIMIT, follow=False), type=dict[str, str])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in islice(entries, _MOST_NAMES)]
    except OSError:
        return []
