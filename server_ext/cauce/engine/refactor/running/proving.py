"""Does the pipeline compute what the notebook does? Both are run, and their variables compared.

    trace of the notebook (as kept, or run now) ────────────┐
    build of all tasks, each looked at after its last cell ─┴─► what differs ─► run the notebook once more: is it
                                                                itself another each time? Then once more, for some of
                                                                what it draws may be equal by chance ─► `SplitProof`

Of each section those variables count that it makes or changes, and those that it takes from others: at the end of
its task they have to hold what they held at the end of the section. The build is an ordinary one, of everything. Run
this in a builder, never in the server.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from cauce.contract import (
    BuildEvent,
    ProvedTask,
    ProvedValue,
    RunRequest,
    SplitProof,
    TaskFinished,
    TaskStarted,
    TaskUnchanged,
)
from cauce.engine.build import Stop, build
from cauce.engine.errors import UsageError
from cauce.engine.executors import Job
from cauce.engine.executors.aside import Aside
from cauce.engine.executors.project import ProjectExecutor
from cauce.engine.files import read_whole
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import load
from cauce.engine.refactor.model import Book, Trace, TracedValue
from cauce.engine.refactor.running.probing import call, installed_and
from cauce.engine.refactor.running.tracefile import KeptSection, KeptSplit, keep_trace, kept_trace
from cauce.engine.refactor.running.tracing import trace
from cauce.engine.spec import Entry

__all__ = ["Built", "Progress", "changed_by_other_names", "compare", "expected_of", "prove", "settle"]

Progress = Callable[[str, int, int], None]
"""Is told what is being done, in words; how many tasks have run; how many there are."""

_MOST_RUNS = 2
_SPLIT_AGAIN = "Split the notebook again first."
_LARGEST = 32_000_000
_NOT_DATA = ("module", "function", "builtin_function_or_method", "type", "abc.ABCMeta")
_MOST_TOLD = 50
_LONGEST_LIST = 4


@dataclass(frozen=True)
class Built:
    """What became of the tasks."""

    values: Mapping[str, Mapping[str, TracedValue]]
    """Task → its variables, for those that ran well and were looked at."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Task → why."""
    skipped: Mapping[str, str] = field(default_factory=dict)


class _Told(msgspec.Struct, frozen=True):
    """What the probe tells of a task."""

    values: dict[str, TracedValue]


async def prove(
    book: Book,
    content: bytes,
    folder: Path,
    entry: Entry,
    kept: KeptSplit,
    progress: Progress,
    stop: Stop,
) -> SplitProof | None:
    """Compare the pipeline with the notebook in `folder` that it was made of; None when it was cancelled.

    Raises:
        UsageError: The notebook cannot be run, or fails; or what it was split into cannot be told from it any more.
        CauceError: What a build raises.
    """
    sections = kept.sections
    there = (await asyncio.to_thread(load, entry, ParseCache())).tasks
    names = [section.task for section in sections if section.task in there]
    if not names:
        raise UsageError(
            f"{entry.name} has none of the tasks any more that the notebook was split into.", hint=_SPLIT_AGAIN
        )
    if kept.cells not in (0, len(book.cells)):
        raise UsageError(f"Cells were added to {book.path}, or removed, since it was split.", hint=_SPLIT_AGAIN)
    first = kept_trace(folder, book.digest)
    if first is None or first.failed is not None:
        first = await _run_notebook(book, content, folder, "Running the notebook", progress, len(names), stop)
        if first is None:
            return None
        keep_trace(folder, first)
    if first.failed is not None:
        raise UsageError(
            f"The notebook fails in cell {first.failed + 1}: {first.error}",
            hint="Mend it, run it from top to bottom, and split it again.",
        )
    built = await _build(entry, names, progress, stop)
    if stop.cancel.is_set():
        return None
    moved = frozenset(kept.moved).union(*first.stars.values())  # of `from math import *` tasks import what they use
    expected = {section.task: expected_of(first, section) for section in sections}
    proved = [
        compare(section.task, expected[section.task], built, moved | changed_by_other_names(first, section))
        if section.task in there
        else _gone(section.task)
        for section in sections
    ]
    settled, others = proved, list[Mapping[str, Mapping[str, TracedValue]]]()
    while _is_open(proved, settled, len(others)):
        again = await _run_notebook(book, content, folder, "Running the notebook once more", progress, len(names), stop)
        if again is None:
            return None
        if again.failed is not None:
            break
        keep_trace(folder, again)
        others.append({section.task: expected_of(again, section) for section in sections})
        settled = [
            settle(task, expected[task.task], [each[task.task] for each in others], built.values.get(task.task, {}))
            for task in proved
        ]
    return _summed_up(settled)


def _is_open(before: Sequence[ProvedTask], now: Sequence[ProvedTask], runs: int) -> bool:
    """May another run of the notebook tell more of what differs?

    Always, if there was none; and where it was seen to draw numbers: some of these may be the same twice by chance.
    """
    if not any(task.differs for task in now):
        return False
    drawn = any(one.compared > other.compared for one, other in zip(before, now, strict=True))
    return runs == 0 or (drawn and runs < _MOST_RUNS)


async def _run_notebook(
    book: Book, content: bytes, folder: Path, doing: str, progress: Progress, total: int, stop: Stop
) -> Trace | None:
    def told(cell: int | None, done: int, cells: int) -> None:
        progress(f"{doing}: {done} of {cells} cells.", 0, total)

    return await trace(book, content, folder, told, stop.cancel)


async def _build(entry: Entry, names: Sequence[str], progress: Progress, stop: Stop) -> Built:
    failed: dict[str, str] = {}
    skipped: dict[str, str] = {}
    ended: set[str] = set()

    def hear(event: BuildEvent) -> None:
        match event:
            case TaskStarted():
                progress(f"Running '{event.task}'.", len(ended), len(names))
            case TaskFinished():
                ended.add(event.task)
                if event.outcome == "skipped":
                    skipped[event.task] = event.cause
                elif event.outcome != "ok":
                    failed[event.task] = event.cause or event.outcome
                progress("", len(ended), len(names))
            case TaskUnchanged():
                ended.add(event.task)
            case _:
                pass

    with tempfile.TemporaryDirectory(prefix="cauce-") as place:
        files = {name: Path(place, f"{number}.json") for number, name in enumerate(names)}

        def aside_of(job: Job) -> Aside | None:
            file = files.get(job.spec.name)
            return None if file is None else Aside(end=installed_and(call("tell", str(file))))

        executor = ProjectExecutor(aside_of=aside_of)
        try:
            request = RunRequest(tasks=tuple(names), mode="up_to", force=True)
            await build(entry, request, executor=executor, emit=hear, stop=stop)
        finally:
            executor.close()
        found = {name: await asyncio.to_thread(_read, file) for name, file in files.items() if name not in failed}
    return Built({name: values for name, values in found.items() if values is not None}, failed, skipped)


def _read(file: Path) -> dict[str, TracedValue] | None:
    try:
        return msgspec.json.decode(read_whole(file, _LARGEST), type=_Told).values
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


# --- Comparing: pure


def expected_of(trace: Trace, section: KeptSection) -> dict[str, TracedValue]:
    """The variables that count for a section, as they were at its end."""
    last: dict[str, TracedValue] = {}
    own: dict[str, None] = {}
    for cell in trace.cells:
        if cell.cell >= section.end:
            break
        for name in cell.deleted:
            last.pop(name, None)
            own.pop(name, None)
        for name in (*cell.bound, *cell.mutated):
            if name in cell.values:
                last[name] = cell.values[name]
            if cell.cell >= section.first:
                own[name] = None
    names = dict.fromkeys((*section.takes, *own))
    return {name: last[name] for name in names if name in last and last[name].type not in _NOT_DATA}


def changed_by_other_names(trace: Trace, section: KeptSection) -> frozenset[str]:
    """Variables of earlier sections that it changes without taking them, such as a list by what it holds.

    Its task need not have them: who needs them later takes them, and has them compared there.
    """
    cells = [cell for cell in trace.cells if section.first <= cell.cell < section.end]
    return frozenset(name for cell in cells for name in cell.mutated).difference(
        section.takes, *(cell.bound for cell in cells)
    )


def compare(
    task: str,
    expected: Mapping[str, TracedValue],
    built: Built,
    moved: Collection[str] = (),
) -> ProvedTask:
    """A task beside its section; `moved` are variables that it need not have."""
    if task in built.failed:
        return ProvedTask(task=task, state="failed", compared=0, message=built.failed[task])
    if task not in built.values:
        message = built.skipped.get(task, "Its variables could not be looked at.")
        return ProvedTask(task=task, state="unknown", compared=0, message=message)
    values = built.values[task]
    differs: list[ProvedValue] = []
    uncompared: list[str] = []
    compared = 0
    for name, wanted in expected.items():
        value = values.get(name)
        if value is None:
            if name in moved:
                continue
            differs.append(ProvedValue(name=name, expected=_words(wanted), found=""))
        elif not wanted.digest or not value.digest:
            uncompared.append(name)
            continue
        elif wanted.digest != value.digest:
            differs.append(ProvedValue(name=name, expected=_words(wanted), found=_words(value)))
        compared += 1
    state: Literal["same", "unknown"] = "same" if compared or not expected else "unknown"
    return ProvedTask(
        task=task,
        state="differs" if differs else state,
        compared=compared,
        differs=tuple(differs),
        uncompared=tuple(uncompared),
    )


def _gone(task: str) -> ProvedTask:
    message = "There is no such task any more: it was renamed, or removed."
    return ProvedTask(task=task, state="unknown", compared=0, message=message)


def _words(value: TracedValue) -> str:
    return f"{value.type} {value.summary}".strip()


def settle(
    task: ProvedTask,
    once: Mapping[str, TracedValue],
    again: Sequence[Mapping[str, TracedValue]],
    found: Mapping[str, TracedValue],
) -> ProvedTask:
    """The task in the light of further runs of the notebook.

    Equal to what one of them came to, it is the first run that was of other data. And what is another each time that
    the notebook itself runs (the time, numbers drawn without a seed) cannot be the same in a pipeline.
    """
    if not task.differs:
        return task
    differs: list[ProvedValue] = []
    restless: list[str] = []
    for value in task.differs:
        mine = found.get(value.name)
        others = [run.get(value.name) for run in again]
        if mine is not None and any(other and other.digest and mine.digest == other.digest for other in others):
            continue
        if mine is not None and any(other is None or other.digest != once[value.name].digest for other in others):
            restless.append(value.name)
        else:
            differs.append(value)
    compared = task.compared - len(restless)
    unchanged: Literal["same", "unknown"] = "same" if compared else "unknown"
    return msgspec.structs.replace(
        task,
        state="differs" if differs else unchanged,
        compared=compared,
        differs=tuple(differs),
        uncompared=(*task.uncompared, *restless),
        message=f"Another value each time that the notebook itself runs: {_listed(restless)}." if restless else "",
    )


def _summed_up(tasks: Sequence[ProvedTask]) -> SplitProof:
    """What cannot be compared at all is no difference; what could not be looked at might be one."""
    failed = [task.task for task in tasks if task.state == "failed"]
    differing = [task for task in tasks if task.state == "differs"]
    blind = [task.task for task in tasks if task.state == "unknown" and not task.uncompared]
    equal = [task for task in tasks if task.state == "same"]
    same = bool(equal) and not (failed or differing or blind)
    said = [f"It does not run: {_listed(failed)} failed."] if failed else []
    said += [
        f"'{task.task}' differs in {_listed([value.name for value in task.differs])}."
        for task in differing[:_LONGEST_LIST]
    ]
    if len(differing) > _LONGEST_LIST:
        said.append(f"So do {len(differing) - _LONGEST_LIST} more tasks.")
    if blind:
        said.append(f"Of {_listed(blind)} nothing could be seen.")
    if same:
        said.append(_praise(sum(task.compared for task in equal), len(equal)))
    elif not said:
        said.append("Nothing could be compared.")
    if uncompared := list(dict.fromkeys(name for task in tasks for name in task.uncompared)):
        said.append(f"Not compared: {_listed(uncompared)}.")
    shown = tuple(msgspec.structs.replace(task, differs=task.differs[:_MOST_TOLD]) for task in tasks)
    return SplitProof(same=same, message=" ".join(said), tasks=shown)


def _praise(compared: int, tasks: int) -> str:
    of = "one task" if tasks == 1 else f"{tasks} tasks"
    equal = "1 variable of {} is equal" if compared == 1 else f"{compared} variables of {{}} are equal"
    return f"It behaves the same: {equal.format(of)}."


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_LONGEST_LIST])
    return shown if len(names) <= _LONGEST_LIST else f"{shown} and {len(names) - _LONGEST_LIST} more"
