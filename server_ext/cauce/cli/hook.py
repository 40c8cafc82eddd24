"""Git's pre-commit hook: injected cells stay in the files and never get into a commit.

The hook changes what is staged, and nothing else: neither the files, nor what is not staged. It runs
``cauce nb --staged``.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cauce.engine.editing.cells import sources_of, without_injected
from cauce.engine.errors import ProjectUnwritable, UsageError
from cauce.engine.files import read_start
from cauce.engine.notebook import SourceError
from cauce.engine.project import Project

__all__ = ["clean_staged", "install", "uninstall"]

_LARGEST = 1_000_000
_OURS = "# Written by 'cauce nb --install-hook'; 'cauce nb --uninstall-hook' removes it."


def install(project: Project) -> str:
    """Write the hook; what to say of it.

    Raises:
        UsageError: There is a hook of somebody else's, or no repository.
        ProjectUnwritable: It cannot be written where git looks for it.
    """
    path = _place(project.root)
    if path.exists() and _OURS not in _text(path):
        command = shlex.join([sys.executable, "-m", "cauce", "nb", "--staged"])
        raise UsageError(f"There is a hook already: {path}.", hint=f"Add to it: {command}")
    entry = shlex.join([sys.executable, "-m", "cauce", "nb", "--staged", "--entry-point", str(project.spec.path)])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{_OURS}\nexec {entry}\n", "utf-8")
        path.chmod(0o755)
    except OSError as error:
        raise _unwritable(path, error) from error
    return f"Injected cells will not be committed any more: {path}."


def uninstall(project: Project) -> str:
    """Remove the hook if it is ours; what to say of it. Raises as `install`."""
    path = _place(project.root)
    if not path.exists():
        return "There is no hook."
    if _OURS not in _text(path):
        raise UsageError(f"{path} is not of Cauce's making.", hint="It was left as it is.")
    try:
        path.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error
    return f"Removed {path}."


def _text(path: Path) -> str:
    try:
        return read_start(path, _LARGEST).decode("utf-8", "replace")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint="Look at what is there.") from error


def _unwritable(path: Path, error: OSError) -> ProjectUnwritable:
    hint = "'git config core.hooksPath' says where git looks for hooks, if it is not in the repository."
    return ProjectUnwritable(f"{path} cannot be written: {error.strerror}.", hint=hint)


def clean_staged(project: Project) -> Iterator[str]:
    """Take injected cells out of the staged sources; says of which. Raises UsageError for what git refuses."""
    top = Path(_git(project.root, "rev-parse", "--show-toplevel").decode().rstrip("\n"))
    for source in sources_of(project):
        path = Path(os.path.relpath((project.root / source).resolve(), top.resolve())).as_posix()
        listed = _git(top, "diff", "--cached", "--name-only", "--diff-filter=ACMR", "-z", "--", f":(literal){path}")
        staged = _git(top, "ls-files", "--stage", "-z", "--", f":(literal){path}").split(b"\0")[0].split()
        if not listed or len(staged) < 3 or staged[2] != b"0" or staged[0] == b"120000":
            continue
        content = _git(top, "cat-file", "blob", staged[1].decode())
        try:
            after = without_injected(content, source)
        except SourceError:
            continue  # no notebook any more: not ours to judge
        if after != content:
            blob = _git(top, "hash-object", "-w", "--stdin", text=after).decode().strip()
            _git(top, "update-index", "--cacheinfo", f"{staged[0].decode()},{blob},{path}")
            yield f"{source}: its injected cells are not committed."


def _place(root: Path) -> Path:
    """Where git looks for the hook, wherever its configuration says that is."""
    path = _git(root, "rev-parse", "--git-path", "hooks/pre-commit").decode().rstrip("\n")
    return root / path


def _git(folder: Path, *arguments: str, text: bytes | None = None) -> bytes:
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607  # the user's git
            cwd=folder,
            input=text,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise UsageError(f"git cannot be run: {error.strerror}.") from error
    if done.returncode:
        message = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(f"git {arguments[0]} failed: {message[-1] if message else 'it does not say why'}.")
    return done.stdout
