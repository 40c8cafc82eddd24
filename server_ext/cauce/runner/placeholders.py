"""What ``{{git}}``, ``{{git_hash}}`` and ``{{now}}`` stand for."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from pathlib import Path

from cauce.runner import Trouble

__all__ = ["git", "git_hash", "now"]


def now() -> str:
    """The local time in ISO 8601."""
    return datetime.datetime.now().isoformat()  # noqa: DTZ005 (as Ploomber writes it: it becomes part of paths)


def git(root: Path) -> str:
    """The branch, or what `git_hash` says where there is none. Trouble outside of a repository."""
    described = git_hash(root)
    return _ask(root, "symbolic-ref", "--short", "--quiet", "HEAD") or described


def git_hash(root: Path) -> str:
    """The tag or commit, with ``-dirty`` when something is not committed. Trouble outside of a repository."""
    found = _ask(root, "describe", "--tags", "--always", "--dirty=-dirty")
    if not found:
        raise Trouble("No git repository", "Git finds no commit here. Run 'git init' and commit once.")
    return found


def _ask(root: Path, *arguments: str) -> str:
    """What git says; '' when it has nothing to say."""
    program = shutil.which("git")
    if program is None:
        raise Trouble("No git", "Git is not installed, or not on the PATH.")
    answer = subprocess.run([program, *arguments], cwd=root, capture_output=True, check=False)
    return answer.stdout.decode("utf-8", "replace").strip() if answer.returncode == 0 else ""
