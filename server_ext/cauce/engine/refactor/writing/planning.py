"""A notebook and what is wished of it → the pipeline that it would become: shown, and ready to be done.

    SplitRequest, bytes (+ Trace) ─► sections, statements ─► Flow ─► how variables are stored ─► texts ─► Plan
                                                                                                  │
    the project as though that were written, loaded and checked ◄─────────────────────────────────┘

Nothing is written here. What keeps a plan from being done is told as an error among its remarks, with the ways out.
"""

from __future__ import annotations

import importlib.machinery
import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Literal

from cauce.contract import (
    Problem,
    Split,
    SplitCell,
    SplitDefinition,
    SplitEdge,
    SplitFile,
    SplitLevel,
    SplitProduct,
    SplitProposal,
    SplitRemark,
    SplitRequest,
    SplitTask,
    SplitVariable,
)
from cauce.engine.checks import errors_of
from cauce.engine.editing.change import Change, FileChange
from cauce.engine.editing.drafting import Planned
from cauce.engine.errors import CauceError, UsageError
from cauce.engine.files import LeadsOutside, as_file_name, read_inside
from cauce.engine.notebook import SourceError
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.refactor.following.flow import follow
from cauce.engine.refactor.model import Book, Flow, Given, Part, Remark, Section, Statement, Trace, Wishes
from cauce.engine.refactor.reading.book import read_book
from cauce.engine.refactor.reading.sections import Sections, find_sections
from cauce.engine.refactor.reading.statements import read_statements
from cauce.engine.refactor.writing.formats import Stored
from cauce.engine.refactor.writing.idle import constants_of_setup, without_idle, works
from cauce.engine.refactor.writing.place import Place, free, in_path
from cauce.engine.refactor.writing.projecttext import (
    definitions_text,
    gitignore_after,
    pipeline_text,
    readme_after,
    tests_text,
)
from cauce.engine.refactor.writing.requirements import (
    modules_in,
    modules_of,
    optional_of,
    requirements_after,
    requirements_of,
)
from cauce.engine.refactor.writing.single import single_task
from cauce.engine.refactor.writing.storing import Storage, id_of, store
from cauce.engine.refactor.writing.tasksource import task_source
from cauce.engine.refactor.writing.tasktext import Writer
from cauce.engine.source import digest, source_limit
from cauce.engine.spec import Entry

__all__ = ["Plan", "plan"]

_FileKind = Literal["created", "edited", "same", "kept"]
_log = logging.getLogger(__name__)

TASKS = "tasks"
_SHOWN = 200_000
_MOST_FILES = 10_000
_ADDED = frozenset({"README.md", ".gitignore", "requirements.txt"})
"""Files that are gone on with."""
_LARGEST = 2_000_000
_SINGLE = SplitProposal(message="Make it a pipeline of a single task", single=True)


@dataclass(frozen=True)
class Plan:
    """A pipeline to be."""

    split: Split
    entry: Entry
    planned: Planned | None
    """To be performed; None while a remark is an error."""
    notebook: str
    """Relative to the project's root."""
    moved: tuple[str, ...] = ()
    """Constants that are in the module of definitions."""


def plan(request: SplitRequest, content: bytes, trace: Trace | None, folder: Path) -> Plan:
    """What the notebook would become.

    Args:
        content: The notebook's file.
        trace: Of a run of it; one of other code is not heeded.
        folder: The notebook's, absolute.

    Raises:
        UsageError: The request makes no sense, or there is no notebook in the file.
    """
    place = Place.of(request, folder)
    book = read_book(content, place.notebook)
    if trace is not None and trace.digest != book.digest:
        trace = None
    draft = _Draft(request, content, place, book, trace)
    try:
        if request.single:
            draft.single()
        else:
            draft.split()
        return draft.done()
    except (CauceError, SourceError) as error:
        bare = _Draft(request, content, place, book, trace)
        bare.say(Remark("refused", "error", error.message, error.hint), _SINGLE)
        return bare.done()
    except Exception:  # whatever it is, it is our mistake: nothing is written, and there is a way on
        _log.exception("%s cannot be split", request.notebook)
        bare = _Draft(request, content, place, book, trace)
        message = "This notebook cannot be split: something in it was not foreseen."
        bare.say(Remark("internal", "error", message, "Please report it. A single task works all the same."), _SINGLE)
        return bare.done()


class _Draft:
    """A plan as it comes about."""

    def __init__(self, request: SplitRequest, content: bytes, place: Place, book: Book, trace: Trace | None) -> None:
        self._request = request
        self._content = content
        self._place = place
        self._book = book
        self._trace = trace
        self._sections = Sections((), None, ())
        self._remarks: list[SplitRemark] = []
        self._tasks: list[SplitTask] = []
        self._edges: list[SplitEdge] = []
        self._definitions: tuple[SplitDefinition, ...] = ()
        self._files: dict[str, tuple[FileChange, _FileKind]] = {}
        self._flow = Flow(())
        self._parts: tuple[Section, ...] = ()

    # --- Remarks

    def say(self, remark: Remark, *proposals: SplitProposal) -> None:
        self._remarks.append(
            SplitRemark(
                code=remark.code,
                severity=remark.severity,
                message=remark.message,
                hint=remark.hint,
                cell=remark.cell,
                line=remark.line,
                names=remark.names,
                proposals=proposals,
            )
        )

    @property
    def _refused(self) -> bool:
        return any(remark.severity == "error" for remark in self._remarks)

    # --- A task for each section

    def split(self) -> None:
        request, book = self._request, self._book
        names = {int(cell): name for cell, name in request.names.items() if cell.isdecimal()}
        repeated = {int(cell): wish for cell, wish in request.repeated.items() if cell.isdecimal()}
        self._sections = find_sections(book, request.level, request.cuts, names)
        for remark in self._sections.remarks:
            self.say(remark, *self._other_cuts(remark))
        statements, mistakes = read_statements(book)
        for mistake in mistakes:
            self.say(mistake)  # it does not run as it is: a single task would not either
        if any(mistake.severity == "error" for mistake in mistakes):
            self._parts = self._sections.sections
            self._bare_tasks()
            return
        constants = constants_of_setup(statements)
        wishes = Wishes(
            tuple((edge.target, edge.name, edge.source) for edge in request.edges), request.definitions, repeated
        )
        sections = self._sections.sections
        self._join(
            sections, [each for each in sections if works(each, statements, repeated, constants)], names, statements
        )
        flow = follow(book, self._parts, statements, wishes, self._trace)
        # What is called `f` and was a lambda is a definition, too, and others that only the flow knows of.
        left = [part.section for part in flow.parts if _is_left(part, statements)]
        if len(left) < len(flow.parts):
            self._join(self._parts, left, names, statements)
            flow = follow(book, self._parts, statements, wishes, self._trace)
        self._flow = flow
        if not any(_is_left(part, statements) for part in flow.parts):
            message = "There is nothing to run in it, but functions, classes and constants that would be a module."
            self.say(Remark("nothing_to_run", "error", message, "Add code that uses them, or import them as a module."))
        self._say_of_paths(statements)
        storage = store(flow, statements, constants, request, self._place, self.say)
        for remark in flow.remarks:
            if remark.code != "unstorable" or not storage.anew.issuperset(remark.names):
                self.say(remark, *self._ways_out(remark))
        self._write(flow, Writer(book, statements, flow, storage.stored), statements, storage)

    def _join(
        self,
        sections: Sequence[Section],
        working: Sequence[Section],
        names: Mapping[int, str],
        statements: Sequence[Statement],
    ) -> None:
        self._parts, remarks = without_idle(sections, working, names, statements)
        for remark in remarks:
            self.say(remark)

    def _bare_tasks(self) -> None:
        for section in self._parts:
            self._tasks.append(
                SplitTask(
                    name=section.name,
                    title=section.title,
                    first=section.first,
                    end=section.end,
                    source="",
                    upstream=(),
                    products=(),
                )
            )

    def _other_cuts(self, remark: Remark) -> list[SplitProposal]:
        if remark.code not in ("no_headings", "one_section"):
            return []
        used = self._sections.level
        found = [
            SplitProposal(message=f"Cut at headings of level {level}: {_counted(count, 'section')}", level=level)
            for level, count in self._sections.levels
            if level != used and (count > 1 or remark.code == "no_headings")
        ]
        return [*found, _SINGLE] if remark.severity == "error" else found

    def _ways_out(self, remark: Remark) -> list[SplitProposal]:
        """What else could be asked for, where the flow has something against it."""
        found = []
        given = {name: (part, each) for part in self._flow.parts for each in part.gives for name in each.names}
        for name in remark.names if remark.code == "unstorable" else ():
            if name not in given:
                continue
            part, each = given[name]
            if each.recreate:
                key = id_of(part.section, each)
                found.append(SplitProposal(message=f"Make '{name}' anew where it is used", formats={key: "recreate"}))
            found.append(self._joined(part, each, name))
        if remark.severity == "error" and remark.code != "history":
            found.append(_SINGLE)
        if self._trace is None and remark.code in ("hidden", "unstorable", "handed", "possibly_unbound"):
            found.append(SplitProposal(message="Run the notebook once, and look", trace=True))
        return found

    def _joined(self, part: Part, given: Given, name: str) -> SplitProposal:
        """The section that makes it and the last one that uses it, as one."""
        last = max(
            (
                other.section.first
                for other in self._flow.parts
                for taken in other.takes
                if taken.section == part.section.name and taken.given.names == given.names
            ),
            default=part.section.first,
        )
        cuts = [each.section.first for each in self._flow.parts]
        return SplitProposal(
            message=f"Keep all that uses '{name}' in one task",
            cuts=tuple(cut for cut in cuts if not part.section.first < cut <= last),
        )

    def _say_of_paths(self, statements: Sequence[Statement]) -> None:
        """Tasks work in the pipeline's folder, which need not be the notebook's."""
        if "/" not in self._place.notebook:
            return
        made = {path for each in statements for path in each.effect.writes_files}
        for each in statements:
            read = [path for path in each.effect.reads_files if path not in made]
            paths = tuple(path for path in read if not PurePosixPath(path).is_absolute() and "://" not in path)
            if paths:
                message = f"{paths[0]} is looked for in the pipeline's folder, which is not the notebook's."
                hint = "Change the path there, or write the pipeline beside the notebook."
                self.say(Remark("path", "warning", message, hint, each.cell, each.line, names=paths))

    # --- Texts

    def _module(self, text: str) -> str:
        """The name of the module with this text: one that hides no other, and is nobody else's file."""
        wanted = self._request.module
        names = [wanted, *(f"{wanted}_{number}" for number in range(2, 100))]
        return next((name for name in names if self._may_be_module(name, text)), wanted)

    def _may_be_module(self, name: str, text: str) -> bool:
        if _is_installed(name, self._place.root):
            why = "a module of that name is installed, which one beside the tasks would hide"
        elif (self._place.root / name).is_dir():
            why = "there is a folder of that name"
        elif self._read(f"{name}.py") not in (None, text.encode()):
            why = f"{name}.py is there already, with something else in it"
        else:
            return True
        self.say(Remark("module_name", "note", f"The functions cannot stand in '{name}': {why}."))
        return False

    def _write(
        self,
        flow: Flow,
        writer: Writer,
        statements: Sequence[Statement],
        storage: Storage,
    ) -> None:
        place, request = self._place, self._request
        stored, products = storage.stored, storage.shown
        text = definitions_text(place.notebook, flow, writer)
        module = self._module(text) if text else ""
        suffix = self._suffix()
        stems: set[str] = set()
        entries: list[dict[str, str | Sequence[str] | Mapping[str, str]]] = []
        lines: list[str] = []
        for part in flow.parts:
            name = part.section.name
            stem = free(as_file_name(name), stems, lower=True, sign="-")
            source = f"{place.home}{TASKS}/{stem}.{suffix}"
            cells = writer.cells(part, module)
            lines += [cell.text for cell in cells if cell.tags == ("imports",)]
            self._create(source, task_source(cells, self._book, self._content, Path(source)))
            entry: dict[str, str | Sequence[str] | Mapping[str, str]] = {"source": source}
            if stem != name:
                entry["name"] = name
            files = self._file_products(part, stored[name])
            held = {"nb": f"{self._place.product(name)}.ipynb"}
            for each in stored[name]:
                held[each.key] = each.path
                if each.picture is not None:
                    held[each.picture[0]] = each.picture[1]
            entry["product"] = {**held, **files}
            entries.append(entry)
            self._tasks.append(self._task(part, writer, source, products[name]))
        self._edges = list(self._edges_of(flow, writer, products))
        self._definitions = tuple(
            SplitDefinition(
                name=each.name,
                cell=each.statement.cell,
                goes=each.goes,
                choices=each.choices,
                why=each.why,
                parameters=each.parameters,
            )
            for each in flow.definitions
        )
        if text:
            self._create(f"{module}.py", text.encode())
            tests = tests_text(module, flow.definitions) if request.tests else ""
            if tests:
                self._create(f"tests/test_{module}.py", tests.encode(), keep=True)
        self._create(place.entry.name, pipeline_text(place.notebook, entries).encode())
        self._beside(statements, _modules_used(statements, flow, lines), _modules_needed(stored), {module})

    def _suffix(self) -> str:
        return self._request.source_format or ("ipynb" if self._place.notebook.endswith(".ipynb") else "py")

    def _file_products(self, part: Part, stored: Sequence[Stored]) -> dict[str, str]:
        taken = {"nb", *(each.key for each in stored), *(each.picture[0] for each in stored if each.picture)}
        return {free(in_path(PurePosixPath(path).stem) or "file", taken): path for path in part.files}

    def _task(self, part: Part, writer: Writer, source: str, products: Sequence[SplitProduct]) -> SplitTask:
        section = part.section
        return SplitTask(
            name=section.name,
            title=section.title,
            first=section.first,
            end=section.end,
            source=source,
            upstream=writer.upstream(part),
            products=tuple(products),
            files=part.files,
            repeated=tuple(
                writer.text_of(each)
                for each in (*part.repeated, *part.loaded)
                if each.kind != "import" and not section.first <= each.cell < section.end
            ),
        )

    def _edges_of(
        self, flow: Flow, writer: Writer, products: Mapping[str, Sequence[SplitProduct]]
    ) -> Iterable[SplitEdge]:
        first = {part.section.name: part.section.first for part in flow.parts}
        for part in flow.parts:
            for source in writer.upstream(part):
                crossing = [
                    SplitVariable(id=f"{first[source]}:{taken.given.names[0]}", name=name, evidence=taken.evidence)
                    for taken in part.takes
                    if taken.section == source and writer.place_of(taken) is not None
                    for name in taken.names
                ]
                crossing += [
                    SplitVariable(id="", name=read.path, evidence=read.evidence)
                    for read in part.reads
                    if read.section == source
                ]
                yield SplitEdge(source=source, target=part.section.name, variables=tuple(crossing))

    # --- The notebook as one task

    def single(self) -> None:
        made = single_task(self._book, self._content, self._suffix(), self._place.home + TASKS)
        section = Section(made.name, "", 0, len(self._book.cells))
        self._parts = (section,)
        if made.source is not None:
            self._create(made.path, made.source)
        entry: dict[str, str | Sequence[str] | Mapping[str, str]] = {"source": made.path}
        if PurePosixPath(made.path).stem != made.name:
            entry["name"] = made.name
        entry["product"] = {"nb": f"{self._place.product(made.name)}.ipynb"}
        self._tasks.append(
            SplitTask(
                name=made.name,
                title="",
                first=0,
                end=len(self._book.cells),
                source=made.path,
                upstream=(),
                products=(),
            )
        )
        self._create(self._place.entry.name, pipeline_text(self._place.notebook, [entry]).encode())
        statements, _ = read_statements(self._book)
        self._beside(statements, modules_of(statements), (), ())

    # --- Files

    def _beside(
        self, statements: Sequence[Statement], modules: Iterable[str], needed: Iterable[str], own: Iterable[str]
    ) -> None:
        """README, .gitignore, requirements.txt: each with what it lacks."""
        place = self._place
        used = dict.fromkeys(modules)
        if "fastparquet" not in used:
            used |= dict.fromkeys(needed)
        wanted = requirements_of(used, {*own, *_modules_in(place.root)}, optional_of(statements), self._trace)
        self._add("requirements.txt", lambda before: requirements_after(before, wanted))
        self._add(".gitignore", lambda before: gitignore_after(before, place.prefix))
        title = place.root.name
        self._add(
            "README.md",
            lambda before: readme_after(
                before,
                title,
                notebook=place.notebook,
                pipeline=place.entry.name,
                tasks=f"{place.home}{TASKS}/",
                prefix=f"{place.prefix}/",
            ),
        )

    def _create(self, path: str, content: bytes, *, keep: bool = False) -> None:
        """A file that is new, or is there as it would be. `keep`: or stays as it is."""
        before = self._read(path)
        if before is not None and before != content:
            if not keep:
                self._say_taken(path)
            self._files[path] = FileChange(path, before, before), "kept"
            return
        self._files[path] = FileChange(path, before, content), "created" if before is None else "same"

    def _say_taken(self, path: str) -> None:
        stem = re.sub(r"\W+", "-", PurePosixPath(self._place.notebook).stem).strip("-") or "pipeline"
        message = f"{path} is there already, with something else in it."
        if path == self._place.entry.name:
            name = f"{PurePosixPath(path).stem}.{stem}.yaml"
            hint = f"It stays as it is. Take back what was made before, or write another file, such as {name}."
            other = SplitProposal(message=f"Write {name} instead", pipeline=name)
        else:
            hint = "It stays as it is. Take back what was made before, move it away, or choose another folder."
            other = SplitProposal(message=f"Write into the folder {stem}", folder=stem)
        self.say(Remark("file_exists", "error", message, hint, names=(path,)), other)

    def _add(self, path: str, after: Callable[[str | None], str | None]) -> None:
        """A text with something more in it."""
        before = self._read(path)
        if before is None:
            text = after(None)
            if text is not None:
                self._files[path] = FileChange(path, None, text.encode()), "created"
            return
        try:
            old = before.decode()
        except UnicodeDecodeError:
            self._files[path] = FileChange(path, before, before), "kept"
            return
        windows = old.count("\r\n") == old.count("\n") > 0
        text = after(old.replace("\r\n", "\n") if windows else old) or ""
        content = (text.replace("\n", "\r\n") if windows else text).encode()
        self._files[path] = FileChange(path, before, content), "same" if content == before else "edited"

    def _read(self, path: str) -> bytes | None:
        try:
            return read_inside(self._place.root, path, max(_LARGEST, source_limit(path)))
        except LeadsOutside as error:
            raise UsageError(f"{path} leads out of the folder.", hint="Choose another folder.") from error
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}.", hint="Move it away, or permit it.") from error

    # --- The end of it

    def done(self) -> Plan:
        """The plan, checked as though it were done."""
        place = self._place
        problems = () if self._refused or not self._files else self._checked()
        files = tuple(
            replace(change, after=change.before) if kind == "kept" else change for change, kind in self._files.values()
        )
        changes = tuple(change for change in files if change.before != change.after)
        planned = None
        if not self._refused:
            planned = Planned(Change(place.root, changes, self._said(changes)), problems=problems)
        needed = [each for definition in self._flow.definitions for each in definition.needs if each.kind != "import"]
        moved = dict.fromkeys(name for each in needed for name in each.effect.binds)
        return Plan(self._shown(), place.entry, planned, place.notebook, tuple(moved))

    def _said(self, changes: Sequence[FileChange]) -> tuple[str, ...]:
        if not changes:
            return ("All of it is there already: nothing had to change.",)
        made = [each.path for each in changes if each.before is None and each.path not in _ADDED]
        more = [each.path for each in changes if each.path in _ADDED]
        said = [f"Created {self._place.entry.name} with {_counted(len(self._tasks), 'task')}."] if made else []
        return (*said, *([f"Written: {', '.join(more)}."] if more else ()))

    def _checked(self) -> tuple[Problem, ...]:
        """Loads what would be there; what is wrong with that is an error."""
        contents = {path: change.after for path, (change, _) in self._files.items()}
        project: Project = load(self._place.entry, ParseCache(), contents)
        problems = [problem for problem in project.problems if problem.code != "env_missing"]
        problems += [problem for task in project.tasks for problem in errors_of(project, task)]
        told = set()
        for problem in problems:
            if problem.severity == "error" and (problem.code, problem.message) not in told:
                told.add((problem.code, problem.message))
                task = f"The task '{problem.task}' would not run: " if problem.task else ""
                place = f" ({problem.where.path})" if problem.where is not None and not task else ""
                self.say(Remark(problem.code, "error", f"{task}{problem.message}{place}", problem.hint), _SINGLE)
        return tuple(problem for problem in problems if problem.severity != "error")

    def _shown(self) -> Split:
        place, book = self._place, self._book
        levels: dict[int, int] = {}
        for heading in book.headings:
            levels.setdefault(heading.cell, heading.level)
        order = {"error": 0, "warning": 1, "note": 2}
        return Split(
            notebook=self._request.notebook,
            digest=digest(self._content),
            pipeline=place.shown,
            levels=tuple(SplitLevel(level=level, count=count) for level, count in self._sections.levels),
            level=self._sections.level,
            cuts=tuple(section.first for section in self._parts),
            cells=tuple(
                SplitCell(number=cell.number, kind=cell.kind, text=cell.text, heading=levels.get(cell.number))
                for cell in book.cells
            ),
            tasks=tuple(self._tasks),
            edges=tuple(self._edges),
            definitions=self._definitions,
            files=tuple(_file(change, kind) for change, kind in self._files.values()),
            remarks=tuple(sorted(self._remarks, key=lambda remark: order[remark.severity])),
            traced=self._trace is not None,
            applicable=not self._refused,
        )


def _is_left(part: Part, statements: Iterable[Statement]) -> bool:
    """Is there anything in the section that does not go elsewhere?"""
    gone = {each.index for each in part.removed}
    section = part.section
    return any(section.first <= each.cell < section.end and each.index not in gone for each in statements)


def _file(change: FileChange, kind: _FileKind) -> SplitFile:
    content = change.after or b""
    text = content.decode("utf-8", "replace")
    if len(text) > _SHOWN:
        text = f"{text[:_SHOWN]}\n…\n"
    return SplitFile(path=change.path, kind=kind, text=text, diff=change.diff if kind == "edited" else "")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def _is_installed(name: str, root: Path) -> bool:
    """Is there a module of that name, for whoever works with this Python? Nothing is imported for that."""
    if name in sys.stdlib_module_names:
        return True
    here = {root, Path.cwd()}  # on the path of `python -m`, but of nobody else's
    elsewhere = [entry for entry in sys.path if entry and Path(entry) not in here]
    try:
        return importlib.machinery.PathFinder.find_spec(name, elsewhere) is not None
    except (ImportError, ValueError, OSError):
        return False


def _modules_in(root: Path) -> set[str]:
    """What code of the project can import from its folder."""
    try:
        with os.scandir(root) as entries:
            found = {entry.name for entry in islice(entries, _MOST_FILES)}
    except OSError:
        return set()
    return {name.removesuffix(".py") for name in found if name.endswith(".py") or name.isidentifier()}


def _modules_used(statements: Sequence[Statement], flow: Flow, lines: Iterable[str]) -> tuple[str, ...]:
    """What the tasks and the module import: what of the notebook went into them, and lines of ours."""
    dropped = {each.index for part in flow.parts for each in part.removed}
    kept = {each.index for part in flow.parts for each in (*part.repeated, *part.loaded)}
    kept |= {each.index for definition in flow.definitions for each in (definition.statement, *definition.needs)}
    used = [each for each in statements if each.index not in dropped or each.index in kept]
    return tuple(dict.fromkeys((*modules_of(used), *(name for line in lines for name in modules_in(line)))))


def _modules_needed(stored: Mapping[str, Sequence[Stored]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in stored.values() for one in each for name in one.code.needs))
