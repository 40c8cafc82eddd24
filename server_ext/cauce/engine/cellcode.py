"""One code cell, or one module, as Python: magics put out of the way, then a syntax tree.

Pure, and linear in the text: it is taken line by line, as IPython does. A cell that begins with
a cell magic is not Python, unless the magic runs it as Python here and now (`%%time`).
"""

from __future__ import annotations

import ast
import contextlib
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise

from cauce.engine.codesize import too_much_code
from cauce.engine.unwarned import unwarned

__all__ = [
    "CellCode",
    "Loads",
    "Meanings",
    "UpstreamReads",
    "first_line",
    "loads_of",
    "meanings_of",
    "read_cell",
    "said_to_run",
    "shielded",
    "upstream_reads",
]

_MAGIC_CALL = "_magic_"
"""The function that a magic becomes a call of in the syntax tree, with its text as the argument."""

_RUNS_PYTHON = frozenset({"capture", "prun", "time", "timeit"})
_HELP = re.compile(r"[^\W\d][\w.*]*")
_TARGET = re.compile(r"[\w.,\s\[\]'\"]+")


@dataclass(frozen=True)
class CellCode:
    """A cell, taken apart."""

    heads: tuple[str, ...]
    """Lines of cell magics, outermost first."""
    text: str
    """What follows them."""
    tree: ast.Module | None
    """None when that is not Python."""
    magics: tuple[str, ...] = ()
    """Texts of the line magics and shell commands."""

    @cached_property
    def normal(self) -> tuple[str, ...]:
        """What the cell does: equal for two that differ in comments, blank lines and formatting.

        Empty when that is nothing. A semicolon at the end counts: it hides what the cell would show.
        """
        if self.tree is not None:
            with contextlib.suppress(RecursionError, ValueError):  # hundreds of terms, thousands of digits
                statements = map(ast.dump, self.tree.body)
                return (*self.heads, *statements, *([";"] if self.hides else ()))
        # What is not Python counts to the letter: a blank line may stand in a here-document.
        text = self.text.strip("\n")
        return (*self.heads, text) if text else self.heads

    @property
    def hides(self) -> bool:
        """Does it end with a semicolon, so that its value is not shown?"""
        last = self.tree.body[-1] if self.tree is not None and self.tree.body else None
        if not isinstance(last, ast.Expr) or last.end_lineno is None or _is_magic(last.value):
            return False
        line = self.text.split("\n")[last.end_lineno - 1].encode("utf-8", "surrogatepass")
        return line[last.end_col_offset :].lstrip().startswith(b";")


def read_cell(text: str) -> CellCode:
    """Take a cell apart. Never raises."""
    heads, body = _heads(_dedented(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")))
    if heads and _name(heads[-1]) not in _RUNS_PYTHON:
        return CellCode(heads, body, None)
    tree = _parse(body)
    if tree is not None:
        return CellCode(heads, body, tree)
    python, magics = _without_magics(body)
    return CellCode(heads, body, _parse(python) if magics else None, magics)


def _parse(text: str) -> ast.Module | None:
    if too_much_code(text):
        return None
    try:
        with unwarned():
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def first_line(statement: ast.stmt) -> int:
    """The line at which it begins, with its decorators."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _is_magic(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == _MAGIC_CALL


def _dedented(lines: Sequence[str]) -> list[str]:
    """Without the first line's indentation: a cell may be indented as a whole."""
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    return [line.removeprefix(indent) for line in lines]


def _heads(lines: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The lines of cell magics that a cell begins with, and the rest of it."""
    heads: list[str] = []
    for number, line in enumerate(lines):
        if line.startswith("%%"):
            heads.append(line.strip())
            if _name(line) not in _RUNS_PYTHON:
                return tuple(heads), "\n".join(lines[number + 1 :])
        elif line.strip():
            return tuple(heads), "\n".join(lines[number:] if heads else lines)
    return tuple(heads), "" if heads else "\n".join(lines)


def _name(magic: str) -> str:
    """`time` of `%%time -n 3`; '' when there is none."""
    return next(iter(magic.lstrip("%").split(maxsplit=1)), "")


def shielded(code: CellCode) -> tuple[str, dict[str, str]]:
    """What follows the cell magics as Python alone, and name → line magic that it stands for."""
    prefix = "_magic"
    while prefix in code.text:
        prefix += "_"
    names: dict[str, str] = {}

    def name_of(magic: str) -> str:
        name = f"{prefix}{len(names)}_"
        names[name] = magic
        return name

    return (_without_magics(code.text, name_of, padded=False)[0] if code.magics else code.text), names


def _called(magic: str) -> str:
    return f"{_MAGIC_CALL}({magic!r})"


def _without_magics(
    text: str, stand_in: Callable[[str], str] = _called, *, padded: bool = True
) -> tuple[str, tuple[str, ...]]:
    """The text with a stand-in for each magic, and the magics. `padded`: line numbers stay."""
    result: list[str] = []
    magics: list[str] = []
    lines = iter(text.split("\n"))
    for line in lines:
        before, magic = _magic(line)
        if not magic:
            result.append(line)
            continue
        pieces = [magic]
        while pieces[-1].endswith("\\") and (more := next(lines, None)) is not None:
            pieces.append(more)
        magics.append("\n".join(pieces))
        result.append(f"{before}{stand_in(magics[-1])}")
        if padded:
            result += [""] * (len(pieces) - 1)
    return "\n".join(result), tuple(magics)


def _magic(line: str) -> tuple[str, str]:
    """What stands before the magic in a line, and the magic; '' when there is none."""
    bare = line.lstrip(" \t")
    if bare[:1] in {"%", "!", "?"}:
        return line[: len(line) - len(bare)], bare
    asked = bare.rstrip(" \t")
    if asked.endswith("?") and _HELP.fullmatch(asked.rstrip("?")):
        return line[: len(line) - len(bare)], asked
    target, equals, value = line.partition("=")
    value = value.lstrip(" \t")
    if equals and value[:1] in {"%", "!"} and _TARGET.fullmatch(target):
        return f"{target}= ", value
    return line, ""


# --- What code loads ----------------------------------------------------------------------

_IMPORTING_MAGICS = frozenset({"aimport", "load_ext", "reload_ext"})
_WRITING_MAGICS = frozenset({"file", "writefile"})
_IMPORTING_CALLS = frozenset({"__import__", "import_module", "resolve_name", "run_module"})
_RUNNING_CALLS = frozenset({"exec", "execfile", "run_path"})
_WRITING_METHODS = frozenset({"touch", "unlink", "write_bytes", "write_text"})
_MODE_OF_WRITING = re.compile(r"[rbt+]*[awx][awxbt+]*")
_RUNNABLE = (".py", ".ipy", ".ipynb")
_SCRIPTS = (".py", ".ipy", ".R", ".r", ".sh")
"""What a text that names it may be about to run. Notebooks are more often what comes of running."""
_QUOTES = str.maketrans(dict.fromkeys("\"'`()[]{}<>,;|&=", " "))
_MAX_MEANT = 20
"""Values of a name that are looked at: nobody needs more to say where modules are."""


@dataclass(frozen=True)
class Loads:
    """What code has Python load, as far as it is written out. All sorted."""

    imports: tuple[str, ...] = ()
    """Dotted names: `a.b`, `a.b.name`; relative ones keep their dots: `.b`."""
    files: tuple[str, ...] = ()
    """Paths of scripts that are run in place; some may be no files at all."""
    folders: tuple[str, ...] = ()
    """Folders in which modules are looked for besides the usual places."""


@dataclass(frozen=True)
class Meanings:
    """What names stand for anywhere in code, as far as that is written out."""

    imported: Mapping[str, str]
    """Name → what it is called where it comes from, `sys.path` in full."""
    assigned: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    """Name → texts and names in what it is given."""

    def texts(self, *expressions: ast.expr) -> Iterator[str]:
        """Texts that stand anywhere in the expressions, or in what names there stand for."""
        names: list[str] = []
        for expression in _items(expressions):
            texts, inner = _texts_and_names(ast.walk(expression), joint=expression)
            yield from texts
            names += inner
        names = list(dict.fromkeys(names))
        for name in names:  # which grows
            meant, more = self.assigned.get(name, ((), ()))
            yield from meant
            if len(names) < _MAX_MEANT:
                names += [each for each in more if each not in names]


def meanings_of(trees: Iterable[ast.AST]) -> Meanings:
    """Linear in the code: of a name with many values the first few are as good as all."""
    imported: dict[str, str] = {}
    assigned: dict[str, tuple[list[str], list[str]]] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        match node:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                sys = isinstance(node, ast.ImportFrom) and node.module == "sys"
                imported.update({each.asname or each.name: f"sys.{each.name}" if sys else each.name for each in names})
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                | ast.NamedExpr(target=ast.Name(id=name), value=value)
                | ast.For(target=ast.Name(id=name), iter=value)
            ):
                texts, more = assigned.setdefault(name, ([], []))
                for item in islice(_items([value]), _MAX_MEANT if len(texts) + len(more) < _MAX_MEANT else 0):
                    found = _texts_and_names(islice(ast.walk(item), 10 * _MAX_MEANT), joint=item)
                    texts += found[0]
                    more += found[1]
    short = {name: (tuple(t[:_MAX_MEANT]), tuple(m[:_MAX_MEANT])) for name, (t, m) in assigned.items()}
    return Meanings(imported, short)


def _items(expressions: Iterable[ast.expr]) -> Iterator[ast.expr]:
    for expression in expressions:
        if isinstance(expression, ast.List | ast.Tuple):
            yield from expression.elts
        else:
            yield expression


def _texts_and_names(nodes: Iterable[ast.AST], joint: ast.expr) -> tuple[list[str], list[str]]:
    """Texts among the nodes, and together as the path that a call or a `/` may make of them; and names."""
    texts: list[tuple[int, int, str]] = []
    names: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.append((node.lineno, node.col_offset, node.value))
        elif isinstance(node, ast.Name):
            names.append(node.id)
    plain = [text for _, _, text in sorted(texts)]
    if 1 < len(plain) <= _MAX_MEANT and isinstance(joint, ast.Call | ast.BinOp):
        plain.append(posixpath.join(*plain))
    return plain, names


def loads_of(codes: Iterable[CellCode], meanings: Meanings | None = None) -> Loads:
    """What the code loads anywhere, also inside functions.

    `from a import b` gives `a.b` (b may be a module or a name). Seen are also `%run file.py`,
    `!python file.py`, `importlib.import_module("a")` and `sys.path.insert(0, "lib")`, also when
    the text was given a name before; and scripts that any text names, for whatever is done with
    them, as in `subprocess.run(["python", "file.py"])`: but not what docstrings name, and what is
    plainly written. Names and paths that are computed are not.

    Args:
        meanings: Of the names in the code, where it is a part of more.
    """
    codes = list(codes)
    known = meanings or meanings_of(code.tree for code in codes if code.tree is not None)
    imports: set[str] = set()
    files: set[str] = set()
    folders: set[str] = set()
    texts: list[str] = []
    for code in codes:
        magics = list(code.magics)
        silent: set[int] = set()
        if code.tree is None and not (code.heads and _name(code.heads[-1]) in _WRITING_MAGICS | _SHOWING_MAGICS):
            texts += code.text.split("\n")
        for node in () if code.tree is None else ast.walk(code.tree):  # each node before its parts
            match node:
                case ast.Import(names=names):
                    imports.update(alias.name for alias in names)
                case ast.ImportFrom(names=names, module=module, level=level):
                    prefix = "." * level + (module or "")
                    joint = "" if prefix.endswith(".") or not prefix else "."
                    imports.update(f"{prefix}{joint}{alias.name}" for alias in names)
                case ast.Assign(targets=[target], value=value) | ast.AugAssign(target=target, value=value):
                    if _is_path(target, known):
                        folders.update(known.texts(value))
                case ast.Expr(value=ast.Constant() as docstring):
                    silent.add(id(docstring))
                case ast.List(elts=parts) | ast.Tuple(elts=parts):
                    imports.update(_after_m(part.value if isinstance(part, ast.Constant) else None for part in parts))
                case ast.Call(func=ast.Attribute(value=target, attr="insert" | "append" | "extend"), args=args) if (
                    _is_path(target, known)
                ):
                    folders.update(known.texts(*args))
                case ast.Call(func=ast.Name() | ast.Attribute() as func, args=args):
                    name = func.attr if isinstance(func, ast.Attribute) else known.imported.get(func.id, func.id)
                    match name, args:
                        case "run_line_magic", [ast.Constant(value=str(magic)), ast.Constant(value=str(line)), *_]:
                            magics.append(f"%{magic} {line}")
                        case "magic", [ast.Constant(value=str(magic))]:
                            magics.append(f"%{magic.lstrip('%')}")
                    silent.update(id(_last_part(path)) for path in _written(node, name))
                    if name in _IMPORTING_CALLS:
                        imports.update(text.replace(":", ".") for text in known.texts(*args[:1]))
                    elif name in _RUNNING_CALLS:
                        files.update(text for text in known.texts(*args) if text.endswith(_RUNNABLE))
                    elif name == "addsitedir":
                        folders.update(known.texts(*args))
                case ast.Constant(value=str(text)) if id(node) not in silent:
                    texts.append(text)
        texts += magics
        for said in map(_said_by, magics):
            imports.update(said.imports)
            files.update(said.files)
    said = said_to_run(texts)
    return Loads(
        tuple(sorted(imports.union(said.imports))), tuple(sorted(files.union(said.files))), tuple(sorted(folders))
    )


def _said_by(magic: str) -> Loads:
    words = magic.translate(_QUOTES).split()
    if _name(magic) in _IMPORTING_MAGICS:
        return Loads(imports=tuple(filter(_can_be_module, words[1:])))
    if _name(magic) == "run":
        return Loads(files=tuple(word if word.endswith(_RUNNABLE) else f"{word}.py" for word in words[1:]))
    if magic.startswith(("!", "%sx", "%system")):
        return Loads(files=tuple(word for word in words if word.endswith(_RUNNABLE)))
    return Loads()


def said_to_run(texts: Iterable[str]) -> Loads:
    """Scripts that texts name, and modules that commands in them run; not in lines of comments."""
    imports: set[str] = set()
    files: set[str] = set()
    for text in texts:
        if "-m" in text or any(suffix in text for suffix in _SCRIPTS):
            words = [] if text.lstrip().startswith("#") else text.translate(_QUOTES).split()
            imports.update(_after_m(words))
            files.update(word for word in words if word.endswith(_SCRIPTS))
    return Loads(tuple(sorted(imports)), tuple(sorted(files)))


def _after_m(words: Iterable[object]) -> Iterator[str]:
    """Modules that the words of a command run: ``python -m module``."""
    for before, word in pairwise(words):
        if before == "-m" and isinstance(word, str) and _can_be_module(word):
            yield word


def _can_be_module(word: str) -> bool:
    return word.replace(".", "_").isidentifier()


def _written(call: ast.Call, name: str) -> Iterator[ast.expr]:
    """Paths at which a call of this name plainly writes: what was not there before it ran is no code of the task."""
    said = [*call.args[:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [each.value for each in said if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if name in _WRITING_METHODS or (name == "open" and any(map(_MODE_OF_WRITING.fullmatch, modes))):
        yield from call.args[:1]
        if isinstance(call.func, ast.Attribute):
            yield call.func.value


def _last_part(path: ast.expr) -> ast.expr:
    """What gives a path its end: of ``folder / "x"`` and ``Path("x")`` the text."""
    if isinstance(path, ast.BinOp):
        return path.right
    return path.args[-1] if isinstance(path, ast.Call) and path.args else path


def _is_path(target: ast.expr, known: Meanings) -> bool:
    """Is it `sys.path`, or a part of it?"""
    if isinstance(target, ast.Subscript):
        target = target.value
    match target:
        case ast.Name(id=name):
            return known.imported.get(name) == "sys.path"
        case ast.Attribute(value=ast.Name(id=name), attr="path"):
            return known.imported.get(name, name) == "sys"
        case _:
            return False


# --- What code reads of upstream ----------------------------------------------------------

_SHOWING_MAGICS = frozenset({"html", "javascript", "js", "latex", "markdown", "svg"})
_HARMLESS_MAGICS = _SHOWING_MAGICS | _RUNS_PYTHON | {"autoreload", "conda", "config", "load_ext", "matplotlib", "pip"}
_TELLING_WORDS = frozenset(
    """
    __builtins__ __dict__ __globals__ __main__ _getframe dir eval exec execfile f_globals f_locals
    get_ipython globals inspect ipynb locals run_path upstream user_global_ns user_ns vars
    """.split()
)
"""With one of these in it, code may get at `upstream`, or at a notebook, other than by that name."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class UpstreamReads:
    """Which products of upstream tasks code may read."""

    anything: bool = True
    """It may be any; `keys` does not count."""
    keys: frozenset[tuple[str, str]] = frozenset()
    """Task and product key."""

    def may_read(self, task: str, key: str) -> bool:
        return self.anything or (task, key) in self.keys


def upstream_reads(codes: Iterable[CellCode]) -> UpstreamReads:
    """What the code reads of `upstream`, if that can be told by looking.

    It can when each use of the name is `upstream["task"]["key"]`, written out. Whatever else is
    done with it (passing it on, going through it, a computed key), another way to get at it
    (`globals()`, `%run`), code that is not Python and the mere mention of a notebook mean: anything.
    Files that are found without `upstream` (by listing a folder, say) are not seen: those the task
    does not declare as its input.
    """
    keys: set[tuple[str, str]] = set()
    for code in codes:
        shown = bool(code.heads) and _name(code.heads[-1]) in _SHOWING_MAGICS
        if code.tree is None and code.text.strip() and not shown:
            return UpstreamReads()
        if not _harmless(code.heads) or not _harmless(code.magics):
            return UpstreamReads()
        expected: set[int] = set()
        for node in () if code.tree is None else ast.walk(code.tree):  # each node before its parts
            match node:
                case ast.Subscript(
                    value=ast.Subscript(
                        value=ast.Name(id="upstream") as name, slice=ast.Constant(value=str(task)) as first
                    ),
                    slice=ast.Constant(value=str(key)) as second,
                ):
                    keys.add((task, key))
                    expected.update(map(id, (name, first, second)))
                case ast.Name(id="upstream", ctx=ast.Load()) if id(node) not in expected:
                    return UpstreamReads()
                case ast.Name(id=word) if word != "upstream" and word in _TELLING_WORDS:
                    return UpstreamReads()
                case ast.Attribute(attr=word) if word in _TELLING_WORDS:
                    return UpstreamReads()
                case ast.Import(names=names) | ast.ImportFrom(names=names):
                    module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
                    if _tells(" ".join([module, *(alias.name for alias in names)])):
                        return UpstreamReads()
                case ast.Constant(value=str(text)) if id(node) not in expected and _tells(text):
                    return UpstreamReads()
    return UpstreamReads(False, frozenset(keys))


def _harmless(magics: Sequence[str]) -> bool:
    """Do these magics surely read nothing of upstream?"""
    return all(magic.startswith("%") and _name(magic) in _HARMLESS_MAGICS and not _tells(magic) for magic in magics)


def _tells(text: str) -> bool:
    return not _TELLING_WORDS.isdisjoint(_WORD.findall(text))
