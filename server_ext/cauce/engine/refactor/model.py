"""What the parts of a split agree on: frozen data, and nothing that acts.

A *cell* is counted in the notebook, from 0, Markdown included; a *line* in its cell, from 1. Names are the
notebook's own top-level names. Tuples of names are in the order in which they first occur, never in that of a
set: the same notebook gives the same pipeline, to the byte.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

__all__ = [
    "Book",
    "Cell",
    "Definition",
    "Effect",
    "Evidence",
    "Flow",
    "Given",
    "Heading",
    "Names",
    "Part",
    "Remark",
    "Section",
    "Share",
    "Statement",
    "Sureness",
    "Taken",
    "TakenFile",
    "TextEdit",
    "Trace",
    "TracedCell",
    "TracedValue",
    "Wishes",
]

Names = tuple[str, ...]
Evidence = Literal["static", "traced", "user"]
"""How it is known: read in the code, seen when the notebook ran, or said by the user."""
Sureness = Literal["sure", "possible"]


# --- The notebook -------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """A cell as the notebook has it."""

    number: int
    kind: Literal["code", "markdown", "raw"]
    text: str
    tags: Names = ()


@dataclass(frozen=True)
class Heading:
    """A Markdown heading: one that a Markdown parser sees, not one in a fenced block."""

    cell: int
    level: int
    """1 to 6."""
    text: str
    """As it reads: without marks of emphasis, code, links."""


@dataclass(frozen=True)
class Book:
    """A notebook or script, read."""

    path: str
    """Where it is, relative to the folder that the pipeline goes into."""
    cells: tuple[Cell, ...]
    headings: tuple[Heading, ...]
    language: str
    """'python' is what can be split."""
    metadata: Mapping[str, object]
    """Of the notebook: kernelspec, language_info, jupytext."""
    digest: str
    """Of its code cells in order: a trace is good for a book with the same."""


@dataclass(frozen=True)
class Section:
    """Cells that become one task: from `first`, up to and without `end`."""

    name: str
    """The task's: readable, unique."""
    title: str
    """The heading; '' when there is none."""
    first: int
    end: int


# --- What code does to names ---------------------------------------------------------------


@dataclass(frozen=True)
class Share:
    """After the statement two names may lead to one object."""

    name: str
    other: str
    """The name itself, too: it may share what it shared before (`a = a[0]`). A name that the statement binds anew
    stands for what it was before and after (`a, b = b, a`)."""
    whole: bool
    """The same object (`a = b`); else one holds the other, or both hold something (`d = {'k': b}`, `a = b[0]`)."""


@dataclass(frozen=True)
class Effect:
    """What one top-level statement does to names of the notebook."""

    reads: Names = ()
    """What it needs from before, because it reads it before it has bound it. Builtins count: a section may rebind
    them. Names that are neither bound before nor builtins are an unbound name's."""
    later: Names = ()
    """What is read when something that it defines is called: bodies of functions, lambdas, methods."""
    binds: Names = ()
    """Bound afterwards, whichever way it went; targets of loops and of `with` as well."""
    may_bind: Names = ()
    """Bound on some ways through it."""
    deletes: Names = ()
    mutates: Mapping[str, Sureness] = field(default_factory=dict)
    """Names of objects that it changes in place. sure: `x[k] = v`, `x.a = v`, `x += y`, `items.append(1)`,
    `inplace=True`, a function of this notebook that does so with its argument. possible: a method whose result is
    thrown away and that is not known to leave its object alone."""
    handed: Names = ()
    """Arguments of functions of which nothing is known: they might be changed, which is said and not assumed."""
    shares: tuple[Share, ...] = ()
    reads_files: Names = ()
    """Paths, as written in the code."""
    writes_files: Names = ()
    random: bool = False
    """Does it draw from a generator that the whole process shares?"""
    unstorable: Mapping[str, str] = field(default_factory=dict)
    """Names that it binds to what no file can hold → what that is: 'an open file', 'a generator', 'a connection'."""


@dataclass(frozen=True)
class Statement:
    """One top-level statement of a code cell; a cell that is no Python (``%%bash``) is one statement."""

    index: int
    """Its place among all statements of the notebook."""
    cell: int
    line: int
    start: int
    """Where its text is in the cell's text, in characters: `cell.text[start:stop]`, decorators included."""
    stop: int
    text: str
    kind: Literal["import", "definition", "setup", "code"]
    """import: import statements, and `try` blocks of nothing else. definition: functions, classes. setup: what
    changes the process for all that comes after (seeds, styles, options, warnings, environment, folder,
    ``%matplotlib``) and binds nothing that is a value."""
    effect: Effect
    node: ast.stmt | None = field(default=None, compare=False, repr=False)
    """None for what is no Python. Magics are calls of `_magic_`, as `cellcode` has them."""
    imports: Mapping[str, str] = field(default_factory=dict)
    """Of an import: name that it binds → what that is, dotted ('pandas', 'sklearn.linear_model.Ridge')."""
    star: Names = ()
    """Modules of which it imports everything."""
    setup: str = ""
    """Of set-up: what it sets, in a word or two: 'random seed', 'plot style', 'working folder'."""


# --- What was seen when it ran --------------------------------------------------------------


class TracedValue(msgspec.Struct, frozen=True, omit_defaults=True):
    """A variable as it was at the end of a cell."""

    type: str
    """Module and qualified name: 'pandas.DataFrame', 'int'. Public modules where the class is to be found there."""
    bases: tuple[str, ...] = ()
    """The same of what it is derived from, without `object`: 'sklearn.base.BaseEstimator'."""
    digest: str = ""
    """Of its content, equal for equal content in whatever process; '' where it cannot be compared."""
    summary: str = ""
    """A short word for a human: '(150, 4)', '[1, 2, 3]'. At most 120 characters."""
    size: int | None = None
    """Bytes, roughly."""
    storable: str = ""
    """'' when pickle can store it; 'cloudpickle' when only that can; else why nothing can."""
    json: bool = False
    """Does JSON hold it without loss?"""
    frame: bool = False
    """Is it a table that a parquet file holds without loss (names of columns are texts, the index is plain)?"""


class TracedCell(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one code cell did."""

    cell: int
    seconds: float = 0.0
    bound: tuple[str, ...] = ()
    """New, or another object than before."""
    mutated: tuple[str, ...] = ()
    """The same object with another content."""
    deleted: tuple[str, ...] = ()
    values: dict[str, TracedValue] = {}
    """Of what is bound or mutated."""
    same: tuple[tuple[str, ...], ...] = ()
    """Names that lead to one object at the end of the cell, if it can change."""
    holds: tuple[tuple[str, str], ...] = ()
    """Names of which the first's object holds the second's, or both hold one that can change."""
    reads: tuple[str, ...] = ()
    """Files below the notebook's folder, relative to it, POSIX."""
    writes: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    """What it changed for the whole process: 'random', 'numpy.random', 'matplotlib', 'pandas', 'cwd', 'environ',
    'sys.path', 'warnings'."""
    other: tuple[str, ...] = ()
    """What else was seen of it, in words: 'started a process', 'opened a database', 'connected to the network'."""


class Trace(msgspec.Struct, frozen=True, omit_defaults=True):
    """A notebook, run once, cell by cell, in a fresh kernel."""

    digest: str
    """`Book.digest` of what ran."""
    cells: tuple[TracedCell, ...]
    python: str = ""
    distributions: dict[str, str] = {}
    """Top-level module → 'name==version' of what is installed where it ran, of modules that were imported."""
    stars: dict[str, tuple[str, ...]] = {}
    """Module → the names that `from module import *` brings."""
    failed: int | None = None
    """The cell that raised; what comes after it did not run."""
    error: str = ""


# --- What crosses the cuts ------------------------------------------------------------------


@dataclass(frozen=True)
class TextEdit:
    """Characters of a cell's text to replace."""

    cell: int
    start: int
    stop: int
    text: str


@dataclass(frozen=True)
class Given:
    """One product of a section: an object, by all names that lead to it."""

    names: Names
    """More than one: they are one object, or share parts, and have to be stored together to stay so."""
    whole: bool = True
    """All names lead to the same object; else they share parts."""
    type: str = ""
    """As traced, or as the code says ('pandas.DataFrame' of `pd.read_csv(…)`); '' when not known."""
    evidence: Evidence = "static"
    value: TracedValue | None = None
    unstorable: str = ""
    """Why no file can hold it; '' when one can, as far as is known."""
    by_value: bool = False
    """Does it hold functions that have no name to be found by, such as lambdas? Then pickle cannot store it."""
    recreate: tuple[Statement, ...] = ()
    """Statements that make it anew, imports among them, in the notebook's order; none when it follows from more than
    imports, constants and files."""


@dataclass(frozen=True)
class Taken:
    """What a section uses of an earlier one."""

    section: str
    given: Given
    names: Names
    """Those of `given.names` that it uses."""
    evidence: Evidence


@dataclass(frozen=True)
class TakenFile:
    """A file that a section reads, or writes anew, after an earlier one has written it."""

    section: str
    path: str
    """As in `Part.files`; not all that are taken are products."""
    evidence: Evidence


@dataclass(frozen=True)
class Part:
    """A section as a task."""

    section: Section
    takes: tuple[Taken, ...] = ()
    upstream: Names = ()
    """Sections that come first: of what it takes, and of files that it reads."""
    gives: tuple[Given, ...] = ()
    repeated: tuple[Statement, ...] = ()
    """In the order of the notebook, `from __future__` first: imports, set-up, definitions and what these need. They
    stand at its top. Those of its own cells are imports alone, and taken out of there; an import or definition whose
    place matters stays where it is, and is neither here nor in `removed`."""
    loaded: tuple[Statement, ...] = ()
    """Repeated, too, but only after what it takes is there, because they read that."""
    removed: tuple[Statement, ...] = ()
    """Of its own cells, because they stand at the top, in the module, or only where they are used."""
    imported: Names = ()
    """Names that it imports from the module of definitions: of functions, classes and of constants that these need."""
    reads: tuple[TakenFile, ...] = ()
    files: Names = ()
    """What it writes, and is the only one to: products."""


@dataclass(frozen=True)
class Definition:
    """A function or class of the notebook, and where it goes."""

    name: str
    statement: Statement
    goes: Literal["module", "parameters", "copied"]
    """module: into the module of definitions, with what it needs. parameters: there, too, with the names that it
    reads as further parameters, and its calls changed. copied: into each task that uses it."""
    needs: tuple[Statement, ...] = ()
    """What moves along: imports, constants."""
    parameters: Names = ()
    choices: tuple[Literal["module", "parameters", "copied"], ...] = ("copied",)
    """Where it can go."""
    why: str = ""
    """Why it does not go into the module as it is."""


@dataclass(frozen=True)
class Remark:
    """What the user should know before it is applied; an error keeps it from being applied."""

    code: str
    severity: Literal["error", "warning", "note"]
    message: str
    hint: str = ""
    cell: int | None = None
    line: int | None = None
    names: Names = ()


@dataclass(frozen=True)
class Flow:
    """The notebook, followed through."""

    parts: tuple[Part, ...]
    definitions: tuple[Definition, ...] = ()
    edits: tuple[TextEdit, ...] = ()
    """Of cells' texts, in their order, wherever that text goes: signatures and calls with further parameters, star
    imports with what is used of them. `edits.text_of` gives a statement's text with them."""
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Wishes:
    """What the user knows better."""

    edges: tuple[tuple[int, str, int | None], ...] = ()
    """First cell of the section that uses a variable, its name, first cell of the section that it is taken from; None:
    it is not taken from any."""
    definitions: Mapping[str, Literal["module", "parameters", "copied"]] = field(default_factory=dict)
    repeated: Mapping[int, bool] = field(default_factory=dict)
    """Cell → are its statements set-up?"""
