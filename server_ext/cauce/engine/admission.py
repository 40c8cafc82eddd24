"""What a request asks to be built, and whether that may begin: refused is what cannot be run before it is mended."""

from __future__ import annotations

from collections.abc import Collection

from cauce.contract import Problem, RunRequest
from cauce.engine.errors import PipelineHasErrors, UsageError
from cauce.engine.files import Observer
from cauce.engine.plan import Selection, select
from cauce.engine.project import Project

__all__ = ["admitted", "check_inputs"]


def admitted(project: Project, request: RunRequest, more: tuple[Problem, ...] = ()) -> Selection:
    """What is to be done; `more` are problems that looking alone does not find.

    Raises:
        NotFound, UsageError: The request does not fit the pipeline.
        PipelineHasErrors: What was asked for, or something that it needs, has errors.
    """
    problems = (*more, *project.problems)
    general = tuple(p for p in problems if p.task is None and p.severity == "error")
    if general:  # also why a task that was asked for may be missing
        raise PipelineHasErrors(general)
    if request.action == "evaluate":
        if more:
            raise PipelineHasErrors(more)
        return Selection((), frozenset())
    selection = select(request, project.graph)
    # Also what is not to run must be sound: who uses it cannot be given its products else.
    needed = project.graph.ancestors(selection.tasks)
    own = [p for p in problems if p.severity == "error" and p.task is not None and p.task in needed]
    if not request.tasks:
        # Building all means all: also tasks too broken to be in the graph.
        own = [p for p in problems if p.severity == "error"]
    strict = [
        task
        for task in project.graph.order
        if task in needed and project.tasks[task].notebook.static_analysis == "strict"
    ]
    if strict and request.action == "build":
        from cauce.engine.checks import refusals

        own += refusals(project, strict)
    if not own and needed & project.unsound:
        own = list(project.problems[-1:])  # theirs are among those that are only counted
    if own:
        raise PipelineHasErrors(tuple(own))
    return selection


def check_inputs(project: Project, planned: Collection[str], observer: Observer, lost: Collection[str] = ()) -> None:
    """What tasks outside the plan should have made must at least exist; `lost` are those whose tables do not.

    Raises:
        UsageError: Something that is not to run has not made what is needed of it.
    """
    among = frozenset(planned)
    for task in planned:
        for need in project.graph.upstream[task]:
            if need in among:
                continue
            for product in project.tasks[need].products:
                if observer.stat(product.path) is None:
                    raise UsageError(
                        f"'{task}' needs {product.path}, which '{need}' has not made.",
                        hint=f"Build '{task}' together with what it needs.",
                    )
            if need in lost:
                raise UsageError(
                    f"'{task}' needs what '{need}' has made in the database, which is not there any more.",
                    hint=f"Build '{task}' together with what it needs.",
                )
