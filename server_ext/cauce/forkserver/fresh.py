"""What makes a forked child like a process that was started: its streams, place, environment, chance and modules.

Of what a process inherits at a fork some must differ in each (random numbers, keys), some is
the caller's (environment, folder, streams), and some was settled by imports that came too
early (which backend matplotlib draws with, modules that the project has its own of).
"""

from __future__ import annotations

import atexit
import gc
import importlib.machinery
import io
import os
import random
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NoReturn

__all__ = ["INSTALLED", "Base", "is_installed", "leave", "live"]

_PYTHON, _OURS = f"{Path(os.__file__).parent}{os.sep}", f"{Path(__file__).parents[1]}{os.sep}"
INSTALLED = frozenset({"site-packages", "dist-packages"})
"""Names of folders in which packages are installed."""


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
    tempfile.tempdir = None  # where TMPDIR says
    _differ()
    kind = message["op"]
    if kind == "run":
        # IPython and its debugger have put theirs there.
        sys.excepthook, sys.breakpointhook = sys.__excepthook__, sys.__breakpointhook__
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
    if Path("matplotlibrc").is_file() or "MATPLOTLIBRC" in os.environ:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of settings that are out of date: it copies them all
            found = matplotlib.rc_params_from_file(matplotlib.matplotlib_fname(), use_default_template=True)
            for settings in (matplotlib.rcParams, matplotlib.rcParamsOrig):
                settings.update(found)
    backend = os.environ.get("MPLBACKEND") or ("module://matplotlib_inline.backend_inline" if inline else None)
    if backend is not None:
        matplotlib.rcParams["backend"] = backend


def _uncover(folder: str, base: Collection[str]) -> None:
    """Forget modules that the project has its own of, and that a process that was started would not have loaded yet."""
    with suppress(OSError), os.scandir(folder) as entries:
        own = {name for entry in entries if (name := _module(entry)) is not None}
        for name in [
            name for name in sys.modules if (package := name.partition(".")[0]) in own and package not in base
        ]:
            del sys.modules[name]


def _module(entry: os.DirEntry[str]) -> str | None:
    """The module that this would be imported as; None for a folder of data, say, that is named like one."""
    name, dot, rest = entry.name.partition(".")
    if dot:
        return name if f".{rest}" in importlib.machinery.all_suffixes() else None
    # Not a namespace: an installed package of that name would be preferred.
    return name if name in sys.modules and os.path.exists(f"{entry.path}/__init__.py") else None  # noqa: PTH110 (quick)


def leave(code: int, before: Collection[str]) -> NoReturn:
    """End as an interpreter does that reaches its end, but take only those modules apart that hold code of the user's.

    `before` are the modules that were there at the fork. The private names are what
    `multiprocessing` ends its forked children with, too.
    """
    try:
        _finish(before)
    finally:  # whatever it is: the code above us is the server's
        os._exit(code)


def _finish(before: Collection[str]) -> None:
    with suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads of the code's
    with suppress(BaseException):
        atexit._run_exitfuncs()
    own = [module for name, module in [*sys.modules.items()] if name not in before and not is_installed(module)]
    with suppress(BaseException):
        _take_apart(own)
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
    if own:
        with suppress(BaseException):
            gc.collect()


def is_installed(module: ModuleType) -> bool:
    """Is it part of Python, of an installed package, or ours? Not so what its user may edit."""
    try:
        file = module.__file__
    except Exception:  # anything may stand there for a module, and be lazy
        return True
    return not isinstance(file, str) or file.startswith((_PYTHON, _OURS)) or not INSTALLED.isdisjoint(Path(file).parts)


def _take_apart(modules: list[ModuleType]) -> None:
    """Let go of the values that modules hold: an archive that was left open gets its table of contents only then.

    One by one, so that files are closed from the outside in, as the collector of cycles does not.
    """
    lasting = (ModuleType, FunctionType, type)  # what is let go of may still call these
    for names in map(vars, reversed(modules)):
        for name in [
            name for name, value in names.items() if not name.startswith("__") and not isinstance(value, lasting)
        ]:
            with suppress(BaseException):
                names[name] = None
