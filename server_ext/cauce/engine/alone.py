"""A notebook or script that is no task, run from top to bottom in a fresh kernel: does it still run?

It works in its own folder, as in JupyterLab. What comes of it is an executed notebook in another file, also when it
fails; the source is never touched. That notebook says in its metadata what it is a trial of, by which the next
trial knows that it may replace it.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cauce.contract import Where
from cauce.engine.errors import NotFound, ProjectUnwritable, UsageError
from cauce.engine.executors import Job, Listener, Outcome
from cauce.engine.executors.notebook import NotebookExecutor
from cauce.engine.files import NotRegular, read_whole, replace_durably, temporary_beside
from cauce.engine.injection import METADATA_KEY, Binding
from cauce.engine.source import source_limit
from cauce.engine.spec import TaskSpec

__all__ = ["Trial", "kernel_of", "read_source", "run_trial", "trial_of"]

_SUFFIX = "-cauce-test.ipynb"
_LARGEST_RESULT = 1_000_000_000


@dataclass(frozen=True)
class Trial:
    """What is to be run, and where the executed notebook goes; both absolute."""

    source: Path
    content: bytes
    out: Path


def read_source(path: Path) -> bytes:
    """The bytes of a notebook or script that the user has named.

    Raises:
        NotFound: There is no such file.
        UsageError: It is none, or cannot be read.
    """
    try:
        return read_whole(path, source_limit(path.name))
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.", hint="Name a notebook or script.") from error
    except (NotRegular, IsADirectoryError) as error:
        raise UsageError(f"{path} is no file.", hint="Name a notebook or script.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error


def trial_of(source: Path, out: Path | None = None, *, force: bool = False) -> Trial:
    """Plan it, so that nothing is lost.

    Args:
        out: Where the executed notebook goes; beside the source when nothing is said.
        force: Replace whatever is there.

    Raises:
        NotFound, UsageError: As `read_source` does; or the notebook cannot go there, where something else may be.
    """
    content = read_source(source)
    # A link is followed: what it leads to is replaced, and it stays a link.
    place = (source.with_name(f"{source.stem}{_SUFFIX}") if out is None else out).resolve()
    if place.suffix != ".ipynb":
        raise UsageError(f"{out} cannot hold the executed notebook.", hint="Its name must end in '.ipynb'.")
    if not place.parent.is_dir():
        raise UsageError(f"There is no folder {place.parent}.", hint="Create it first.")
    if place == source.resolve():
        raise UsageError(f"{place.name} is the notebook itself, which is never changed.", hint="Name another file.")
    if place.is_dir():
        raise UsageError(f"{place} is a folder.", hint="Name a file in it.")
    if place.exists() and not force and not _is_result(place):
        raise UsageError(
            f"{place} is there already, and not what a test has left.", hint="Name another file, or give --force."
        )
    return Trial(source.absolute(), content, place)


def kernel_of(trial: Trial) -> str:
    """The kernel that it ran in, as the executed notebook says; '' when it does not."""
    kernel = _metadata(trial.out).get("kernelspec")
    return str(kernel.get("name", "")) if isinstance(kernel, dict) else ""


def _is_result(path: Path) -> bool:
    mark = _metadata(path).get(METADATA_KEY)
    return isinstance(mark, dict) and "tested" in mark


def _metadata(path: Path) -> dict[str, object]:
    """Of a notebook; empty where there is none."""
    try:
        metadata = json.loads(read_whole(path, _LARGEST_RESULT))["metadata"]
        return metadata if isinstance(metadata, dict) else {}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}


async def run_trial(
    trial: Trial, executor: NotebookExecutor, listener: Listener, cancel: asyncio.Event
) -> tuple[Outcome, bool]:
    """Run it: how that went, and whether `trial.out` is the executed notebook now. It is not when no kernel came up.

    Raises:
        ProjectUnwritable: It cannot be written.
    """
    name, folder = trial.source.name, trial.source.parent
    binding = Binding(root=folder, pipeline="", task=name, params={}, upstream=None, product=None)
    temporary = temporary_beside(trial.out)
    with tempfile.TemporaryDirectory(prefix="cauce-", ignore_cleanup_errors=True) as place:
        job = Job(
            spec=TaskSpec(name, "notebook", name, (), (), {}, None, Where(path=name)),
            binding=binding,
            content=trial.content,
            outputs={},
            notebook=temporary,
            log=Path(place, "log"),
            preload=None,  # a fork server for one kernel would take longer than the kernel
            alone=True,
        )
        try:
            outcome = await executor.run(job, listener, cancel)
            written = temporary.exists()
            if written:
                replace_durably(temporary, trial.out)
            return outcome, written
        except OSError as error:
            raise ProjectUnwritable(f"{trial.out} cannot be written: {error.strerror}.") from error
        finally:
            temporary.unlink(missing_ok=True)
