"""Edits of several files of one project, put together before any of them is made; and what the project is then.

    Draft(project) ─► yaml(), source() … put() ─► after() ─► Planned

What is planned is loaded as though it were done, so that whoever plans can compare: a change is refused
that would do to the pipeline what was not asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cauce.contract import Problem
from cauce.engine.document import MAX_BYTES
from cauce.engine.editing.change import Change, FileChange
from cauce.engine.editing.yamltext import YamlText, read_yaml_text
from cauce.engine.errors import PipelineHasErrors, UsageError
from cauce.engine.files import STATE, LeadsOutside, read_inside
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.source import source_limit
from cauce.engine.spec import TaskSpec

__all__ = ["Draft", "Planned", "check_name", "check_path", "check_spelling", "needs_file"]

_LONGEST = 200


@dataclass(frozen=True)
class Planned:
    """A change of a pipeline, to be shown and then done."""

    change: Change
    task: str = ""
    """The task that it is about, by its name afterwards; '' when there is none any more."""
    source: str = ""
    """Where its code is, to be opened; '' when nothing was begun."""
    renamed: tuple[str, str] | None = None
    """The former and the new name: what is remembered of the one is then of the other."""
    discarded: tuple[str, ...] = ()
    """Files that go to the trash."""
    folders: tuple[str, ...] = ()
    """Folders that go if nothing is left in them, innermost first."""
    problems: tuple[Problem, ...] = ()
    """What is to be mended afterwards, and was not there before."""


class Draft:
    """Files of a project as they are to be."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._before: dict[str, bytes | None] = {}
        self._now: dict[str, bytes | None] = {}

    @property
    def files(self) -> tuple[FileChange, ...]:
        """What differs, in the order in which it was first asked for."""
        found = (FileChange(path, before, self._now[path]) for path, before in self._before.items())
        return tuple(file for file in found if file.before != file.after)

    def content(self, path: str, limit: int = MAX_BYTES) -> bytes | None:
        """A file as it is to be so far; None when there is none.

        Raises:
            UsageError: It cannot be read.
        """
        if path not in self._now:
            try:
                found = read_inside(self.project.root, path, limit)
            except LeadsOutside as error:
                raise UsageError(f"{path} leads out of the project.", hint="Edit it where it is.") from error
            except OSError as error:
                raise UsageError(
                    f"{path} cannot be read: {error.strerror}.", hint="Permit it, and try again."
                ) from error
            self._before[path] = self._now[path] = found
        return self._now[path]

    def source(self, task: TaskSpec) -> bytes | None:
        return self.content(task.source, source_limit(task.source))

    def put(self, path: str, content: bytes | None) -> None:
        """What the file, which was asked for or is not there, is to hold; None: it goes."""
        self._before.setdefault(path, None)
        self._now[path] = content

    def yaml(self, path: str | None = None) -> YamlText:
        """The pipeline file, or another one with tasks. Raises UsageError when it is no sound YAML."""
        name = self.project.spec.entry.name if path is None else path
        return read_yaml_text(self.content(name) or b"", name)

    def put_yaml(self, text: YamlText) -> None:
        self.put(text.name, text.encode())

    def after(self) -> Project:
        """The project with all of that done."""
        return load(self.project.spec.entry, ParseCache(), dict(self._now))

    def new_problems(self, after: Project, renamed: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
        """What is wrong then and was not before.

        Raises:
            PipelineHasErrors: Among it is what the pipeline file itself cannot have.
        """
        names = renamed or {}
        before = {(each.code, names.get(each.task or "", each.task)) for each in self.project.problems}
        new = tuple(each for each in after.problems if (each.code, each.task) not in before)
        written = {*after.spec.files, *self.project.spec.files}
        fatal = tuple(
            each for each in new if each.severity == "error" and (each.where is None or each.where.path in written)
        )
        if fatal:
            raise PipelineHasErrors(fatal)
        return new

    def planned(self, said: Sequence[str], **more: object) -> Planned:
        change = Change(self.project.root, self.files, tuple(dict.fromkeys(said)))
        return replace(Planned(change), **more)  # type: ignore[arg-type]  # the fields of `Planned`


def needs_file(project: Project) -> None:
    """Raises UsageError for a pipeline that is no file: there is nothing to write into."""
    if project.spec.entry.kind == "factory":
        raise UsageError(
            f"The tasks are made by the function {project.spec.entry.target}.", hint="Change them in its code."
        )
    if project.spec.entry.kind == "glob":
        raise UsageError(
            f"The tasks are the scripts that '{project.spec.entry.target}' finds.",
            hint="Write a pipeline.yaml to say more of them: 'cauce create' does.",
        )


def check_name(project: Project, name: str) -> None:
    """Raises UsageError when no further task of the pipeline may be called so."""
    check_spelling(name)
    if name in project.tasks:
        raise UsageError(f"There is already a task '{name}'.", hint="Choose another name.")


def check_spelling(name: str) -> None:
    """Raises UsageError when no task may be called so."""
    if not name.strip() or name != name.strip():
        raise UsageError("A task needs a name, without spaces at its ends.", hint="Such as 'clean'.")
    if not name.isprintable() or any(mark in name for mark in ("*", "{{", "[[", "/", "\\")):
        raise UsageError(f"A task cannot be called '{name}'.", hint="Use letters, digits, '-', '_' and '.'.")
    if len(name) > _LONGEST:
        raise UsageError(f"A name has {_LONGEST} characters at most.", hint="Give it a shorter one.")


def check_path(path: str) -> str:
    """A path of the project in one spelling. Raises UsageError for what leads out of it, or is ours."""
    parts = PurePosixPath(path.strip().replace("\\", "/"))
    if not path.strip() or parts.is_absolute() or ".." in parts.parts or Path(path).is_absolute():
        raise UsageError(f"'{path}' is not a path in the project.", hint="Write it from the project's folder on.")
    if parts.parts[:1] == (STATE,):
        raise UsageError(f"'{path}' is in the folder {STATE}, which is Cauce's own.", hint="Choose another folder.")
    if not path.isprintable():
        raise UsageError("A path cannot hold control characters.", hint="Choose another one.")
    return parts.as_posix()
