"""What makes a forked child like a process that was started: its streams, place, environment, chance and modules.

Of what a process inherits at a fork some must differ in each (random numbers, keys), some is
the caller's (environment, folder, streams), and some was settled by imports that came too
early (which backend matplotlib draws with, modules that the project has its own of).
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["Base", "leave", "live"]


@dataclass(frozen=True)
class Base:
    """What the server had imported, by the time that a process of that kind would have imported it, too."""

    runner: frozenset[str]
    kernel: frozenset[str]
    environment: Mapping[str, str]
    """Variables that imports have set."""


def live(message: Mapping[str, Any], files: list[int], base: Base) -> int:
    """Become the process that was asked for, and do its work; its exit code."""
    os.chdir(message["cwd"])
    if message["env"] is not None:
        os.environ.clear()
        os.environ.update({**base.environment, **message["env"]})
        time.tzset()
    _differ()
    kind = message["op"]
    if kind == "run":
        _take_streams(files[0], files[1], files[1])
        signal.signal(signal.SIGINT, signal.default_int_handler)
    else:
        _take_streams(os.open(os.devnull, os.O_RDONLY), *files)
    complaints = os.dup(2)  # a kernel takes what is written to 2 for output of a cell
    _uncover(message["cwd"], base.runner if kind == "run" else base.kernel)
    _settle_matplotlib(inline=kind != "run")
    try:
        _work(kind, message["argv"])
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    except BaseException:
        with suppress(OSError):
            os.write(complaints, traceback.format_exc().encode("utf-8", "backslashreplace"))
        return 1
    return 0


def _work(kind: str, argv: list[str]) -> None:
    if kind == "run":
        from cauce.forkserver import runner

        runner.run(*argv)
    else:
        from cauce.forkserver import kernel

        kernel.run(argv, for_task=kind == "task")


def _take_streams(*files: int) -> None:
    """Make these the standard streams; unbuffered, so that a crash leaves what was printed before."""
    for target, source in enumerate(files):
        os.dup2(source, target)
    for source in {*files}:
        if source > 2:
            os.close(source)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = io.TextIOWrapper(
            io.FileIO(descriptor, "w", closefd=False),  # as python -u has it: no buffer
            encoding="utf-8",
            errors="surrogateescape" if name == "stdout" else "backslashreplace",
            write_through=True,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _differ() -> None:
    random.seed()
    if (processes := sys.modules.get("multiprocessing.process")) is not None:
        processes.current_process().authkey = os.urandom(32)
    if "numpy.random" in sys.modules:
        # NumPy's global generator knows nothing of forks; generators made from now on take fresh entropy.
        sys.modules["numpy.random"].seed()


def _settle_matplotlib(*, inline: bool) -> None:
    """Choose the backend, and read the configuration file, as importing it now would."""
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None:
        return
    backend = os.environ.get("MPLBACKEND") or ("module://matplotlib_inline.backend_inline" if inline else None)
    if Path("matplotlibrc").exists() or "MATPLOTLIBRC" in os.environ:
        matplotlib.rc_file(matplotlib.matplotlib_fname())
    if backend is not None:
        matplotlib.rcParams["backend"] = backend


def _uncover(folder: str, base: Collection[str]) -> None:
    """Forget modules that the project has its own of, and that a process that was started would not have loaded yet."""
    with suppress(OSError), os.scandir(folder) as entries:
        own = {entry.name.removesuffix(".py") for entry in entries}
        for name in [name for name in sys.modules if name.partition(".")[0] in own and name not in base]:
            if name.partition(".")[0] not in base:
                del sys.modules[name]


def leave(code: int) -> NoReturn:
    """End as an interpreter does that reaches its end, but without taking modules apart one by one.

    The private names are what `multiprocessing` ends its forked children with, too.
    """
    with suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads of the code's
    with suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        with suppress(BaseException):
            if stream is not None:
                stream.flush()
    # Files that the code has left open: taking objects apart would write what is in their buffers.
    kinds = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)
    for thing in gc.get_objects():
        if type(thing) in kinds:
            with suppress(BaseException):
                thing.flush()
    os._exit(code)
