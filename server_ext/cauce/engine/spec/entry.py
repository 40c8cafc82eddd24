"""Where a pipeline begins: a file, a pattern, a factory. Looks at names only, never into a pipeline.

The forms that ``-e`` takes are Ploomber's, in this order: a pattern (``'*.py'``), a file of a
package (``package::pipeline.yaml``), a folder, a file, a function that makes the pipeline
(``module.function``). Without one, the project says (``ENTRY_POINT``, setup.cfg, pyproject.toml),
or the nearest pipeline.yaml is taken.
"""

from __future__ import annotations

import difflib
import os
import posixpath
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from cauce.engine.errors import NotFound, UsageError
from cauce.engine.files import read_start
from cauce.engine.spec.env import ENV_FILENAME
from cauce.engine.spec.find import SCRIPT_SUFFIXES
from cauce.engine.spec.model import Entry
from cauce.engine.spec.profile import chosen_profile, profile_file

__all__ = ["ENTRY_POINT", "entry_of_file", "find_entry", "from_setup"]

ENTRY_POINT = "ENTRY_POINT"
"""The environment variable that names the pipeline: a file's name, or a function that makes it."""

_FILE = "pipeline.yaml"
_YAML = (".yaml", ".yml")
_PARENTS = 6
"""How far up is looked for a pipeline, as Ploomber does."""
_PACKAGE_MARKS = ("setup.py", "pyproject.toml")
_MAX_CONFIG = 1_000_000
_MAX_NAMES = 2_000


def entry_of_file(path: Path, *, cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> Entry:
    """The entry point that a pipeline file is. `path` is absolute; it need not exist.

    The root is its folder; for ``src/package/pipeline.yaml`` the folder with setup.py or
    pyproject.toml. env.yaml is looked for in `cwd` (if that is in the project), in the root, and
    beside the file; or in its place the profile that was chosen for this copy of the project.
    """
    root = _root(path.parent)
    here = (cwd,) if cwd is not None and cwd.is_relative_to(root) else ()
    variables = os.environ if environ is None else environ
    folders = (*here, root, path.parent)
    profile = "" if variables.get(ENV_FILENAME) else chosen_profile(root, path.relative_to(root).as_posix())
    if profile:
        # One that is gone is told when it is read: other values than those chosen would be worse.
        name = profile_file(profile)
        return Entry("file", root, path, env=_first(folders, name) or path.parent / name, profile=profile)
    return Entry("file", root, path, env=_env(path, folders, variables))


def _root(folder: Path) -> Path:
    """The root of the project whose pipeline lies in the folder."""
    project = folder.parent.parent
    packaged = folder.parent.name == "src" and any(_is_file(project / mark) for mark in _PACKAGE_MARKS)
    return project if packaged else folder


def _env(path: Path, folders: tuple[Path, ...], environ: Mapping[str, str]) -> Path | None:
    """The env.yaml of a pipeline file; one that is wrongly called env.yml, when there is no other."""
    chosen = environ.get(ENV_FILENAME)
    if chosen:
        # What is no file name, and what does not exist, is told when it is read.
        return None if "/" in chosen or "\\" in chosen else _first(folders, chosen) or path.parent / chosen
    parts = path.name.split(".")
    names = [f"env.{parts[1]}", "env"] if len(parts) > 2 else ["env"]
    return next((found for suffix in _YAML for name in names if (found := _first(folders, name + suffix))), None)


def _is_file(path: Path) -> bool:
    """Is there such a file, as far as we may look? A name too long for the system is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _first(folders: tuple[Path, ...], name: str) -> Path | None:
    return next((folder / name for folder in dict.fromkeys(folders) if _is_file(folder / name)), None)


def find_entry(text: str | None, cwd: Path, environ: Mapping[str, str]) -> Entry:
    """The entry point that is meant by `text`, as given with ``-e`` in the folder `cwd` (absolute, without links).

    Raises:
        NotFound: There is no such thing.
        UsageError: It is none, or more than one could be meant.
    """
    if text is not None:
        return _named(text, cwd, cwd, environ)
    name = environ.get(ENTRY_POINT) or None
    if name is not None:
        if "*" in name or "::" in name or Path(name).name != name:
            hint = "Unset it, or give the name of a file (pipeline.serve.yaml) or a function (module.function)."
            raise UsageError(f"{ENTRY_POINT} is '{name}', which is neither.", hint=hint)
        if not name.endswith(_YAML) and _is_dotted(name):
            return _factory(name, cwd)
    elif (configured := _configured(cwd, environ)) is not None:
        return configured
    for folder in _upward(cwd):
        found = _in_folder(folder, name or _FILE)
        if found is not None:
            return entry_of_file(found, cwd=cwd, environ=environ)
    raise NotFound(
        f"There is no {name or _FILE} in {cwd} or in a folder above it.",
        hint=_others(cwd, "Go to your project, or name the file with -e."),
    )


def _upward(cwd: Path) -> tuple[Path, ...]:
    return (cwd, *tuple(cwd.parents)[:_PARENTS])


def _in_folder(folder: Path, name: str) -> Path | None:
    """The pipeline of that name in a folder, or in the package of the project that begins there.

    Raises:
        UsageError: There are several, or it lies where none can.
    """
    root = _root(folder)
    candidates = (folder / name, root / name, *_packaged(root, name))
    found = [path for path in dict.fromkeys(candidates) if _is_file(path)]
    if len(found) > 1:
        listed = [path.relative_to(root).as_posix() for path in sorted(found)]
        hint = f"Keep one, or name the one that is meant: -e {listed[0]}."
        raise UsageError(f"There are several pipelines in {root}: {' and '.join(listed)}.", hint=hint)
    if found and folder == folder.parent:
        hint = "Move it into a folder of its own."
        raise UsageError(f"{found[0]} lies in the root of the file system, which is no project.", hint=hint)
    return found[0] if found else None


def _packaged(root: Path, name: str) -> list[Path]:
    """``src/*/name`` of a project that has the marks of a package."""
    if not any(_is_file(root / mark) for mark in _PACKAGE_MARKS):
        return []
    return [root / "src" / folder / name for folder in _names(root / "src") if not folder.endswith(".egg-info")]


def _names(folder: Path) -> list[str]:
    """What lies in a folder, in order, without what is hidden; not all of it when that is a lot."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in islice(entries, _MAX_NAMES) if not entry.name.startswith("."))
    except OSError:
        return []


# --- What a configuration file names


def _configured(cwd: Path, environ: Mapping[str, str]) -> Entry | None:
    """The entry point that the nearest setup.cfg or pyproject.toml with one names."""
    for folder in _upward(cwd):
        for file, read in (("pyproject.toml", _from_pyproject), ("setup.cfg", _from_setup)):
            text = read(folder / file)
            if text is None:
                continue
            try:
                return _named(text, folder, cwd, environ)
            except NotFound as error:
                message = f"{folder / file} names the entry point '{text}', which does not exist."
                raise NotFound(message, hint="Correct it there, or name the pipeline with -e.") from error
    return None


def _from_setup(path: Path) -> str | None:
    return from_setup(path, "entry-point")


def from_setup(path: Path, key: str) -> str | None:
    """What a setup.cfg says in its section [ploomber]; None where it says nothing."""
    text = _config(path)
    if text is None or "ploomber" not in text:
        return None
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
        return parser.get("ploomber", key, fallback=None) or None
    except (ValueError, configparser.Error):
        return None  # for whoever it is meant to mend


def _from_pyproject(path: Path) -> str | None:
    text = _config(path)
    if text is None or "entry-point" not in text:
        return None
    import tomllib

    try:
        tools = tomllib.loads(text).get("tool")
    except (ValueError, RecursionError):
        return None
    for name in ("cauce", "ploomber"):
        section = tools.get(name) if isinstance(tools, dict) else None
        value = section.get("entry-point") if isinstance(section, dict) else None
        if isinstance(value, str) and value:
            return value
    return None


def _config(path: Path) -> str | None:
    try:
        return read_start(path, _MAX_CONFIG).decode("utf-8-sig")
    except (OSError, ValueError):
        return None


# --- What a text names


def _named(text: str, base: Path, cwd: Path, environ: Mapping[str, str]) -> Entry:
    """The entry point that a text names, seen from the folder `base`. Raises as `find_entry`."""
    if "\0" in text or not text.strip():
        raise UsageError("The entry point is no name.", hint="Give a pipeline.yaml, or its folder.")
    if "*" in text:
        return _pattern(text, base)
    if "::" in text:
        return entry_of_file(_in_package(text, base), cwd=cwd, environ=environ)
    path = Path(os.path.realpath(base / text))
    if _is_dir(path):
        found = _in_folder(path, _FILE)
        return _folder(path, text, base) if found is None else entry_of_file(found, cwd=cwd, environ=environ)
    if _is_file(path):
        if path.suffix.lower() not in _YAML:
            hint = f"Name a pipeline.yaml; all scripts of a folder with -e '*{path.suffix}'; or -e module.function."
            raise UsageError(f"{text} is no pipeline.", hint=hint)
        return entry_of_file(path, cwd=cwd, environ=environ)
    if not text.endswith(_YAML) and _is_dotted(text):
        return _factory(text, base)
    hint = "Give a pipeline.yaml, its folder, a pattern such as '*.py', or a function such as module.function."
    raise NotFound(f"There is no pipeline at {text}.", hint=_others(path.parent, hint, path.name))


def _pattern(text: str, base: Path) -> Entry:
    root, pattern = base, posixpath.normpath(text.replace(os.sep, "/"))
    if posixpath.isabs(pattern) or pattern.startswith("../"):
        # The folder that holds all that it can match: where no '*' has come yet.
        fixed = pattern[: pattern.index("*")].rpartition("/")[0]
        root, pattern = Path(os.path.realpath(base / (fixed or "/"))), pattern[len(fixed) :].lstrip("/")
    return Entry("glob", root, root / pattern, target=pattern)


def _folder(path: Path, text: str, base: Path) -> Entry:
    if not any(Path(name).suffix.lower() in SCRIPT_SUFFIXES for name in _names(path)):
        message = f"There is no {_FILE} in {text}, and no script."
        raise NotFound(message, hint=_others(path, "Give the pipeline's file, or its folder."))
    root = base if path.is_relative_to(base) else path
    target = (path.relative_to(root) / "*").as_posix()
    return Entry("glob", root, root / target, target=target)


def _factory(text: str, base: Path) -> Entry:
    return Entry("factory", base, base / text, target=text)


def _is_dotted(text: str) -> bool:
    parts = text.split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)


def _in_package(text: str, base: Path) -> Path:
    """The file that ``package::path`` names. The package is found, not imported.

    Raises:
        NotFound: There is no such package, or no such file in it.
        UsageError: It is installed where no project can be.
    """
    from importlib.machinery import PathFinder  # a pipeline is hardly ever named so

    package, _, inside = text.partition("::")
    places = [str(base), str(base / "src"), *sys.path]
    for part in package.split("."):
        found = PathFinder.find_spec(part, places) if part.isidentifier() else None
        places = list(found.submodule_search_locations or ()) if found is not None else []
        if not places:
            hint = "Install it with 'pip install --editable', or name the file."
            raise NotFound(f"There is no package '{package}' for the entry point {text}.", hint=hint)
    path = Path(os.path.realpath(Path(places[0]) / inside))
    if not _is_file(path):
        raise NotFound(f"There is no file '{inside}' in the package '{package}'.", hint=f"Looked in {places[0]}.")
    if {"site-packages", "dist-packages"} & set(path.parts):
        hint = "Install it with 'pip install --editable' from its project's folder."
        raise UsageError(f"The package '{package}' is installed, and no project to build in.", hint=hint)
    return path


def _others(folder: Path, hint: str, name: str = _FILE) -> str:
    """The hint, or rather a pipeline that is there."""
    there = [other for other in _names(folder) if other.endswith(_YAML) and other.startswith("pipeline")]
    close = difflib.get_close_matches(name, there, n=1, cutoff=0.5)
    return f"Did you mean '-e {close[0]}'?" if close else hint
