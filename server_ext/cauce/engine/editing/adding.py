"""One more task: its entry in the pipeline file, and its source, which is begun where there is none."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence

from cauce.contract import NewTask, Problem
from cauce.engine.editing.drafting import Draft, Planned, check_name, check_path, needs_file
from cauce.engine.editing.entries import with_entry
from cauce.engine.editing.scaffold import scaffold_missing
from cauce.engine.editing.upstream import edited_source, known_task
from cauce.engine.errors import PipelineHasErrors, UsageError
from cauce.engine.project import Project
from cauce.engine.sourcereader import NOTEBOOK_KINDS
from cauce.engine.spec import TaskSpec

__all__ = ["add_task", "folder_of_products", "proposed_products"]

_Fields = dict[str, str | Sequence[str] | Mapping[str, str]]


def add_task(project: Project, wanted: NewTask) -> Planned:
    """Plan that the pipeline has one more task.

    Raises:
        NotFound: A task that is named is none.
        UsageError: The name is taken, or a path is none; or the file is not laid out so that it can be edited.
        PipelineHasErrors: The pipeline would have.
    """
    needs_file(project)
    source = wanted.source.strip()
    if not source:
        raise UsageError("A task needs a source.", hint="Such as 'tasks/clean.py', or 'module.function'.")
    source = source if _is_dotted(source) else check_path(source)
    name = wanted.name.strip()
    if name:
        check_name(project, name)
    for other in (*wanted.upstream, *([wanted.after] if wanted.after else [])):
        if "*" not in other:
            known_task(project, other)
    draft = Draft(project)
    text = draft.yaml()
    place = _place(project, wanted.after)
    fields, task = _probed(draft, source, name, place)
    check_name(project, task.name)
    if not task.extract_product:
        products = {key.strip(): _product(path) for key, path in wanted.products.items() if path.strip()}
        products = products or proposed_products(task, folder_of_products(project))
        paths = list(products.values())
        single = list(products) == [""]
        if task.kind == "sql" and single and "." not in posixpath.basename(paths[0]):
            fields["product"] = [paths[0], "table"]
        else:
            fields["product"] = paths[0] if single else products
    if wanted.client.strip():
        fields["client"] = wanted.client.strip()
    if task.upstream is not None and wanted.upstream:
        fields["upstream"] = list(wanted.upstream)
    draft.put_yaml(with_entry(text, fields, place))
    said = [f"Added '{task.name}' to {project.spec.entry.name}."]
    after = draft.after()
    task = after.tasks.get(task.name, task)
    said += _begin_source(draft, after, task, wanted.upstream)
    after = draft.after()
    problems = draft.new_problems(after)
    _refuse_bad_products(task, problems)
    said += [
        f"'{other}' needs it, through a name with '*'."
        for other, needs in project.graph.upstream.items()
        if task.name in after.graph.upstream.get(other, ()) and task.name not in needs
    ]
    facts = after.facts.get(task.name)
    source = task.source if task.kind != "function" else facts.origin if facts is not None else ""
    return draft.planned(said, task=task.name, source=source, problems=problems)


def proposed_products(task: TaskSpec, folder: str) -> dict[str, str]:
    """Key → path of what a task of this kind may make; '' as the only key for a single product."""
    stem = f"{folder}/{task.name}" if folder else task.name
    match task.kind:
        case "notebook":
            return {"nb": f"{stem}.ipynb", "data": f"{stem}.csv"}
        case "sql":
            return {"": "".join(letter if letter.isalnum() else "_" for letter in task.name)}
        case "shell":
            return {"": f"{stem}.txt"}
        case _:
            return {"": f"{stem}.csv"}


def folder_of_products(project: Project) -> str:
    """Where most products are: a further one belongs there."""
    folders = Counter(posixpath.dirname(product.path) for task in project.tasks.values() for product in task.products)
    return folders.most_common(1)[0][0] if folders else "output"


def _is_dotted(source: str) -> bool:
    parts = source.replace("::", ".").split(".")
    known = {"py", "ipynb", "r", "rmd", "md", "sql", "sh"}
    return len(parts) > 1 and all(part.isidentifier() for part in parts) and parts[-1].lower() not in known


def _product(path: str) -> str:
    return path.strip() if "{{" in path else check_path(path)


def _place(project: Project, after: str) -> tuple[int, int] | None:
    """Behind which entry; None for the last, as for one that is in another file."""
    where = project.tasks[after].where if after else None
    if where is None or where.path != project.spec.entry.name or where.line is None or where.column is None:
        return None
    return where.line, where.column


def _probed(draft: Draft, source: str, name: str, place: tuple[int, int] | None) -> tuple[_Fields, TaskSpec]:
    """What the entry begins with, and the task that it makes by that alone."""
    text = draft.yaml()
    parts = source.split("/")
    # Where `source_loader` names a folder, sources are relative to that.
    spellings = [source, *("/".join(parts[depth:]) for depth in range(1, len(parts)))]
    first: tuple[Problem, ...] = ()
    for spelling in spellings:
        fields: _Fields = {"source": spelling}
        if name:
            fields["name"] = name
        draft.put_yaml(with_entry(text, fields, place))
        after = draft.after()
        new = [task for task in after.spec.tasks if task.name not in draft.project.tasks]
        if new and (new[0].source == source or new[0].kind == "function"):
            draft.put_yaml(text)
            return fields, new[0]
        known = {problem.message for problem in draft.project.problems}
        first = first or tuple(
            problem for problem in after.problems if problem.severity == "error" and problem.message not in known
        )
    draft.put_yaml(text)
    if first:
        raise PipelineHasErrors(_told_first(first, "duplicate_task"))
    raise UsageError(f"'{source}' cannot be the source of a task here.", hint="Add it by hand.")


def _told_first(problems: tuple[Problem, ...], code: str) -> tuple[Problem, ...]:
    """The problems, that of this kind before the others."""
    return tuple(sorted(problems, key=lambda problem: problem.code != code))


def _begin_source(draft: Draft, after: Project, task: TaskSpec, needs: Sequence[str]) -> list[str]:
    """Create the source, or have the one that is there say what it needs; in words what that comes to."""
    extracted = tuple(needs) if task.upstream is None else tuple(task.upstream)
    scaffolded = scaffold_missing(after, {task.name: extracted})
    for file in scaffolded.files:
        draft.content(file.path)
        draft.put(file.path, file.after)
    said = list(scaffolded.said)
    facts = after.facts.get(task.name)
    lacking = [name for name in needs if facts is not None and name not in facts.upstream]
    if scaffolded.files or task.upstream is not None or not lacking:
        return said
    content = draft.source(task) if task.kind in NOTEBOOK_KINDS else None
    if content is not None:
        draft.put(task.source, edited_source(task, content, lacking))
        return [*said, *(f"'{task.name}' needs '{name}' now." for name in lacking)]
    return [
        *said,
        *(f"What '{task.name}' needs follows from its code: read upstream[\"{name}\"] there." for name in lacking),
    ]


def _refuse_bad_products(task: TaskSpec, problems: Sequence[Problem]) -> None:
    """Raises PipelineHasErrors where the new task's own declaration is wrong, wherever that is said."""
    about = ("path_", "product_", "duplicate_")
    bad = tuple(
        each
        for each in problems
        if each.severity == "error"
        and each.task == task.name
        and each.code.startswith(about)
        and each.code != "product_missing_in_source"
    )
    if bad:
        raise PipelineHasErrors(bad)
