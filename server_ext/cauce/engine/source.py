"""What a task's text says: its upstream, its code, what it imports. Read, never run.

Works on notebook cells, so every text format that jupytext knows gives the same facts.
Comments, blank lines, formatting and Markdown are not code; magics, tags that decide how a cell is
run, and where cells begin and end are.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import platform
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cauce.contract import Problem, Where
from cauce.engine.cellcode import CellCode, Loads, UpstreamReads, loads_of, read_cell, said_to_run, upstream_reads
from cauce.engine.codesize import MAX_WORDS, too_much_code
from cauce.engine.document import Value, readable
from cauce.engine.injection import INJECTED_TAG, PARAMETERS_TAG, language_of, place_of_injected, tags_of
from cauce.engine.literals import Assigned, python_assigned, r_assigned, task_names
from cauce.engine.notebook import SourceError, read_notebook

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = [
    "MAX_CODE",
    "TOO_LARGE_HINT",
    "Code",
    "Extracted",
    "Signature",
    "SourceFacts",
    "TemplateUse",
    "code_of",
    "digest",
    "read_facts",
    "source_limit",
    "unified_diff",
    "unparsed",
]

MAX_CODE = 2_000_000
"""Bytes of code that are parsed: more is data, and parsing it would hold up everybody else."""
_MAX_NOTEBOOK = 20_000_000
"""An .ipynb carries its outputs."""
TOO_LARGE_HINT = "Keep data in files of their own; clear the outputs of a notebook."

FLAVOUR = f"py{'.'.join(platform.python_version_tuple()[:2])}/3"
"""Normalised code depends on the Python grammar that parsed it, and on our own rules (/3)."""

_HONOURED = frozenset({"raises-exception", "skip-execution"})
"""Tags that decide what running a cell does."""


@dataclass(frozen=True)
class Code:
    """The identity of a piece of code: equal for texts that do the same by construction."""

    raw: str
    """Hash of the bytes."""
    normal: str
    """Hash of the normalised code; only comparable within one flavour."""
    flavour: str = FLAVOUR

    def same(self, other: Code) -> bool:
        """Whether the two are the same code. Equal bytes are, whatever parsed them."""
        return self.raw == other.raw or (self.flavour == other.flavour and self.normal == other.normal)


@dataclass(frozen=True)
class SourceFacts:
    """What the build and the graph need to know of one source."""

    code: Code
    text: str
    """The code cells one after another, for showing differences."""
    upstream: tuple[str, ...]
    loads: Loads = field(default_factory=Loads)
    reads: UpstreamReads = field(default_factory=UpstreamReads)
    kernel: str | None = None
    """The kernel that the source itself names."""
    problems: tuple[Problem, ...] = ()
    product: Extracted | None = None
    """What the source says that it makes, where it is asked for that."""
    place: Where | None = None
    """Where it is defined: what to open."""
    origin: str = ""
    """The module that `loads` is relative to; '' for the project root."""
    further: tuple[tuple[Loads, str], ...] = ()
    """What other files on the way load, each with the file: packages, modules that hand a function on."""
    passed: Mapping[str, Code] = field(default_factory=dict)
    """Files on the way of which only a part counts: path → identity of that."""
    awaited: tuple[str, ...] = ()
    """Files that it was looked for in, or that would mend it: to be watched."""
    signature: Signature | None = None
    """Of a function."""
    template: TemplateUse | None = None
    """Of a template."""


@dataclass(frozen=True)
class Signature:
    """How a function may be called. Of a decorated one this is what is written, not what is called."""

    parameters: tuple[str, ...]
    """Those that can be given by name, in order."""
    required: frozenset[str]
    """Those without a default."""
    gathers: bool
    """Does it take any other name, with ``**``?"""
    positional_only: tuple[str, ...] = ()
    """Those that cannot be given by name."""
    decorated: bool = False


@dataclass(frozen=True)
class TemplateUse:
    """What a template asks for."""

    names: frozenset[str]
    """Variables that it takes from outside, `upstream` and `product` among them."""
    product: bool
    """Does it say where `product` goes?"""


@dataclass(frozen=True)
class Extracted:
    """Products as a source names them. `cls` is the class that is written around them, in SQL."""

    value: Value
    line: int | None = None
    cls: str | None = None


def digest(content: bytes) -> str:
    """The hash we use for everything: BLAKE2b, 16 bytes, as hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def source_limit(source: str) -> int:
    """How many bytes a source may have."""
    return _MAX_NOTEBOOK if Path(source).suffix.lower() == ".ipynb" else MAX_CODE


def unparsed(raw: str) -> Code:
    """The identity of code that is only known by the hash of its bytes."""
    return Code(raw, raw)


def read_facts(
    content: bytes, source: str, task: str, *, extract_upstream: bool, extract_product: bool = False
) -> SourceFacts:
    """Read a notebook or script. Never raises: a text that cannot be read gives facts with a problem.

    Args:
        source: Path relative to the project root, for problems and for the format.
        extract_upstream: Whether dependencies come from the parameters cell.
        extract_product: Whether products do.
    """
    raw = digest(content)

    def unreadable(message: str, hint: str, line: int | None = None, code: str = "source_unreadable") -> SourceFacts:
        where = Where(path=source, line=line)
        problem = Problem(code=code, message=message, severity="error", hint=hint, where=where, task=task)
        return SourceFacts(unparsed(raw), "", (), problems=(problem,), place=Where(path=source))

    try:
        notebook = read_notebook(content, Path(source))
        language = language_of(notebook)
        kernel = notebook.metadata.get("kernelspec", {}).get("name")
        counted = _code_cells(notebook, language)
        place = place_of_injected(notebook)
        below = _nothing_below(notebook, source, task)
    except SourceError as error:
        return unreadable(error.message, error.hint, error.line, error.code)
    except _TooMuch:
        message = f"There are more than {MAX_CODE // 1_000_000} MB or {MAX_WORDS:,} words of code in it."
        return unreadable(message, TOO_LARGE_HINT, code="source_too_large")
    except (AttributeError, KeyError, TypeError):  # an .ipynb of another shape than nbformat's schema
        return unreadable("The notebook is damaged.", "Open it in JupyterLab and save it again.")
    codes = [cell.code for cell in counted]
    tags = [_HONOURED.intersection(cell.tags) for cell in counted]
    injected = sum(cell.index < place for cell in counted)
    normal = _normalised(list(zip(codes, tags, strict=True)), injected)
    upstream: tuple[str, ...] = ()
    product: Extracted | None = None
    problems: list[Problem] = []
    parameters = next((cell for cell in counted if PARAMETERS_TAG in cell.tags), None)
    if parameters is None:
        if extract_product:
            hint = "Add a cell with the tag 'parameters' that says 'upstream = None' and 'product = …'."
            problems += unreadable("No cell says what the task makes.", hint, code="product_missing_in_source").problems
    elif language not in {"python", "r"} and (extract_upstream or extract_product):
        hint = "Set 'meta: {extract_upstream: false}' and give 'upstream' in pipeline.yaml."
        message = "Dependencies can only be read from Python and R sources."
        problems += unreadable(message, hint, code="unsupported").problems
    elif extract_upstream or extract_product:
        reader = _Parameters(source, task, content, language, parameters)
        upstream = reader.upstream() if extract_upstream else ()
        product = reader.product() if extract_product else None
        problems = reader.problems
    return SourceFacts(
        code=Code(raw, digest(normal.encode())),
        text=readable("\n\n".join(cell.text for cell in counted)),
        upstream=upstream,
        loads=loads_of(codes),
        reads=upstream_reads(codes),
        kernel=kernel if isinstance(kernel, str) else None,
        problems=(*problems, *below),
        product=product,
        place=Where(path=source),
    )


class _TooMuch(Exception):
    """There is more code than is parsed."""


def _code_cells(notebook: NotebookNode, language: str) -> list[_Cell]:
    """The code cells that are the user's. Raises _TooMuch."""
    texts = [
        (index, str(cell.source), tags_of(cell))
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and INJECTED_TAG not in tags_of(cell)
    ]
    if sum(len(text) for _, text, _ in texts) > MAX_CODE or too_much_code("\n".join(text for _, text, _ in texts)):
        raise _TooMuch
    return [
        _Cell(index, text, tags, read_cell(text) if language == "python" else CellCode((), text, None))
        for index, text, tags in texts
    ]


def code_of(content: bytes, path: str) -> tuple[Code, Loads]:
    """Identity of a module of the project (or of whatever else is run or read), and what it loads."""
    if path.endswith(".ipynb"):
        facts = read_facts(content, path, "", extract_upstream=False)
        return facts.code, facts.loads
    if not path.endswith((".py", ".ipy")):
        return unparsed(digest(content)), said_to_run(content.decode("utf-8-sig", "replace").split("\n"))
    code = read_cell(content.decode("utf-8-sig", "replace"))
    return Code(digest(content), digest(_normalised([(code, ())]).encode())), loads_of([code])


def unified_diff(before: str, after: str, name: str, old: str = "last success", new: str = "now") -> str:
    """The change of code between two texts, as a unified diff; '' when equal."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{name} ({old})", f"{name} ({new})", lineterm=""
    )
    return "\n".join(lines)


# --- Normalising --------------------------------------------------------------------------


def _normalised(cells: Sequence[tuple[CellCode, Collection[str]]], injected: int | None = None) -> str:
    """What is left of cells and their tags once all that does not count is gone.

    Where one cell ends and the next begins does count, for each shows something of its own, and
    after how many of them the injected cell comes.
    """
    kept = [(code.normal, sorted(tags)) for code, tags in cells if code.normal]
    before = None if injected is None else sum(bool(code.normal) for code, _ in cells[:injected])
    return json.dumps([kept, before])


# --- The parameters cell ------------------------------------------------------------------


@dataclass(frozen=True)
class _Cell:
    """A code cell that counts: its place among all cells, its text, its tags, what is read of it."""

    index: int
    text: str
    tags: list[str]
    code: CellCode


@dataclass
class _Parameters:
    """Reads the parameters cell of one source, and collects what is wrong with it."""

    source: str
    task: str
    content: bytes
    language: str
    cell: _Cell
    problems: list[Problem] = field(default_factory=list)

    def read(self, name: str) -> Assigned | None:
        """What the cell says of a name; None when that cannot be told, which is a problem."""
        if self.language == "r":
            found = r_assigned(self.cell.text, name)
        elif self.cell.code.tree is None:
            if not self.problems:
                self.problem(
                    "parameters_syntax", "{Cell} is not valid Python.", "Mend its syntax.", self.cell.code.text
                )
            return None
        else:
            found = python_assigned(self.cell.code, name)
        if found.found and not found.literal:
            example = self._example(name)
            message = f"'{name}' must be written out, not computed: {found.written[:80]} ({self._cell})."
            self.problem(f"{name}_not_literal", message, f"Write {example}.", self._line(found))
            return None
        return found

    def upstream(self) -> tuple[str, ...]:
        found = self.read("upstream")
        if found is None:
            return ()
        if not found.found:
            nothing = "upstream <- NULL" if self.language == "r" else "upstream = None"
            hint = f"Add '{nothing}', or the tasks that it needs: '{self._example('upstream', many=False)}'."
            self.problem("upstream_missing", "{Cell} does not say 'upstream': it counts as none.", hint, "", "warning")
            return ()
        names = task_names(found)
        if names is None:
            message = f"'upstream' must be a list of task names or None, not {found.written[:80]} ({self._cell})."
            hint = f"Write {self._example('upstream', many=False)} (a list, even for one)."
            self.problem("upstream_shape", message, hint, self._line(found))
            return ()
        return tuple(dict.fromkeys(map(readable, names)))

    def product(self) -> Extracted | None:
        found = self.read("product")
        if found is None:
            return None
        if not found.found or found.value is None:
            message = "{Cell} does not say what the task makes."
            self.problem("product_missing_in_source", message, f"Add '{self._example('product')}'.", "")
            return None
        return Extracted(found.value, _line_of(self._line(found), self.content))

    @property
    def _cell(self) -> str:
        return f"cell {self.cell.index + 1}"

    def _line(self, found: Assigned) -> str:
        text = self.cell.text if self.language == "r" else self.cell.code.text
        lines = text.split("\n")
        return lines[found.line - 1] if found.line <= len(lines) else ""

    def _example(self, name: str, *, many: bool = True) -> str:
        r = self.language == "r"
        if name == "product":
            path = f"output/{Path(self.source).stem}.ipynb"
            return f'product <- list(nb = "{path}")' if r else f'product = {{"nb": "{path}"}}'
        names = '"load", "clean"' if many else '"load"'
        nothing = f", or {'NULL' if r else 'None'}" if many else ""
        return f"upstream <- list({names}){nothing}" if r else f"upstream = [{names}]{nothing}"

    def problem(
        self, code: str, message: str, hint: str, line: str, severity: Literal["error", "warning"] = "error"
    ) -> None:
        number = _line_of(line, self.content)
        if number is None and not self.source.endswith(".ipynb"):
            number = _line_of(self.cell.text.lstrip("\n"), self.content)
        words = readable(message.replace("{Cell}", f"The parameters cell ({self._cell})"))
        where = Where(path=self.source, line=number)
        self.problems.append(
            Problem(code=code, message=words, severity=severity, hint=hint, where=where, task=self.task)
        )


_NEW_CELL = {
    "percent": "# %%",
    "hydrogen": "# %%",
    "light": "# +",
    "spin": "# +",
    "markdown": "```python",
    "rmarkdown": "```{language}",
}


def _nothing_below(notebook: NotebookNode, source: str, task: str) -> tuple[Problem, ...]:
    """The problem that a source has whose code stands in its parameters cell, or is not there yet."""
    full = [index for index, cell in enumerate(notebook.cells) if str(cell.source).strip()]
    full = [index for index in full if INJECTED_TAG not in tags_of(notebook.cells[index])]
    if not full or PARAMETERS_TAG not in tags_of(notebook.cells[full[-1]]):
        return ()
    form = notebook.metadata.get("jupytext", {}).get("text_representation", {}).get("format_name", "")
    line = _NEW_CELL.get(form, "").replace("{language}", f"{{{language_of(notebook)}}}")
    hint = "Add a code cell below it." if not line else f"Begin your code below it, after a line '{line}'."
    message = "The parameters cell is the last one: nothing would run with what is filled in."
    problem = Problem(
        code="parameters_last", message=message, severity="error", hint=hint, where=Where(path=source), task=task
    )
    return (problem,)


def _line_of(line: str, content: bytes) -> int | None:
    """Where a line of a cell stands in the file, when it stands there once and unchanged."""
    wanted = line.splitlines()[0].strip() if line.strip() else ""
    if not wanted:
        return None
    found = [
        number
        for number, text in enumerate(content.decode("utf-8", "replace").splitlines(), 1)
        if text.strip() == wanted
    ]
    return found[0] if len(found) == 1 else None
