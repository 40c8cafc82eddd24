"""A section as the text of a task. Pure.

    title, prose            as in the notebook
    imports     ◄── what the section needs of them, and what our own lines need
    set-up, definitions     of other sections, repeated
    parameters  ◄── upstream = [...], product = None: filled in when it is opened or run
    load        ◄── a variable of another task a line
    the section's cells     without what stands above, or in the module
    save        ◄── what later sections use

Statements keep the order of the notebook among themselves, but that imports come first where nothing that they could
depend on (the environment, the folder, where modules are looked for) is set before them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest

from cauce.engine.injection import PARAMETERS_TAG
from cauce.engine.refactor.model import Book, Cell, Flow, Names, Part, Statement, Taken
from cauce.engine.refactor.writing.cutting import lifted, rest_of
from cauce.engine.refactor.writing.formats import Stored
from cauce.engine.refactor.writing.naming import Imports, meanings_of, names_in

__all__ = ["TaskCell", "Writer"]

_Framed = Callable[[str], str]
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_WORD = re.compile(r"\{(\w+)\}")
WIDTH = 88
"""As black and ruff have it, unless told otherwise."""
_OURS = frozenset({"upstream", "product"})
_TAGS = frozenset({PARAMETERS_TAG, "injected-parameters", "debugging-settings"})
"""What says to Cauce and papermill what a cell is for; a cell of the section is for nothing such."""
_SETS_IMPORTS = re.compile(
    r"\benviron\b|\bputenv\b|\bsys\.path\b|\bchdir\b|\bload_dotenv\b|^\s*!|^\s*%(?:env|set_env|cd|pip|conda|mamba|uv|load_ext)\b",
    re.M,
)
"""Set-up that imports after it may depend on."""


@dataclass(frozen=True)
class TaskCell:
    """A cell of a task."""

    kind: str
    """code, markdown or raw."""
    text: str
    tags: Names = ()
    origin: int | None = None
    """The cell of the notebook that it was."""


@dataclass(frozen=True)
class Loaded:
    """A product of another task, and the names that this one uses of it."""

    task: str
    stored: Stored
    names: Names


class Writer:
    """Writes the parts of one flow."""

    def __init__(
        self,
        book: Book,
        statements: Sequence[Statement],
        flow: Flow,
        stored: Mapping[str, Sequence[Stored]],
    ) -> None:
        """`stored`: section → what it stores, in order."""
        self.book = book
        self.flow = flow
        self.stored = stored
        self.statements = statements
        self.of_cell: dict[int, list[Statement]] = {}
        for statement in statements:
            self.of_cell.setdefault(statement.cell, []).append(statement)
        self.meanings = meanings_of(statements)
        self.titles = {heading.cell for heading in book.headings}

    def text_of(self, statement: Statement) -> str:
        """A statement as it stands outside of its cell."""
        text = self.book.cells[statement.cell].text
        edits = [edit for edit in self.flow.edits if edit.cell == statement.cell]
        return lifted(text, statement, edits, self.of_cell[statement.cell])

    def upstream(self, part: Part) -> Names:
        """The tasks whose products it needs: not those of which it makes everything anew."""
        needed = {taken.section for taken in part.takes if self.place_of(taken) is not None}
        anew = {taken.section for taken in part.takes} - needed
        writers = {other.section.name for other in self.flow.parts if other.files}
        return tuple(name for name in part.upstream if name not in anew or name in writers)

    def cells(self, part: Part, module: str) -> tuple[TaskCell, ...]:
        """The task of a part, from its title to what it saves; `module`: that of the definitions."""
        return tuple(_Task(self, part, module).cells())

    def loads(self, part: Part) -> list[Loaded]:
        """What a task loads, task by task, in the order in which each stores it."""
        found = [
            Loaded(taken.section, place, taken.names)
            for taken in part.takes
            if (place := self.place_of(taken)) is not None
        ]
        order = {id(place): number for places in self.stored.values() for number, place in enumerate(places)}
        tasks = {name: number for number, name in enumerate(part.upstream)}
        return sorted(found, key=lambda each: (tasks.get(each.task, -1), order[id(each.stored)]))

    def place_of(self, taken: Taken) -> Stored | None:
        """Where it is stored; None for what is made anew."""
        for stored in self.stored.get(taken.section, ()):
            if stored.given.names == taken.given.names:
                return stored
        return None


class _Task:
    """One task, put together."""

    def __init__(self, writer: Writer, part: Part, module: str) -> None:
        self._writer = writer
        self._module = module
        self._part = part
        self._book = writer.book
        section = part.section
        self._own = [each for each in writer.statements if section.first <= each.cell < section.end]
        self._loads = writer.loads(part)
        self._saves = writer.stored.get(section.name, ())
        self._top, self._late = self._arranged()
        self._first, self._next = self._imports_first()
        self._gone = frozenset(each.index for each in part.removed)
        there = {name: what for each in self._top for name, what in each.imports.items()}
        self._imports = Imports(writer.meanings, there)
        mentioned = names_in([*self._own, *self._top, *self._late]) | {
            name for taken in part.takes for name in taken.names
        }
        self._shadowed = bool(mentioned & _OURS)
        self._upstream_is, self._product_is = (
            (writer.meanings.free("task_upstream"), writer.meanings.free("task_product"))
            if self._shadowed
            else ("upstream", "product")
        )

    def cells(self) -> Iterator[TaskCell]:
        part = self._part
        cells = self._book.cells[part.section.first : part.section.end]
        title = self._title(cells)
        yield from (_as_it_was(cell) for cell in cells[:title])
        load, save = self._load(), self._save()  # they say what is to be imported
        if imports := self._import_text():
            yield TaskCell("code", imports, ("imports",))
        yield from self._set_up(self._next)
        yield TaskCell("code", self._parameters(), (PARAMETERS_TAG,))
        if load:
            yield TaskCell("code", load, ("load",))
        yield from self._set_up(self._late)
        yield from self._without_bare_headings([made for cell in cells[title:] for made in self._own_cell(cell)])
        if save:
            yield TaskCell("code", save, ("save",))

    # --- The order of things

    def _arranged(self) -> tuple[list[Statement], list[Statement]]:
        """What stands above the parameters, and what behind the variables: each in the notebook's order."""
        part = self._part
        own = {each.index for each in self._own} - {each.index for each in part.removed}
        top = {each.index: each for each in part.repeated if each.index not in own}
        late = {each.index: each for each in part.loaded if each.index not in own}
        for taken in part.takes:
            if self._writer.place_of(taken) is None:
                for each in taken.given.recreate:
                    (top if each.kind == "import" else late)[each.index] = each
        # What has the name of what a task is given waits until that is read.
        late |= {index: each for index, each in top.items() if not _OURS.isdisjoint(_binds(each))}
        return [top[index] for index in sorted(top) if index not in late], [late[index] for index in sorted(late)]

    def _imports_first(self) -> tuple[list[Statement], list[Statement]]:
        """What stands at the top in two: imports with what has to be before them, and the rest."""
        goes = {each.index for each in self._top if each.kind == "import"}
        needed: set[str] = set()
        changes = False  # A folder is made before it becomes the working folder.
        for each in reversed(self._top):
            changes = changes or _sets_imports(each)
            ahead = _sets_imports(each) or (changes and each.setup == "folder")
            if ahead or (each.kind != "import" and not needed.isdisjoint(_binds(each))):
                goes.add(each.index)
                needed.update(each.effect.reads, each.effect.later)
        first: list[Statement] = []
        rest: list[Statement] = []
        later = set(self._part.imported)
        stuck = False
        for each in self._top:
            waits = not later.isdisjoint((*each.effect.reads, *each.effect.later))
            if each.index in goes and not waits and not (stuck and each.kind == "import"):
                first.append(each)
            else:
                stuck = stuck or (waits and _sets_imports(each))
                later.update(_binds(each))
                rest.append(each)
        return first, rest

    # --- Cells

    def _title(self, cells: Sequence[Cell]) -> int:
        """How many cells stay above everything: up to the section's title, and the prose below that."""
        prose = 0
        while prose < len(cells) and cells[prose].kind != "code":
            prose += 1
        titles = self._writer.titles
        name = self._part.section.title
        named = [
            number
            for number, cell in enumerate(cells[:prose])
            if any(heading.cell == cell.number and heading.text == name for heading in self._book.headings)
        ]
        if not named or not name:
            return prose
        stop = named[-1] + 1
        while stop < prose and cells[stop].number not in titles:
            stop += 1
        return stop

    def _import_text(self) -> str:
        first = self._first
        future = [each for each in first if _is_future(each)]
        theirs = [self._writer.text_of(each) for each in first if not _is_future(each)]
        ours = sorted(self._imports.lines, key=lambda line: (line.startswith("from "), line))
        standard = [line for line in ours if _is_standard(line)]
        others = [line for line in ours if not _is_standard(line)]
        careful = any(_sets_imports(each) for each in first)
        blocks = [
            [self._writer.text_of(each) for each in future],
            standard,
            [*theirs, *others] if careful else [*others, *theirs],
            [_wrapped(f"from {self._module} import", self._part.imported)] if self._part.imported else [],
        ]
        return "\n\n".join("\n".join(block) for block in blocks if block)

    def _set_up(self, statements: Sequence[Statement]) -> Iterator[TaskCell]:
        for defines, group in groupby(statements, key=lambda each: each.kind == "definition"):
            gap, tag = ("\n\n\n", "definitions") if defines else ("\n", "setup")
            yield TaskCell("code", gap.join(self._writer.text_of(each) for each in group), (tag,))

    def _parameters(self) -> str:
        names = self._writer.upstream(self._part)
        return (
            f"{_listed('upstream', [quoted(name) for name in names])}\nproduct = None"
            if names
            else ("upstream = None\nproduct = None")
        )

    def _load(self) -> str:
        lines: list[str] = []
        if self._shadowed:
            lines.append(f"{self._upstream_is}, {self._product_is} = upstream, product")
        for loaded in self._loads:
            path = f"{self._upstream_is}[{quoted(loaded.task)}][{quoted(loaded.stored.key)}]"
            lines += self._load_lines(loaded, path)
        return "\n".join(lines)

    def _load_lines(self, loaded: Loaded, path: str) -> list[str]:
        given, names = loaded.stored.given, loaded.names
        target, index = names[0], ""
        if not given.whole and len(names) == 1:
            index = f"[{given.names.index(names[0])}]"
        elif not given.whole:
            rest = self._writer.meanings.free("_unused")
            target = ", ".join(name if name in names else rest for name in given.names)
        lines = self._with_file(
            loaded.stored, path, lambda code: f"{target} = {code}{index}", loaded.stored.code.load, "r"
        )
        if given.whole:
            lines += [f"{name} = {target}" for name in names[1:]]
        return lines

    def _save(self) -> str:
        if not self._saves:
            return ""
        first = f"{self._product_is}[{quoted(self._saves[0].key)}]"
        options = "parents=True, exist_ok=True"
        lines = _broken(f"{self._imports.name_of('Path')}({first}).parent.mkdir({options})", first, options)
        for stored in self._saves:
            value = stored.given.names[0] if stored.given.whole else f"({', '.join(stored.given.names)})"
            path = f"{self._product_is}[{quoted(stored.key)}]"
            code = stored.code.save.replace("{value}", value)
            lines += self._with_file(stored, path, lambda code: code, code, "w")
            if stored.picture is not None:
                picture = f"{self._product_is}[{quoted(stored.picture[0])}]"
                lines += _broken(f"{value}.savefig({picture})", picture)
        return "\n".join(lines)

    def _with_file(self, stored: Stored, path: str, framed: _Framed, template: str, verb: str) -> list[str]:
        """Lines that run a template of `formats`, with the file open if it takes one."""
        file = self._writer.meanings.free("file")
        code = template.replace("{path}", path).replace("{file}", file)
        code = _WORD.sub(lambda match: self._imports.name_of(match[1]), code)
        mode = stored.code.mode
        if not mode:
            return _broken(framed(code), path)
        how = "" if (verb, mode) == ("r", "t") else quoted(verb + mode.strip("t"))
        opened = f"with {self._imports.name_of('Path')}({path}).open({how}) as {file}:"
        return [*_broken(opened, path, how), *(f"    {line}" for line in _broken(framed(code), file))]

    def _without_bare_headings(self, cells: Sequence[TaskCell]) -> Iterator[TaskCell]:
        """The cells but for headings of which nothing is left: all below has gone into the module, or to the top."""
        cleared = {each.cell for each in self._own if each.index in self._gone} - {cell.origin for cell in cells}
        for cell, after in zip_longest(cells, cells[1:]):
            start = -1 if cell.origin is None else cell.origin
            stop = self._part.section.end if after is None or after.origin is None else after.origin
            ends = after is None or after.kind == "markdown"
            if ends and _is_heading(cell) and any(start < number < stop for number in cleared):
                continue
            yield cell

    def _own_cell(self, cell: Cell) -> Iterator[TaskCell]:
        if cell.kind != "code":
            yield _as_it_was(cell)
            return
        held = self._writer.of_cell.get(cell.number, [])
        removed = [each for each in held if each.index in self._gone]
        edits = [edit for edit in self._writer.flow.edits if edit.cell == cell.number]
        text = rest_of(cell.text, removed, edits, held)
        if text.strip():
            yield replace(_as_it_was(cell), text=text)


def _is_heading(cell: TaskCell) -> bool:
    """Is it headings and nothing else?"""
    lines = [line for line in cell.text.split("\n") if line.strip()]
    return cell.kind == "markdown" and bool(lines) and all(_HEADING.match(line) for line in lines)


def _as_it_was(cell: Cell) -> TaskCell:
    return TaskCell(cell.kind, cell.text, tuple(tag for tag in cell.tags if tag not in _TAGS), cell.number)


def _binds(statement: Statement) -> Iterable[str]:
    return (*statement.effect.binds, *statement.effect.may_bind, *statement.imports)


def _sets_imports(statement: Statement) -> bool:
    """May what is imported after it depend on it?"""
    return statement.kind == "setup" and _SETS_IMPORTS.search(statement.text) is not None


def _is_future(statement: Statement) -> bool:
    return statement.text.startswith("from __future__ ")


def _is_standard(line: str) -> bool:
    return line.split()[1].split(".")[0] in {"json", "pathlib", "pickle"}


def quoted(text: str) -> str:
    """A text as Python has it, in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _listed(name: str, items: Sequence[str]) -> str:
    line = f"{name} = [{', '.join(items)}]"
    if len(line) <= WIDTH:
        return line
    inner = "".join(f"    {item},\n" for item in items)
    return f"{name} = [\n{inner}]"


def _wrapped(head: str, names: Sequence[str]) -> str:
    line = f"{head} {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    inner = "".join(f"    {name},\n" for name in names)
    return f"{head} (\n{inner})"


def _broken(line: str, argument: str, last: str = "") -> list[str]:
    """The line as it is, or broken around the `last` argument in brackets, or else the other, when it is too long."""
    if len(line) <= WIDTH:
        return [line]
    before, found, after = line.partition(f"({last}" if last and line.index(f"({last}") < WIDTH else f"({argument}")
    if not found:
        return [line]
    rest, depth, stop = found + after, 0, 0
    while True:
        depth += (rest[stop] in "([{") - (rest[stop] in ")]}")
        if not depth:
            break
        stop += 1
    inner = [f"    {rest[1:stop]}"]
    if len(inner[0]) > WIDTH and "][" in inner[0]:
        task, _, key = inner[0].rpartition("][")
        inner = [f"{task}][", f"        {key[:-1]}", "    ]"]
    return [f"{before}(", *inner, rest[stop:]]
