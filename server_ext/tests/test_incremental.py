"""Incremental builds against an oracle: whatever was done before, fresh means what a clean rebuild makes.

Random edits, reverts, comments, parameters, lost and spoilt products, partial, failing and
cancelled builds. The oracle (`Workshop.clean_rebuild`) knows no history at all.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from drawn import MEMORY, Workshop, half_made
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cauce.contract import BuildEvent, TaskStarted
from cauce.engine.build import Stop
from cauce.engine.errors import UsageError
from cauce.engine.executors.fake import Hang, Script

#   a ─► b ─► d ─► e
#   a ─► c ─► d         f ─► e
PICTURE = "a ─► b ─► d ─► e\n a ─► c ─► d\n f ─► e"
task = st.sampled_from("abcdef")
number = st.integers(0, 5)


class Incremental(RuleBasedStateMachine):
    """One project, and all that may happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="cauce-incremental-", dir=MEMORY if MEMORY.is_dir() else None))
        self.project = Workshop(self.folder / "project", PICTURE)
        self.built = False

    def teardown(self) -> None:
        self.check_full_build()
        shutil.rmtree(self.folder)

    # --- What a user does

    @rule(task=task, number=number)
    def edit(self, task: str, number: int) -> None:
        self.project.edit(task, number)

    @rule(task=task, text=st.sampled_from(["", "one", "two"]))
    def comment(self, task: str, text: str) -> None:
        fresh = self.project.fresh
        self.project.comment(task, text)
        assert self.project.fresh == fresh

    @rule(task=task, params=st.dictionaries(st.sampled_from(["p", "q"]), number, max_size=2))
    def parametrise(self, task: str, params: dict[str, int]) -> None:
        self.project.give(task, **params)

    @rule(task=task, name=st.sampled_from(["out/{}.txt", "out/other-{}.txt"]))
    def move(self, task: str, name: str) -> None:
        self.project.move(task, name.format(task))

    @rule(shortcut=st.booleans())
    def rewire(self, shortcut: bool) -> None:
        self.project.rewire("d", *(("b", "c", "f") if shortcut else ("b", "c")))

    @precondition(lambda self: self.built)
    @rule(task=task)
    def lose(self, task: str) -> None:
        self.project.product(task).unlink(missing_ok=True)

    @precondition(lambda self: self.built)
    @rule(task=task, text=st.sampled_from(["0\n", "1\n", "77\n"]))
    def spoil(self, task: str, text: str) -> None:
        self.project.overwrite(task, text)

    # --- What is built

    @rule(task=task, mode=st.sampled_from(["up_to", "from", "only"]), force=st.booleans(), jobs=st.sampled_from([1, 3]))
    def build_part(self, task: str, mode: str, force: bool, jobs: int) -> None:
        with contextlib.suppress(UsageError):  # products that it needs were never made
            built = self.build(task, mode=mode, force=force, jobs=jobs)
            assert task in built.ran or not force
            if mode == "up_to":
                assert task in self.project.fresh

    @rule(task=task, force=st.booleans())
    def build_and_fail(self, task: str, force: bool) -> None:
        built = self.build(scripts={task: half_made(self.project, task)}, force=force)
        if task in built.ran:
            assert built.state == "failed"
            assert task not in self.project.fresh

    @rule(task=task)
    def build_and_cancel(self, task: str) -> None:
        def cancel(event: BuildEvent, stop: Stop) -> None:
            if isinstance(event, TaskStarted) and event.task == task:
                stop.ask()

        built = self.build(scripts={task: Hang()}, when=cancel)
        if task in built.ran:
            assert built.ends[task] == "cancelled"

    @rule(task=task, number=number)
    def build_and_edit_meanwhile(self, task: str, number: int) -> None:
        def edit(event: BuildEvent, stop: Stop) -> None:
            if isinstance(event, TaskStarted) and event.task == task:
                self.project.edit(task, number)

        self.build(when=edit)

    @rule()
    def check_full_build(self) -> None:
        assert self.build().state == "ok"
        assert self.project.fresh == set(self.project.tasks)
        assert self.build().ends == {}

    def build(self, *tasks: str, scripts: dict[str, Script] | None = None, **how: Any) -> Any:
        built = self.project.build(*tasks, scripts=scripts, **how)
        self.built = True
        # Nothing runs before what it needs, and everything begun has ended.
        assert len(built.ran) == len(set(built.ran))
        assert set(built.ran) <= set(built.ends)
        return built

    # --- What must hold whatever happened

    @invariant()
    def what_is_fresh_is_what_a_clean_rebuild_makes(self) -> None:
        meant = self.project.clean_rebuild()
        for name in self.project.fresh:
            assert self.project.product(name).read_text() == meant[name]


TestIncremental = Incremental.TestCase
TestIncremental.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
