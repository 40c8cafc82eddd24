"""One attempt at one task, between its claim and its commit.

    on_render → checks → the executor → every product is there → what we write ourselves is put in
    place → on_finish → products hashed and synced → copied to the storage
                └─ whenever it does not succeed: the partial notebook is kept, on_failure is called

`on_finish` is part of the task, as in Ploomber: it sees the products where they belong, and
when it raises the task has failed. Nothing here is written down; that is `build`'s business.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import msgspec

from cauce.contract import CellError, Problem
from cauce.engine.executors import Crashed, Failed, HookCall, Job, Listener, Outcome, Succeeded, TaskExecutor
from cauce.engine.executors.log import Log
from cauce.engine.files import (
    NOWHERE,
    Observer,
    ProductRecord,
    Stat,
    hash_inside,
    real_path,
    replace_durably,
    sync,
)
from cauce.engine.injection import METADATA_KEY
from cauce.engine.keptbooks import keep_book
from cauce.engine.limits import Limited
from cauce.engine.project import Project
from cauce.engine.spec import TaskSpec
from cauce.engine.timer import SystemTimer, Timer
from cauce.forkserver.preload import sets_import_variables

__all__ = ["Attempt", "partial_names", "sweep"]

_PIECE = re.compile(r"\d+\.[^/]+|\.gitkeep|\.DS_Store")
_SIGNATURE = {"partial": True}
_NAMES = 9
"""How many names are tried for a partial notebook where others have taken them."""


def partial_names(product: str) -> Iterator[str]:
    """Where the notebook of a failed run may be kept when the product itself is in another format.

    Not simply with the suffix ``.ipynb``: that may be a file of the user's or another task's.
    """
    stem = product.rpartition(".")[0]
    yield f"{stem}.failed.ipynb"
    yield from (f"{stem}.failed-{number}.ipynb" for number in range(2, _NAMES + 1))


@dataclass(frozen=True)
class Attempt:
    """Everything that one attempt needs. `go` it once."""

    project: Project
    task: str
    executor: TaskExecutor
    observer: Observer
    folder: Path
    """Of the state; the log is in it."""
    log: Path
    book: Path
    """Where its executed notebook is kept beside what it is as a product."""
    listener: Listener
    cancel: asyncio.Event
    findings: tuple[Problem, ...] = ()
    """What checking the source has found wrong: it is not worth a process."""
    recorded: Mapping[str, str] = field(default_factory=dict)
    """Product → hash, where it has to run only because some are missing: copies that are the same will do."""
    timer: Timer = field(default_factory=SystemTimer)
    followed: bool = False
    """Will another task of the same kind begin after this one?"""

    @property
    def spec(self) -> TaskSpec:
        return self.project.tasks[self.task]

    async def go(self) -> tuple[Outcome, tuple[ProductRecord, ...]]:
        """Run the task under its limits; its products, if it has succeeded."""
        limits = self.spec.limits
        async with Limited(self.executor, limits, cancel=self.cancel, timer=self.timer, log=self.log) as limited:
            return await replace(self, executor=limited)._go()

    async def _go(self) -> tuple[Outcome, tuple[ProductRecord, ...]]:
        root = self.project.root
        outputs = {path: _output_beside(root / path) for path in self._written_by_us()}
        job: Job | None = None
        try:
            self._prepare()
            before = {product.path: self.observer.stat(product.path) for product in self.spec.products}
            job = self._job(outputs)
            if await self._restored(job):
                return Succeeded(), await asyncio.to_thread(self._record)
            outcome = await self._run(job)
            if job.notebook is not None:
                await asyncio.to_thread(keep_book, job.notebook, self.folder, self.book)
            if isinstance(outcome, Succeeded):
                outcome = await self._finish(job, before)
            else:
                outcome = self._keep_partial(job, outcome)
            if isinstance(outcome, Failed | Crashed):
                await self._on_failure(job, outcome)
            if not isinstance(outcome, Succeeded):
                return outcome, ()
            # Large products take a while: not on the loop, other tasks are being listened to.
            products = await asyncio.to_thread(self._record)
        except OSError as error:
            what = error.filename or self.spec.source
            told = CellError(name="Cannot write", message=f"{what}: {error.strerror or error}")
            return Failed(told, final=True), ()
        finally:
            for temporary in {*outputs.values(), *([job.notebook] if job is not None and job.notebook else [])}:
                _discard(temporary)
        if lost := {product.path for product in self.spec.products} - {record.path for record in products}:
            return Failed(self._lost(sorted(lost)), final=True), ()
        outcome = await self.executor.upload(job, self.listener, self.cancel)
        if isinstance(outcome, Failed | Crashed):
            await self._on_failure(job, outcome)
        return outcome, products if isinstance(outcome, Succeeded) else ()

    # --- Before

    def _written_by_us(self) -> Iterable[str]:
        """Products that the executor writes, to a temporary name, rather than the task's own code."""
        if self.spec.kind == "dump":
            return [product.path for product in self.spec.products[:1]]
        return [product.path for product in self.spec.products if product.key in self.spec.notebooks]

    def _prepare(self) -> None:
        root = self.project.root
        # Anew: a task that ran before may have put a link there.
        for product in self.spec.products:
            real_path(root, product.path)
        real_path(self.folder.parent, self.log.relative_to(self.folder.parent).as_posix())
        for folder in {(root / product.path).parent for product in self.spec.products} | {self.log.parent}:
            folder.mkdir(parents=True, exist_ok=True)
        for product in self.spec.products if self.spec.kind == "dump" else ():
            _check_folder(root, product.path)

    def _job(self, outputs: Mapping[str, Path]) -> Job:
        notebook = None
        if self.spec.kind == "notebook":
            wanted = [temporary for path, temporary in outputs.items() if path.endswith(".ipynb")]
            notebook = wanted[0] if wanted else _output_beside(next(iter(outputs.values())))
        return Job(
            spec=self.spec,
            binding=self.project.binding(self.task),
            content=self.project.contents.get(self.task, b""),
            outputs=outputs,
            notebook=notebook,
            log=self.log,
            upstream=tuple(self.project.tasks[need] for need in self.project.graph.upstream[self.task]),
            preload=self._preload(),
            followed=self.followed,
            start_timeout=self.spec.limits.start_timeout,
            memory=self.spec.limits.memory,
        )

    def _preload(self) -> tuple[str, ...]:
        """What may be imported before its process is forked."""
        return () if sets_import_variables(self.project.facts[self.task].text) else self.project.preload

    async def _restored(self, job: Job) -> bool:
        """Have the missing products been fetched from their storages, and are they what was recorded?"""
        root = self.project.root
        missing = [product for product in self.spec.products if not (root / product.path).exists()]
        if (
            not missing
            or self.spec.relations
            or any(each.client is None or each.path not in self.recorded for each in missing)
        ):
            return False
        targets = {product.path: _output_beside(root / product.path) for product in missing}
        try:
            outcome = await self.executor.fetch(job, targets, self.listener, self.cancel)
            if not isinstance(outcome, Succeeded) or not all(target.exists() for target in targets.values()):
                return False
            for path, target in targets.items():
                found = await asyncio.to_thread(hash_inside, root, target.relative_to(root).as_posix())
                if found != self.recorded[path]:
                    return False
            for path, target in targets.items():
                _put_in_place(target, root / path)
        finally:
            for target in targets.values():
                _discard(target)
        with Log(self.log) as log:
            log.note(f"{', '.join(targets)}: fetched from the storage. The task did not run.")
        return True

    # --- Running

    async def _run(self, job: Job) -> Outcome:
        outcome = await self._hook("on_render", job)
        if not isinstance(outcome, Succeeded):
            return outcome
        if self.findings:
            with Log(self.log) as log:
                for problem in self.findings:
                    log.note(_in_words(problem))
            return Failed(_finding(self.findings), final=True)
        listener = replace(self.listener, partial=lambda: self._put_partial(job))
        return await self.executor.run(job, listener, self.cancel)

    async def _hook(
        self, moment: Literal["on_render", "on_finish", "on_failure"], job: Job, error: CellError | None = None
    ) -> Outcome:
        hook = getattr(self.spec.hooks, moment)
        if hook is None:
            return Succeeded()
        call = HookCall(hook, moment, self.project.root, self.log, job, error)
        outcome = await self.executor.hook(call, self.listener, self.cancel)
        match outcome:
            case Failed(error=raised) | Crashed(error=raised):
                # Final: a hook that refuses looks at what was there before, or at what the task has made.
                told = msgspec.structs.replace(raised, message=f"{moment}: {raised.message}")
                return replace(outcome, error=told, final=True)
            case _:
                return outcome

    async def _on_failure(self, job: Job, outcome: Failed | Crashed) -> None:
        """The failure stays what it was, whatever becomes of the hook."""
        told = await self._hook("on_failure", job, outcome.error)
        if isinstance(told, Failed | Crashed):
            with Log(self.log) as log:
                log.error(told.error.traceback or f"{told.error.name}: {told.error.message}")

    # --- After

    async def _finish(self, job: Job, before: Mapping[str, Stat | None]) -> Outcome:
        root = self.project.root
        unmade = [path for path, temporary in job.outputs.items() if not temporary.exists()]
        missing = [p.path for p in self.spec.products if p.path not in job.outputs and not (root / p.path).exists()]
        if missing or unmade:
            return self._keep_partial(job, Failed(_missing([*missing, *unmade]), final=True))
        for path, temporary in job.outputs.items():
            _put_in_place(temporary, root / path, over_folder=self.spec.kind == "dump")
        self._note_unwritten(before, job)
        outcome = await self._hook("on_finish", job)
        if isinstance(outcome, Succeeded):
            self._forget_partial()
            return outcome
        notebook = next((path for path in job.outputs if path.endswith(".ipynb")), None)
        return outcome if notebook is None else _in_notebook(outcome, notebook)

    def _keep_partial(self, job: Job, outcome: Outcome) -> Outcome:
        """Also after a failure: the partial notebook is where the user looks first."""
        path = self._put_partial(job)
        return outcome if path is None else _in_notebook(outcome, path)

    def _put_partial(self, job: Job) -> str | None:
        """Put the partial notebook where it is looked for: in the product's place, or beside it; where that is."""
        if job.notebook is None or not job.notebook.exists():
            return None
        path = next((path for path, temporary in job.outputs.items() if temporary == job.notebook), None)
        if path is None:
            path = self._free_name(next(iter(job.outputs)))
            if path is None:
                return None
            _sign(job.notebook)
        replace_durably(job.notebook, self.project.root / path)
        return path

    def _free_name(self, product: str) -> str | None:
        """Where a partial notebook may be put: over an earlier one of ours, never over anything else."""
        declared = {each.path for task in self.project.tasks.values() for each in task.products}
        for path in partial_names(product):
            place = real_path(self.project.root, path)
            if path not in declared and (not place.exists() or _is_signed(place)):
                return path
        return None

    def _forget_partial(self) -> None:
        for product in self.spec.products:
            if product.key in self.spec.notebooks and not product.path.endswith(".ipynb"):
                for path in partial_names(product.path):
                    with contextlib.suppress(OSError):
                        place = real_path(self.project.root, path)
                        if place.is_file() and _is_signed(place):
                            place.unlink()

    def _note_unwritten(self, before: Mapping[str, Stat | None], job: Job) -> None:
        """Say in the log which products the run has left as they were."""
        with Log(self.log) as log:
            for path, stat in before.items():
                if path not in job.outputs and stat is not None and stat == self.observer.stat(path):
                    log.note(f"{path} was not written by this run; it is the one from before.")

    def _lost(self, paths: list[str]) -> CellError:
        """Products that are there but cannot be looked at, else those that are not there."""
        troubles = [f"{path}: {why}" for path in paths if (why := self.observer.trouble(path))]
        return CellError(name="Unreadable products", message="; ".join(troubles)) if troubles else _missing(paths)

    def _record(self) -> tuple[ProductRecord, ...]:
        for product in self.spec.products:
            sync(self.project.root / product.path)
        records = (self.observer.record(product.path) for product in self.spec.products)
        # What a table holds is not looked at: each time it is made it counts as another.
        relations = [ProductRecord(each.path, secrets.token_hex(16), NOWHERE) for each in self.spec.relations]
        return (*(record for record in records if record is not None), *relations)


def _check_folder(root: Path, path: str) -> None:
    """A dump in pieces replaces its folder as a whole, in which nothing else may lie."""
    if not (root / path).is_dir():
        return
    with os.scandir(root / path) as entries:
        for entry in entries:
            if not _PIECE.fullmatch(entry.name):
                why = f"it holds {entry.name}, which is no piece of a dump. Give the dump a folder of its own"
                raise FileExistsError(errno.EEXIST, why, path)


def _sign(notebook: Path) -> None:
    """Write into a partial notebook that it is one, so that it can be told from a file of the user's."""
    content = json.loads(notebook.read_bytes())
    content.setdefault("metadata", {})[METADATA_KEY] = _SIGNATURE
    notebook.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", errors="replace")


def _is_signed(notebook: Path) -> bool:
    try:
        return bool(json.loads(notebook.read_bytes())["metadata"][METADATA_KEY] == _SIGNATURE)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _put_in_place(temporary: Path, target: Path, *, over_folder: bool = False) -> None:
    """Replace a file, or a folder as a whole; a folder by a file only where that is known to hold nothing else."""
    if not temporary.is_dir() and not (over_folder and target.is_dir()):
        replace_durably(temporary, target)
        return
    aside = _output_beside(target)
    if target.exists():
        target.replace(aside)
    try:
        replace_durably(temporary, target)
    except OSError:
        if aside.exists():
            aside.replace(target)
        raise
    _discard(aside)


def _output_beside(path: Path) -> Path:
    """As `files.temporary_beside`, with a name that says whose it is: a killed builder leaves them behind."""
    return path.with_name(f".cauce-{secrets.token_hex(4)}.out")


_LEFT_BEHIND = re.compile(r"\.cauce-(\.cauce-)?[0-9a-f]{8}\.out(\.tmp)?")
"""With what the conversion of a notebook makes of such a name."""


def sweep(project: Project) -> None:
    """Remove the half-made products of a builder that was killed. Only for who holds the project's lock."""
    folders = {os.path.dirname(product.path) for task in project.tasks.values() for product in task.products}  # noqa: PTH120 - thousands of strings, no paths
    for folder in sorted(folders):
        with contextlib.suppress(OSError), os.scandir(real_path(project.root, folder)) as entries:
            for entry in entries:
                if _LEFT_BEHIND.fullmatch(entry.name):
                    _discard(Path(entry.path))


def _discard(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _missing(paths: list[str]) -> CellError:
    return CellError(
        name="Missing products",
        message=f"The task ran to its end but did not make {', '.join(paths)}.",
    )


def _finding(findings: tuple[Problem, ...]) -> CellError:
    """The first thing that is wrong, as the error that the task ends with."""
    first = findings[0]
    more = f" ({len(findings) - 1} more in the log)" if len(findings) > 1 else ""
    message = f"{first.message} {first.hint}".strip()
    return CellError(name="Check failed", message=f"{message}{more}", where=first.where)


def _in_words(problem: Problem) -> str:
    where = problem.where
    place = "" if where is None else f"{where.path}:{where.line or 1}:{where.column or 1}: "
    return f"{place}{problem.message} {problem.hint}".strip()


def _in_notebook(outcome: Outcome, path: str) -> Outcome:
    """The outcome, telling where its partial notebook is."""
    match outcome:
        case Failed(error) | Crashed(error):
            return replace(outcome, error=msgspec.structs.replace(error, notebook=path))
        case _:
            return outcome
