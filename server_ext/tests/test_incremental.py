"""Incremental builds against an oracle: whatever was done before, fresh means what a clean rebuild makes.

Random edits, reverts, comments, parameters, renamed tasks, lost and spoilt products; partial, failing,
cancelled and killed builds; the project moved, copied and cloned. The oracle (`Workshop.clean_rebuild`)
knows no history at all. `make torture` tries many more stories.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from drawn import MEMORY, Built, Workshop, half_made
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cauce.contract import BuildEvent, BuildPlan, RunStarted, TaskStarted
from cauce.engine.build import Stop
from cauce.engine.errors import UsageError
from cauce.engine.executors.fake import Hang, Script

pytestmark = pytest.mark.sampled

#   a ─► b ─► d ─► e
#   a ─► c ─► d         f ─► e
PICTURE = "a ─► b ─► d ─► e\n a ─► c ─► d\n f ─► e"
slot = st.sampled_from("abcdef")
"""A place in the picture, whatever the task there is called now."""
number = st.integers(0, 5)


class Incremental(RuleBasedStateMachine):
    """One project, and all that may happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="cauce-incremental-", dir=MEMORY))
        self.project = Workshop(self.folder / "project", PICTURE)
        self.remembered = self.project.remember()
        self.places = 0
        self.built = False

    def teardown(self) -> None:
        self.check_full_build()
        shutil.rmtree(self.folder)

    def task(self, slot: str) -> str:
        return next(name for name in self.project.tasks if name[0] == slot)

    # --- What a user does

    @rule(slot=slot, number=number)
    def edit(self, slot: str, number: int) -> None:
        self.project.edit(self.task(slot), number)

    @rule(slot=slot, text=st.sampled_from(["", "one", "two"]))
    def comment(self, slot: str, text: str) -> None:
        fresh = self.project.fresh
        self.project.comment(self.task(slot), text)
        assert self.project.fresh == fresh

    @rule(slot=slot, params=st.dictionaries(st.sampled_from(["p", "q"]), number, max_size=2))
    def parametrise(self, slot: str, params: dict[str, int]) -> None:
        self.project.give(self.task(slot), **params)

    @rule(slot=slot, name=st.sampled_from(["out/{}.txt", "out/other-{}.txt"]))
    def move(self, slot: str, name: str) -> None:
        self.project.move(self.task(slot), name.format(slot))

    @rule(slot=slot)
    def rename(self, slot: str) -> None:
        task = self.task(slot)
        self.project.rename(task, slot if task != slot else f"{slot}-renamed")

    @rule(shortcut=st.booleans())
    def rewire(self, shortcut: bool) -> None:
        needs = ("b", "c", "f") if shortcut else ("b", "c")
        self.project.rewire(self.task("d"), *map(self.task, needs))

    @rule()
    def remember(self) -> None:
        self.remembered = self.project.remember()

    @rule()
    def revert(self) -> None:
        self.project.revert(self.remembered)

    @precondition(lambda self: self.built)
    @rule(slot=slot)
    def lose(self, slot: str) -> None:
        self.project.product(self.task(slot)).unlink(missing_ok=True)

    @precondition(lambda self: self.built)
    @rule(slot=slot, text=st.sampled_from(["0\n", "1\n", "77\n"]))
    def spoil(self, slot: str, text: str) -> None:
        self.project.overwrite(self.task(slot), text)

    @precondition(lambda self: self.built)
    @rule(how=st.sampled_from(["moved", "copied", "copied without times", "cloned without the state"]))
    def elsewhere(self, how: str) -> None:
        """The project is somewhere else from now on; it knows there what it knew here, but for a clone."""
        fresh = self.project.fresh
        before, self.places = self.project.root, self.places + 1
        after = self.folder / f"project-{self.places}"
        if how == "moved":
            before.rename(after)
        else:
            leave = shutil.ignore_patterns(".cauce") if how.startswith("cloned") else None
            copy = shutil.copyfile if how == "copied without times" else shutil.copy2
            shutil.copytree(before, after, ignore=leave, copy_function=copy)
        self.project.root, self.project.path = after, after / "pipeline.yaml"
        assert self.project.fresh == (set() if how.startswith("cloned") else fresh)

    # --- What is built

    @rule(slot=slot, mode=st.sampled_from(["up_to", "from", "only"]), force=st.booleans(), jobs=st.sampled_from([1, 3]))
    def build_part(self, slot: str, mode: str, force: bool, jobs: int) -> None:
        task = self.task(slot)
        with contextlib.suppress(UsageError):  # products that it needs were never made
            built = self.build(task, mode=mode, force=force, jobs=jobs)
            assert task in built.ran or not force
            if mode == "up_to":
                assert task in self.project.fresh

    @rule(slot=slot, force=st.booleans())
    def build_and_fail(self, slot: str, force: bool) -> None:
        task = self.task(slot)
        built = self.build(scripts={task: half_made(self.project, task)}, force=force)
        if task in built.ran:
            assert built.state == "failed"
            assert task not in self.project.fresh

    @rule(slot=slot)
    def build_and_cancel(self, slot: str) -> None:
        task = self.task(slot)

        def cancel(event: BuildEvent, stop: Stop) -> None:
            if isinstance(event, TaskStarted) and event.task == task:
                stop.ask()

        built = self.build(scripts={task: Hang()}, when=cancel)
        if task in built.ran:
            assert built.ends[task] == "cancelled"

    @rule(slot=slot, number=number)
    def build_and_edit_meanwhile(self, slot: str, number: int) -> None:
        task = self.task(slot)

        def edit(event: BuildEvent, stop: Stop) -> None:
            if isinstance(event, TaskStarted) and event.task == task:
                self.project.edit(task, number)

        self.build(when=edit)

    @precondition(lambda self: hasattr(os, "fork"))
    @rule(steps=st.integers(1, 400), slot=st.none() | slot, force=st.booleans(), jobs=st.sampled_from([1, 3]))
    def build_and_die(self, steps: int, slot: str | None, force: bool, jobs: int) -> None:
        tasks = () if slot is None else (self.task(slot),)
        self.project.build_and_die(steps, *tasks, force=force, jobs=jobs)
        self.built = True

    @rule()
    def check_full_build(self) -> None:
        assert self.build().state == "ok"
        assert self.project.fresh == set(self.project.tasks)
        assert self.build().ends == {}
        assert not [*self.project.root.rglob(".cauce-*")]

    def build(self, *tasks: str, scripts: dict[str, Script] | None = None, **how: Any) -> Any:
        request = {key: value for key, value in how.items() if key != "when"}
        plan = self.project.plan(*tasks, **request)  # which refuses what the build would
        built = self.project.build(*tasks, scripts=scripts, **how)
        self.built = True
        self.check_plan(plan, built, undisturbed="when" not in how)
        # Nothing runs before what it needs, and everything begun has ended.
        assert len(built.ran) == len(set(built.ran))
        assert set(built.ran) <= set(built.ends)
        return built

    def check_plan(self, plan: BuildPlan, built: Built, *, undisturbed: bool) -> None:
        """The dry run before a build has told what that then did."""
        [started] = [event for event in built.events if isinstance(event, RunStarted)]
        assert [task.name for task in plan.tasks] == [*started.tasks]
        assert set(built.ran).isdisjoint(plan.fresh)
        if built.state == "ok" and undisturbed:
            sure = {task.name for task in plan.tasks if task.verdict == "run"}
            assert sure <= set(built.ran)
            # Whatever did not run may have run: what it comes after might have made something else.
            assert all(task.after for task in plan.tasks if task.name not in built.ran)

    # --- What must hold whatever happened

    @invariant()
    def what_is_fresh_is_what_a_clean_rebuild_makes(self) -> None:
        meant = self.project.clean_rebuild()
        for name in self.project.fresh:
            assert self.project.product(name).read_text() == meant[name]


TestIncremental = Incremental.TestCase
TestIncremental.settings = settings(max_examples=settings.default.max_examples // 4, stateful_step_count=20)
