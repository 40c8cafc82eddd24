"""Projects drawn as pictures, on disk: what the engine's tests build, edit and look at.

    project = Workshop(folder, '''
        load ─► clean ─► fit ──► report
                clean ─► plot ─► report
    ''')
    project.edit("clean", 2)
    project.build().ran == ["clean", "fit", "plot", "report"]

A line is a chain; a name that comes again is the same task. Each task is a script in percent
format with one number in it, and makes an (empty) notebook and a text. The text is what
`worth` says: a function of the task's number, its parameters and what upstream made,
and of nothing else, so that every test knows what a clean rebuild would make.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

import yaml

from cauce.contract import (
    BuildEvent,
    BuildPlan,
    RunFinished,
    RunRequest,
    RunStarted,
    Snapshot,
    Task,
    TaskFinished,
    TaskStarted,
    TaskUnchanged,
)
from cauce.engine.assessment import assess
from cauce.engine.build import RunState, Stop, build
from cauce.engine.errors import UsageError
from cauce.engine.executors import Executor, Job, Listener, Outcome
from cauce.engine.executors.fake import Fail, FakeExecutor, Script, Succeed
from cauce.engine.files import Observer
from cauce.engine.foresight import foresee
from cauce.engine.lock import holder_of
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.spec import entry_of_file
from cauce.engine.statefolder import history_of
from cauce.engine.store import read_history, state_folder
from cauce.engine.timer import FakeTimer
from cauce.present import Look, present_snapshot

_SHARED = "/dev/shm"
MEMORY = _SHARED if os.access(_SHARED, os.W_OK | os.X_OK) and shutil.disk_usage(_SHARED).free > 50_000_000 else None
"""Where temporary folders are best made, for hundreds of builds are mostly waiting for the disk; None: as ever."""

_EFFECTS = frozenset(
    "open write mkdir unlink rename replace rmdir fsync ftruncate flock utime FileIO.write BufferedWriter.write "
    "TextIOWrapper.write connect Connection.execute Connection.executemany Connection.commit".split()
)
"""Functions of the system and of SQLite that a build calls for what they do to the disk."""
_NUMBER = re.compile(r"^number = (-?\d+)", re.MULTILINE)


def drawn(picture: str) -> dict[str, tuple[str, ...]]:
    """Task → what it needs, in the order in which the picture first names them."""
    upstream: dict[str, list[str]] = {}
    for line in picture.splitlines():
        if not line.strip():
            continue
        chain = [name.strip() for name in re.split("─+►", line)]
        for name in chain:
            upstream.setdefault(name, [])
        for source, target in itertools.pairwise(chain):
            upstream[target].append(source)
    return {task: tuple(needs) for task, needs in upstream.items()}


def worth(number: int, params: Mapping[str, object], upstream: list[int]) -> int:
    """What a task makes. Halving makes neighbouring inputs come out the same: the cut-off."""
    given = sum(value for value in params.values() if isinstance(value, int))
    return (number + given + sum(upstream)) // 2


class Calculator(FakeExecutor):
    """The fake, whose tasks without a script make what `worth` says of what they are given."""

    def __init__(self, tick: Callable[[], int], scripts: Mapping[str, Script] | None = None) -> None:
        super().__init__(scripts)
        self._told = frozenset(self.scripts)
        self._tick = tick

    async def run(self, job: Job, listener: Listener, cancel: asyncio.Event) -> Outcome:
        binding = job.binding
        assert isinstance(binding.product, dict)
        text = str(binding.product["text"])
        if binding.task not in self._told:
            found = _NUMBER.search(job.content.decode())
            assert found is not None
            try:
                inputs = [int((binding.root / path).read_text()) for path in _texts(binding.upstream or {})]
                self.scripts[binding.task] = Succeed({text: f"{worth(int(found[1]), binding.params, inputs)}\n"})
            except ValueError:  # given what a failed task has left half made, as `from` does
                self.scripts[binding.task] = Fail()
        outcome = await super().run(job, listener, cancel)
        # Two writes in one tick of the system's clock look alike: move our own clock on.
        for path in (job.notebook, binding.root / text):
            touch(path, self._tick())
        return outcome


def _texts(upstream: Mapping[str, object]) -> Iterator[str]:
    for products in upstream.values():
        assert isinstance(products, dict)
        yield str(products["text"])


def touch(path: Path, tick: int) -> None:
    if path.exists():
        os.utime(path, ns=(tick, tick))


@dataclass
class Built:
    """What a build did."""

    state: RunState
    events: list[BuildEvent]
    executor: FakeExecutor

    @property
    def ran(self) -> list[str]:
        """Tasks in the order in which they began."""
        return [event.task for event in self.events if isinstance(event, TaskStarted)]

    @property
    def ends(self) -> dict[str, str]:
        """Task → what became of it, in that order."""
        found: dict[str, str] = {}
        for event in self.events:
            if isinstance(event, TaskUnchanged):
                found[event.task] = "unchanged"
            elif isinstance(event, TaskFinished):
                found[event.task] = event.outcome
        return found

    @property
    def message(self) -> str:
        last = self.events[-1]
        assert isinstance(last, RunFinished)
        return last.message

    def finished(self, task: str) -> TaskFinished:
        [event] = [event for event in self.events if isinstance(event, TaskFinished) and event.task == task]
        return event


@dataclass
class _Drawn:
    upstream: tuple[str, ...]
    number: int = 1
    params: dict[str, int] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    comment: str = ""
    text: str = ""
    imports: str = ""


class Workshop:
    """One project on disk, with the hands to change it."""

    def __init__(self, root: Path, picture: str) -> None:
        self.root = root
        self.path = root / "pipeline.yaml"
        self.tasks = {
            name: _Drawn(needs, number=index + 1, text=f"out/{name}.txt")
            for index, (name, needs) in enumerate(drawn(picture).items())
        }
        self.timer: FakeTimer | None = None
        """What builds wait by, if not by the system's."""
        self._ticks = itertools.count(1_700_000_000_000_000_000, 1_000_000_000)
        self._write_all()

    # --- Changing

    def edit(self, task: str, number: int) -> None:
        self.tasks[task].number = number
        self._write_source(task)

    def comment(self, task: str, text: str) -> None:
        self.tasks[task].comment = text
        self._write_source(task)

    def use(self, task: str, imports: str) -> None:
        self.tasks[task].imports = imports
        self._write_source(task)

    def rewire(self, task: str, *upstream: str) -> None:
        self.tasks[task].upstream = upstream
        self._write_source(task)

    def give(self, task: str, **params: int) -> None:
        self.tasks[task].params = params
        self._write_spec()

    def say(self, task: str, **keys: Any) -> None:
        """Give the task other keys of pipeline.yaml."""
        self.tasks[task].keys = keys
        self._write_spec()

    def move(self, task: str, text: str) -> None:
        """Declare another path for what the task makes."""
        self.tasks[task].text = text
        self._write_spec()

    def rename(self, task: str, name: str) -> None:
        """Call a task by another name wherever it is mentioned; what its text is called stays."""
        self.source(task).unlink()
        self.tasks = {
            (name if each == task else each): replace(
                facts, upstream=tuple(name if n == task else n for n in facts.upstream)
            )
            for each, facts in self.tasks.items()
        }
        self._write_all()

    def remember(self) -> dict[str, _Drawn]:
        """All that is written in the sources and the pipeline."""
        return copy.deepcopy(self.tasks)

    def revert(self, to: dict[str, _Drawn]) -> None:
        """Have them say again what was remembered."""
        for task in self.tasks:
            self.source(task).unlink()
        self.tasks = copy.deepcopy(to)
        self._write_all()

    def respell(self, before: str, after: str) -> None:
        """Change the text of pipeline.yaml."""
        text = self.path.read_text()
        assert text.count(before) == 1
        self.path.write_text(text.replace(before, after))

    def product(self, task: str) -> Path:
        return self.root / self.tasks[task].text

    def overwrite(self, task: str, content: str) -> None:
        """Change a product by hand."""
        touch(self.write(self.tasks[task].text, content), self.tick())

    def write(self, path: str, content: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        return target

    def link(self, path: str, target: str) -> None:
        (self.root / path).unlink(missing_ok=True)
        (self.root / path).symlink_to(target)

    def source(self, task: str) -> Path:
        return self.root / f"tasks/{task}.py"

    def tick(self) -> int:
        return next(self._ticks)

    def _write_all(self) -> None:
        for name in self.tasks:
            self._write_source(name)
        self._write_spec()

    def _write_source(self, task: str) -> None:
        facts = self.tasks[task]
        self.write(
            f"tasks/{task}.py",
            f'# %% tags=["parameters"]\nupstream = {list(facts.upstream)!r}\nproduct = None\n\n'
            f"# %%\n{facts.imports}\n{''.join(f'# {line}' for line in facts.comment.splitlines())}\n"
            f"number = {facts.number}\n",
        )

    def _write_spec(self) -> None:
        entries: list[dict[str, Any]] = []
        for name, facts in self.tasks.items():
            entry: dict[str, Any] = {
                "source": f"tasks/{name}.py",
                "product": {"nb": f"out/{name}.ipynb", "text": facts.text},
            }
            entries.append(entry | ({"params": facts.params} if facts.params else {}) | facts.keys)
        self.write("pipeline.yaml", yaml.safe_dump({"tasks": entries}, sort_keys=False))

    # --- Building

    def build(
        self,
        *tasks: str,
        scripts: Mapping[str, Script] | None = None,
        when: Callable[[BuildEvent, Stop], None] | None = None,
        **request: Any,
    ) -> Built:
        """Build with the calculating executor; `when` hears every event and may stop the build."""
        executor = Calculator(self.tick, scripts)
        return self.build_with(executor, RunRequest(tasks=tasks, **request), when)

    def build_and_die(self, steps: int, *tasks: str, **request: Any) -> bool:
        """Build in a process that is killed at the so-manieth thing it does; False if it ended before."""
        process = os.fork()
        if process == 0:
            try:
                _die_after(steps)
                self.build(*tasks, **request)
            except UsageError:  # refused, which is an end too
                pass
            except BaseException:
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(process, 0)
        code = os.waitstatus_to_exitcode(status)
        assert code in (0, -signal.SIGKILL)
        self._ticks = itertools.count(self.tick() + 1_000_000_000_000, 1_000_000_000)  # it had ticks of its own
        return code != 0

    def build_with(
        self, executor: FakeExecutor, request: RunRequest, when: Callable[[BuildEvent, Stop], None] | None = None
    ) -> Built:
        events: list[BuildEvent] = []

        async def go(how: Executor) -> RunState:
            stop = Stop()

            def emit(event: BuildEvent) -> None:
                events.append(event)
                if when is not None:
                    when(event, stop)

            return await build(
                entry_of_file(self.path),
                request,
                executor=how,
                emit=emit,
                stop=stop,
                clock=self._clock,
                timer=self.timer,
            )

        state = asyncio.run(go(executor))
        assert isinstance(events[0], RunStarted)
        assert isinstance(events[-1], RunFinished)
        assert events[-1].state == state
        return Built(state, events, executor)

    def _clock(self) -> float:
        return self.tick() / 1e9

    # --- Looking

    def load(self) -> Project:
        return load(entry_of_file(self.path), ParseCache())

    def status(self) -> Snapshot:
        """What the panel and the command line show."""
        project = self.load()
        folder = state_folder(self.root)
        observer, history = Observer(self.root), read_history(folder, self.path.name)
        held = holder_of(folder)
        look = Look(project, history, assess(project, history, observer), observer, held and held[0])
        return present_snapshot(look, pipeline="pipeline.yaml", root=str(self.root), revision=1)

    def plan(self, *tasks: str, **request: Any) -> BuildPlan:
        """What a build would do, as a dry run tells."""
        project = self.load()
        history, _ = history_of(state_folder(self.root), self.path.name)
        observer = Observer(self.root)
        assessed = assess(project, history, observer)
        asked = RunRequest(tasks=tasks, **request)
        return foresee(project, history, assessed, observer, asked, pipeline="pipeline.yaml", root="")

    def task(self, name: str) -> Task:
        return next(task for task in self.status().tasks if task.name == name)

    def why(self, task: str) -> list[str]:
        """The reasons why a task is stale, as `kind subject`; empty when it is fresh."""
        freshness = self.task(task).freshness
        reasons = [f"{reason.kind} {reason.subject}".strip() for reason in freshness.reasons]
        assert (freshness.state == "fresh") == (not reasons)
        return reasons

    @property
    def fresh(self) -> set[str]:
        return {task.name for task in self.status().tasks if task.freshness.state == "fresh"}

    def clean_rebuild(self) -> dict[str, str]:
        """Task → what it would make, were everything built from nothing."""
        made: dict[str, int] = {}

        def make(task: str) -> int:
            if task not in made:
                facts = self.tasks[task]
                made[task] = worth(facts.number, facts.params, [make(need) for need in facts.upstream])
            return made[task]

        return {task: f"{make(task)}\n" for task in self.tasks}


def _die_after(steps: int) -> None:
    """Have this process killed when it is about to do the so-manieth thing that may change something."""
    left = steps

    def count(_: FrameType, event: str, function: object) -> None:
        nonlocal left
        if event == "c_call" and getattr(function, "__qualname__", "") in _EFFECTS:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(count)
    sys.setprofile(count)


def half_made(workshop: Workshop, task: str) -> Fail:
    """Fail after having spoilt the product."""
    return Fail(products={workshop.tasks[task].text: "half\n"})
