"""Whether system calls can be traced here, and to what a program can be subjected with them.

`systemcalls` makes sense of what is written down.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["attached", "no_attaching", "no_tracing", "traced"]


def traced(output: Path, calls: str, *inject: str) -> list[str]:
    """What to put before a command line."""
    return ["strace", *_options(output, calls, inject)]


def attached(process: int, output: Path, calls: str, *inject: str) -> subprocess.Popen[str]:
    """`strace` at work on one thread of a process that runs already; it ends when that does.

    Raises:
        AssertionError: It may not, or the process is gone.
    """
    strace = subprocess.Popen(
        ["strace", *_options(output, calls, inject), "-p", str(process)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert strace.stderr is not None
    said = strace.stderr.readline()
    if "attached" not in said:
        strace.communicate()
        raise AssertionError(said)
    return strace


def _options(output: Path, calls: str, inject: tuple[str, ...]) -> list[str]:
    wanted = [option for each in (f"trace={calls}", *inject) for option in ("-e", each)]
    return ["-y", "-s", "300", "-o", str(output), *wanted]


@cache
def no_tracing() -> str:
    """Why processes cannot be traced here; '' where they can."""
    if not sys.platform.startswith("linux"):
        return "system calls are traced with strace, which is for Linux"
    if shutil.which("strace") is None:
        return "strace is not installed (Debian: apt-get install strace)"
    with TemporaryDirectory() as folder:
        trace = Path(folder) / "trace"
        tried = subprocess.run(
            [*traced(trace, "chdir", "inject=chdir:error=EIO:when=1"), "sh", "-c", "cd /"],
            capture_output=True,
            text=True,
            check=False,
        )
        if not trace.exists() or "(INJECTED)" not in trace.read_text():
            return f"strace may not trace processes here: {(tried.stderr.strip().splitlines() or ['no reason'])[0]}"
    return ""


@cache
def no_attaching() -> str:
    """Why a process that runs already cannot be traced here; '' where it can."""
    if why := no_tracing():
        return why
    with TemporaryDirectory() as folder, subprocess.Popen(["sleep", "600"]) as sleeping:
        try:
            strace = attached(sleeping.pid, Path(folder) / "trace", "none")
        except AssertionError as error:
            return f"strace may not attach to processes here: {error}"
        finally:
            sleeping.kill()
        strace.communicate()
    return ""
