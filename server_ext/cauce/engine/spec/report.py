"""Where problems of a specification are gathered, each with the place it is at and the task it is of."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Literal

import msgspec

from cauce.contract import Problem, Where
from cauce.engine.document import Node, shortened
from cauce.engine.spec.model import TaskSpec

__all__ = ["MAX_PROBLEMS", "Report", "task_problem"]

MAX_PROBLEMS = 100
"""More than anybody reads; a file made to have thousands must not cost seconds and megabytes."""
_MAX_WORD = 100


def task_problem(task: TaskSpec, code: str, message: str, hint: str, where: Where | None = None) -> Problem:
    """What keeps a task from being built; it stands where the task does, unless said otherwise."""
    return Problem(code=code, message=message, severity="error", hint=hint, where=where or task.where, task=task.name)


class Report:
    """The problems of one pipeline. `file` and `task` are those that are being read at the moment."""

    def __init__(self, file: str) -> None:
        self.file = file
        """Relative to the project root."""
        self.task: str | None = None
        self.problems: list[Problem] = []
        self.unsound: set[str] = set()

    def error(self, code: str, message: str, node: Node | None, hint: str = "") -> None:
        """Something that must be mended. A node without a line is of no text (see `wrap`)."""
        self._add("error", code, message, node, hint)

    def warning(self, code: str, message: str, node: Node | None, hint: str = "") -> None:
        """Something to know of."""
        self._add("warning", code, message, node, hint)

    def where(self, node: Node | None) -> Where:
        """The place of a node of the file that is being read."""
        return Where(
            path=self.file,
            line=node.line or None if node is not None else None,
            column=node.column or None if node is not None else None,
        )

    def meant(self, word: str, known: Iterable[str]) -> str:
        """A hint at what may have been meant; '' when nothing is like it."""
        # Looking for it is dear: not for what will not be shown.
        close = [] if len(self.problems) >= MAX_PROBLEMS else _close(word[:_MAX_WORD], tuple(known))
        return f"Did you mean '{close[0]}'?" if close else ""

    def suggestion(self, word: str, known: Iterable[str]) -> str:
        """What may have been meant, or what there is."""
        names = tuple(known)
        return self.meant(word, names) or "Valid are: " + ", ".join(names) + "."

    def begin(self, task: str) -> int:
        """From now on it is about this task, as it is called until its name is known. Answer goes to `end`."""
        self.task = task
        return len(self.problems)

    def end(self, since: int, names: tuple[str, ...]) -> None:
        """The entry that `begin` began is read, and makes the tasks `names`."""
        if names:
            errors = False
            for position in range(since, len(self.problems)):
                problem = self.problems[position]
                errors = errors or problem.severity == "error"
                self.problems[position] = msgspec.structs.replace(problem, task=names[0])
            if errors:
                self.unsound.update(names)
        self.task = None

    def _add(
        self, severity: Literal["error", "warning"], code: str, message: str, node: Node | None, hint: str
    ) -> None:
        said, todo = shortened(message), shortened(hint)
        self.problems.append(
            Problem(code=code, message=said, severity=severity, hint=todo, where=self.where(node), task=self.task)
        )


def _close(word: str, names: tuple[str, ...]) -> list[str]:
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return close
    plain = {name.lower().replace("_", "").replace("-", ""): name for name in names}
    found = difflib.get_close_matches(word.lower().replace("_", "").replace("-", "").replace(" ", ""), plain, n=1)
    return [plain[name] for name in found]
