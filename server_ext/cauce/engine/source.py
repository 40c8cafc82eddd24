"""What a task's text says: its upstream, its code, what it imports. Read, never run.

Works on notebook cells, so every text format that jupytext knows gives the same facts.
Comments, blank lines, formatting and Markdown are not code; magics, tags that decide how a cell is
run, and where cells begin and end are.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import json
import platform
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cauce.contract import Problem, Where
from cauce.engine.cellcode import CellCode, Loads, UpstreamReads, loads_of, read_cell, upstream_reads
from cauce.engine.injection import INJECTED_TAG, PARAMETERS_TAG, language_of, place_of_injected, tags_of
from cauce.engine.notebook import SourceError, read_notebook

__all__ = [
    "MAX_CODE",
    "TOO_LARGE_HINT",
    "Code",
    "SourceFacts",
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


def digest(content: bytes) -> str:
    """The hash we use for everything: BLAKE2b, 16 bytes, as hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def source_limit(source: str) -> int:
    """How many bytes a source may have."""
    return _MAX_NOTEBOOK if Path(source).suffix.lower() == ".ipynb" else MAX_CODE


def unparsed(raw: str) -> Code:
    """The identity of code that is only known by the hash of its bytes."""
    return Code(raw, raw)


def read_facts(content: bytes, source: str, task: str, *, extract_upstream: bool) -> SourceFacts:
    """Read a source. Never raises: a text that cannot be read gives facts with a problem.

    Args:
        source: Path relative to the project root, for problems and for the format.
        extract_upstream: Whether dependencies come from the parameters cell.
    """
    raw = digest(content)

    def unreadable(message: str, hint: str, line: int | None = None, code: str = "source_unreadable") -> SourceFacts:
        where = Where(path=source, line=line)
        problem = Problem(code=code, message=message, severity="error", hint=hint, where=where, task=task)
        return SourceFacts(unparsed(raw), "", (), problems=(problem,))

    try:
        notebook = read_notebook(content, Path(source))
        language = language_of(notebook)
        kernel = notebook.metadata.get("kernelspec", {}).get("name")
        counted = [
            (index, str(cell.source), tags_of(cell))
            for index, cell in enumerate(notebook.cells)
            if cell.cell_type == "code" and INJECTED_TAG not in tags_of(cell)
        ]
        place = place_of_injected(notebook)
    except SourceError as error:
        return unreadable(error.message, error.hint, error.line)
    except (AttributeError, KeyError, TypeError):  # an .ipynb of another shape than nbformat's schema
        return unreadable("The notebook is damaged.", "Open it in JupyterLab and save it again.")
    texts = [text for _, text, _ in counted]
    if sum(map(len, texts)) > MAX_CODE:
        message = f"There are more than {MAX_CODE // 1_000_000} MB of code in it."
        return unreadable(message, TOO_LARGE_HINT, code="source_too_large")
    python = language == "python" and Path(source).suffix.lower() not in {".r", ".rmd"}
    codes = [read_cell(text) if python else CellCode((), text, None) for text in texts]
    tags = [_HONOURED.intersection(tags) for _, _, tags in counted]
    injected = sum(index < place for index, _, _ in counted)
    normal = _normalised(list(zip(codes, tags, strict=True)), injected)
    upstream: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    if extract_upstream:
        parameters = next(
            (code for code, (_, _, tags) in zip(codes, counted, strict=True) if PARAMETERS_TAG in tags), None
        )
        upstream, problems = _upstream(parameters, content, source, task, python)
    return SourceFacts(
        code=Code(raw, digest(normal.encode())),
        text=_readable("\n\n".join(texts)),
        upstream=upstream,
        loads=loads_of(codes),
        reads=upstream_reads(codes),
        kernel=kernel if isinstance(kernel, str) else None,
        problems=problems,
    )


def code_of(content: bytes, path: str) -> tuple[Code, Loads]:
    """Identity of a module of the project (or of a notebook that is run), and what it loads."""
    if path.endswith(".ipynb"):
        facts = read_facts(content, path, "", extract_upstream=False)
        return facts.code, facts.loads
    code = read_cell(content.decode("utf-8-sig", "replace"))
    return Code(digest(content), digest(_normalised([(code, ())]).encode())), loads_of([code])


def unified_diff(before: str, after: str, name: str) -> str:
    """The change of code between two texts, as a unified diff; '' when equal."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{name} (last success)", f"{name} (now)", lineterm=""
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


def _readable(text: str) -> str:
    """Without halves of characters, which can neither be stored nor sent."""
    return text.encode("utf-8", "replace").decode("utf-8")


# --- Upstream -----------------------------------------------------------------------------


def _upstream(
    code: CellCode | None, content: bytes, source: str, task: str, python: bool
) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    def problem(code: str, message: str, hint: str, line: str = "") -> tuple[tuple[str, ...], tuple[Problem, ...]]:
        where = Where(path=source, line=_line_of(line, content))
        words = _readable(message)
        return (), (Problem(code=code, message=words, severity="error", hint=hint, where=where, task=task),)

    if code is None:
        return (), ()
    if not python:
        return problem(
            "unsupported",
            "Dependencies can only be read from Python sources.",
            "Set 'meta: {extract_upstream: false}' and give 'upstream' in pipeline.yaml.",
        )
    if code.tree is None:
        return problem("parameters_syntax", "The parameters cell is not valid Python.", "Mend its syntax.", code.text)
    assigned = list(_assignments(code.tree, "upstream"))
    if not assigned:
        return (), ()
    value = assigned[-1]
    written = ast.get_source_segment(code.text, value) or ""
    first_line = code.text.split("\n")[value.lineno - 1]
    try:
        names = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return problem(
            "upstream_not_literal",
            f"'upstream' must be written out, not computed: {written[:80]}",
            'Write a list of task names: upstream = ["load", "clean"], or None.',
            first_line,
        )
    if names is None:
        return (), ()
    if not isinstance(names, list | tuple | set | dict) or not all(isinstance(name, str) for name in names):
        return problem(
            "upstream_shape",
            f"'upstream' must be a list of task names or None, not {written[:80]}",
            'Write upstream = ["name"] (a list, even for one).',
            first_line,
        )
    # A set has no order of its own; take the one in which it was written.
    ordered = (
        [item.value for item in value.elts if isinstance(item, ast.Constant)] if isinstance(value, ast.Set) else names
    )
    return tuple(dict.fromkeys(_readable(str(name)) for name in ordered)), ()


def _assignments(tree: ast.Module, name: str) -> Iterator[ast.expr]:
    """Values assigned to a name by top-level statements, in order.

    For ``name += …`` and ``name, other = …`` what is given back is no literal list, so that
    they are refused rather than overlooked.
    """
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=targets, value=value):
                if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                    yield value
                for target in targets:
                    if not isinstance(target, ast.Name) and _binds(target, name):
                        yield target
            case ast.AugAssign(target=ast.Name(id=target_name) as target):
                if target_name == name:
                    yield target
            case ast.AnnAssign(target=ast.Name(id=target_name), value=ast.expr() as annotated):
                if target_name == name:
                    yield annotated


def _binds(target: ast.expr, name: str) -> bool:
    return any(
        isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Store) for part in ast.walk(target)
    )


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
