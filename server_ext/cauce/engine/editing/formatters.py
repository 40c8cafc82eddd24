"""The formatter that is installed, asked as a child process: ruff, else black."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from cauce.engine.editing.tidying import Formatter, Refused
from cauce.engine.errors import UsageError

__all__ = ["FORMATTERS", "FormatterName", "formatter_for"]

FormatterName = Literal["ruff", "black"]
FORMATTERS: tuple[FormatterName, ...] = ("ruff", "black")
"""In the order in which they are looked for: ruff takes a tenth of the time."""
_PATIENCE = 60.0
_LONGEST_ANSWER = 200


def formatter_for(path: Path, wanted: FormatterName | None = None) -> tuple[FormatterName, Formatter]:
    """A formatter with the settings that hold where `path` is.

    Raises:
        UsageError: There is none.
    """
    for name in FORMATTERS if wanted is None else (wanted,):
        program = _find(name)
        if program is not None:
            return name, _asking(program, name, path)
    missing = "no formatter" if wanted is None else f"no '{wanted}'"
    raise UsageError(f"There is {missing}.", hint=f"Install it: 'pip install {wanted or 'ruff'}'.")


def _find(name: str) -> str | None:
    # First beside our own Python: its scripts need not be on the path.
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def _asking(program: str, name: FormatterName, path: Path) -> Formatter:
    named = str(path.absolute().with_suffix(".py"))  # which settings hold; cells are Python wherever they stand
    begin = [program, "format"] if name == "ruff" else [program]
    command = [*begin, "--quiet", "--stdin-filename", named, "-"]

    def ask(text: str) -> str | Refused:
        try:
            done = subprocess.run(
                command,
                input=f"{text}\n".encode(),
                capture_output=True,
                cwd=path.absolute().parent,
                timeout=_PATIENCE,
                check=False,
            )
            if done.returncode == 0:
                return done.stdout.decode("utf-8").replace("\r\n", "\n")
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            return Refused(f"{name} says: {said[-1][:_LONGEST_ANSWER]}" if said else f"{name} failed")
        except subprocess.TimeoutExpired:
            return Refused(f"{name} took longer than {_PATIENCE:g} s")
        except OSError as error:
            return Refused(f"{name} cannot be run: {error.strerror}")
        except ValueError:  # half of a character
            return Refused("it holds what is no text")

    def ask_all(texts: Sequence[str]) -> Sequence[str | Refused]:
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as threads:
            return list(threads.map(ask, texts))

    return ask_all
