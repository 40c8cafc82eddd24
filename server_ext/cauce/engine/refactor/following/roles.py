"""What part each statement of a notebook plays in a split: repeated, moved to a module, or left where it is."""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cauce.engine.refactor.following.kinds import dotted
from cauce.engine.refactor.following.stars import Stars, read_stars
from cauce.engine.refactor.following.timeline import Line, Role
from cauce.engine.refactor.model import Effect, Names, Section, Statement, Trace, TracedCell, TracedValue, Wishes

__all__ = ["BUILTINS", "Roles", "is_constant_value", "read_roles", "refined", "told_by_decorators"]

BUILTINS = frozenset(dir(builtins)) | {
    "In",
    "Out",
    "_",
    "__",
    "___",
    "__file__",
    "_dh",
    "_ih",
    "_magic_",
    "_oh",
    "display",
    "exit",
    "get_ipython",
    "quit",
}
"""What is there from the start in a kernel."""

_LIKE_DEFINITIONS = frozenset(
    {
        "collections.namedtuple",
        "dataclasses.make_dataclass",
        "enum.Enum",
        "enum.Flag",
        "enum.IntEnum",
        "enum.StrEnum",
        "typing.NamedTuple",
        "typing.NewType",
        "typing.ParamSpec",
        "typing.TypeVar",
        "typing.TypedDict",
    }
)
"""Calls that make a class, or what serves as one."""

_PURE = frozenset(
    "abs bool bytes chr complex dict divmod enumerate float format frozenset hex int len list max min oct ord pow "
    "range repr reversed round set slice sorted str sum tuple zip".split()
)
_PURE_METHODS = frozenset(
    "casefold copy expanduser format items join joinpath keys lower replace resolve rsplit split splitlines strip "
    "title union upper values with_name with_suffix".split()
)
_PURE_CALLS = frozenset(
    "collections.Counter collections.OrderedDict collections.defaultdict datetime.date datetime.datetime "
    "datetime.time datetime.timedelta datetime.timezone decimal.Decimal fractions.Fraction numpy.arange numpy.array "
    "numpy.deg2rad numpy.eye numpy.float32 numpy.float64 numpy.int32 numpy.int64 numpy.linspace numpy.log numpy.ones "
    "numpy.sqrt numpy.zeros os.path.abspath os.path.basename os.path.dirname os.path.expanduser os.path.join "
    "pandas.Timedelta pandas.Timestamp pandas.to_datetime pandas.to_timedelta pathlib.Path pathlib.PurePath "
    "pathlib.PurePosixPath re.compile types.MappingProxyType types.SimpleNamespace".split()
)
_IMPURE_ATTRIBUTES = ("os.environ", "sys.")


@dataclass(frozen=True)
class Roles:
    """The notebook's statements, with what is known of names as such."""

    lines: tuple[Line, ...]
    meanings: Mapping[str, str]
    """Imported name → what it is, where all imports of the name agree and nothing else binds it."""
    stars: Stars
    declared: frozenset[str]
    """Names that functions bind by `global`."""
    values: Mapping[str, tuple[tuple[int, TracedValue], ...]]
    """Name → what it was seen to be, from which cell on."""


def read_roles(
    sections: Sequence[Section], statements: Sequence[Statement], wishes: Wishes, trace: Trace | None
) -> Roles:
    """Say what each statement is by itself."""
    traced = {} if trace is None else _good(trace)
    seen: dict[str, list[tuple[int, TracedValue]]] = {}
    statements = tuple(_with_referred(statements))
    stars = read_stars(statements, {} if trace is None else trace.stars, BUILTINS)
    effects = _corrected(statements, traced, seen, {} if trace is None else trace.stars)
    place = {number: at for at, section in enumerate(sections) for number in range(section.first, section.end)}
    lines: list[Line] = []
    for statement, effect in zip(statements, effects, strict=True):
        if statement.star:
            brought = stars.brought.get(statement.index, ())
            perhaps = stars.perhaps.get(statement.index, ())
            effect = replace(effect, binds=(*effect.binds, *brought), may_bind=(*effect.may_bind, *perhaps))
        lines.append(
            Line(
                statement,
                place.get(statement.cell, max(len(sections) - 1, 0)),
                _role(statement, wishes),
                effect,
                statement.cell in traced,
                _is_opaque(statement),
            )
        )
    return Roles(
        tuple(lines),
        _meanings(lines, stars.meanings),
        stars,
        frozenset(name for line in lines for name in _declared(line.statement.node)),
        {name: tuple(values) for name, values in seen.items()},
    )


_REFERRED = re.compile(r"@([^\W\d]\w*)")
"""How a text that pandas evaluates names a variable."""


def _with_referred(statements: Sequence[Statement]) -> Iterator[Statement]:
    """The statements; those in which pandas evaluates texts read the variables that these name as well."""
    bound = {name for s in statements for name in (*s.effect.binds, *s.effect.may_bind)}
    for statement in statements:
        effect = statement.effect
        known = {*effect.reads, *effect.later}
        names = [name for name in _referred(statement.node) if name in bound and name not in known]
        if not names:
            yield statement
        elif isinstance(statement.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            local = {part.arg for part in ast.walk(statement.node) if isinstance(part, ast.arg)}
            local |= {
                part.id
                for part in ast.walk(statement.node)
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
            later = (*effect.later, *(name for name in names if name not in local))
            yield replace(statement, effect=replace(effect, later=later))
        else:
            yield replace(statement, effect=replace(effect, reads=(*effect.reads, *names)))


def _referred(node: ast.stmt | None) -> Iterator[str]:
    for part in () if node is None else ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in {"eval", "query"}:
            for text in ast.walk(part):
                if isinstance(text, ast.Constant) and isinstance(text.value, str) and "@" in text.value:
                    yield from dict.fromkeys(_REFERRED.findall(text.value))


def _good(trace: Trace) -> dict[int, TracedCell]:
    return {cell.cell: cell for cell in trace.cells if trace.failed is None or cell.cell < trace.failed}


def _role(statement: Statement, wishes: Wishes) -> Role:
    wish = wishes.repeated.get(statement.cell)
    if statement.kind == "import" or statement.star:
        return "import"
    if statement.kind == "definition":
        return "definition"
    if statement.kind == "setup":
        return "code" if wish is False else "setup"
    if isinstance(statement.node, ast.Assign) and _names_lambda(statement.node):
        return "definition"
    return "setup" if wish else "code"


def _names_lambda(node: ast.Assign) -> bool:
    return len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Lambda)


def _declared(node: ast.stmt | None) -> Iterator[str]:
    for part in () if node is None else ast.walk(node):
        if isinstance(part, ast.Global):
            yield from part.names


_OPAQUE_MAGICS = ("%run", "%load_ext", "%pylab", "%store", "%macro", "%edit", "%%cython", "%%pyspark", "%%sql")


def _is_opaque(statement: Statement) -> bool:
    """May it bind names that nobody can read in it?"""
    if statement.node is None:
        return statement.text.startswith(_OPAQUE_MAGICS)
    for part in ast.walk(statement.node):
        match part:
            case ast.Call(func=ast.Name(id="exec")):
                return True
            case ast.Call(func=ast.Name(id="_magic_"), args=[ast.Constant(value=str() as magic)]):
                if magic.startswith(_OPAQUE_MAGICS):
                    return True
            case ast.Subscript(value=ast.Call(func=ast.Name(id="globals" | "locals")), ctx=ast.Store()):
                return True
            case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="globals")), attr="update")):
                return True
            case ast.Call(func=ast.Attribute(attr="run_cell" | "ex" | "push" | "run_cell_magic")):
                return True
            case _:
                pass
    return False


def _meanings(lines: Sequence[Line], starred: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    other: set[str] = set()
    for line in lines:
        for name in (*line.effect.binds, *line.effect.may_bind):
            meaning = line.statement.imports.get(name, "") or (starred.get(name, "") if line.statement.star else "")
            if not meaning or found.setdefault(name, meaning) != meaning:
                other.add(name)
    return {name: meaning for name, meaning in found.items() if name not in other}


# --- What was seen ------------------------------------------------------------------------


def _corrected(
    statements: Sequence[Statement],
    traced: Mapping[int, TracedCell],
    seen: dict[str, list[tuple[int, TracedValue]]],
    stars: Mapping[str, Names],
) -> Iterator[Effect]:
    """Effects put right by what was seen; `stars`: module → what a star import of it brings."""
    steady = {name for s in statements if s.kind != "code" for name in (*s.effect.binds, *s.effect.may_bind)}
    steady |= {name for s in statements for module in s.star for name in stars.get(module, ())}
    steady |= told_by_decorators(statements).keys()
    comparable: set[str] = set()
    bound: set[str] = set()
    at = 0
    while at < len(statements):
        stop = at
        while stop < len(statements) and statements[stop].cell == statements[at].cell:
            stop += 1
        cell = traced.get(statements[at].cell)
        group = statements[at:stop]
        if cell is None:
            yield from (statement.effect for statement in group)
        else:
            yield from _cell_corrected(group, cell, steady, comparable, bound)
            for name, value in cell.values.items():
                seen.setdefault(name, []).append((cell.cell, value))
                (comparable.add if value.digest else comparable.discard)(name)
            bound.update(cell.bound)
        at = stop


def told_by_decorators(statements: Iterable[Statement]) -> dict[str, list[Statement]]:
    """Variables that functions of the notebook change where they decorate others, and nothing else does → those others.

    A table of what is registered is filled where the functions stand, in the module, too.
    """
    held = list(statements)
    later = {name: set(each.effect.later) for each in held if each.kind == "definition" for name in each.effect.binds}
    told: dict[str, list[Statement]] = {}
    for each in held:
        for decorator in getattr(each.node, "decorator_list", ()):
            func = decorator.func if isinstance(decorator, ast.Call) else decorator
            for name in later.get(func.id, ()) if isinstance(func, ast.Name) else ():
                told.setdefault(name, []).append(each)
    bound = Counter(name for each in held for name in (*each.effect.binds, *each.effect.may_bind))
    other = {name for each in held for name in (*each.effect.mutates, *each.effect.deletes)}
    return {name: those for name, those in told.items() if name not in other and bound[name] == 1}


def _cell_corrected(
    group: Sequence[Statement], cell: TracedCell, steady: Collection[str], comparable: Collection[str], bound: set[str]
) -> Iterator[Effect]:
    """What was seen counts; what is sure does, too, where it was not: with other data, it may be seen."""
    changed = {*cell.bound, *cell.mutated}
    written = {
        name for s in group for name in (*s.effect.binds, *s.effect.may_bind, *s.effect.mutates, *s.effect.deletes)
    }
    code = [s for s in group if s.kind == "code"] or list(group)
    for statement in group:
        effect = statement.effect
        mutates = {
            name: sureness
            for name, sureness in effect.mutates.items()
            if sureness == "sure" or name in changed or name not in comparable
        }
        unread: list[str] = []
        binds = list(effect.binds)
        deletes = list(effect.deletes)
        if statement is code[-1]:
            unread = [name for name in cell.mutated if name not in written and name not in steady]
            binds += [
                name
                for name in cell.bound
                if name not in written and name not in steady and not name.startswith("_") and name.isidentifier()
            ]
            deletes += [name for name in cell.deleted if name not in written and name in bound]
        yield replace(
            effect,
            binds=tuple(binds),
            deletes=tuple(deletes),
            mutates={**mutates, **dict.fromkeys(unread, "sure")},
        )


# --- What depends on the others -----------------------------------------------------------


def is_constant_value(node: ast.expr, names: Collection[str], meanings: Mapping[str, str]) -> bool:
    """Does the expression give the same value whenever, and in whichever process, it is evaluated?

    Args:
        names: Constants and imports, whose names it may use.
    """
    local = {
        part.id
        for inner in ast.walk(node)
        if isinstance(inner, ast.comprehension)
        for part in ast.walk(inner.target)
        if isinstance(part, ast.Name)
    }
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name):
                if name not in names and name not in local and (name not in _PURE or name in meanings):
                    return False
            case ast.Attribute() if (full := dotted(part, meanings)).startswith(_IMPURE_ATTRIBUTES) and full != "":
                return False
            case ast.Call(func=ast.Name(id=name)) if name not in meanings:
                if name not in _PURE or name in names or name in local:
                    return False
            case ast.Call(func=func):
                full = dotted(func, meanings)
                if full and full not in _PURE_CALLS and not full.startswith(("math.", "operator.")):
                    return False
                if not full and not (isinstance(func, ast.Attribute) and func.attr in _PURE_METHODS):
                    return False
            case ast.Lambda() | ast.Await() | ast.Yield() | ast.YieldFrom() | ast.NamedExpr():
                return False
            case _:
                pass
    return True


def refined(lines: Sequence[Line], meanings: Mapping[str, str], constants: Collection[str]) -> Iterator[Line]:
    """The lines, with those recognised that can be repeated for what they depend on."""
    code = {
        name
        for line in lines
        if line.role in {"code", "setup"}
        for name in (*line.effect.binds, *line.effect.may_bind)
        if name not in constants
    }
    fixed = {
        name for line in lines if line.role != "code" for name in (*line.effect.binds, *line.effect.may_bind)
    } | set(meanings)
    free: set[str] = set()
    for line in lines:
        effect = line.effect
        bound = {*effect.binds, *effect.may_bind}
        needed = {name for name in (*effect.reads, *effect.later) if name in code and name not in free}
        if line.role != "code" or effect.random or effect.writes_files or effect.deletes:
            yield line
        elif _makes_class(line.statement.node, meanings):
            yield replace(line, role="definition")
        elif _holds_imports(line.statement.node) and not (needed - bound) and not (set(effect.mutates) & code):
            free |= bound
            yield replace(line, role="block")
        elif (
            not bound
            and effect.mutates
            and not needed
            and set(effect.mutates) <= fixed - code
            and "sure" in effect.mutates.values()
        ):
            yield replace(line, role="setup")
        else:
            yield line


def _makes_class(node: ast.stmt | None, meanings: Mapping[str, str]) -> bool:
    match node:
        case ast.Assign(targets=[ast.Name()], value=ast.Call(func=func)):
            return dotted(func, meanings) in _LIKE_DEFINITIONS
        case _:
            return False


def _holds_imports(node: ast.stmt | None) -> bool:
    if not isinstance(node, ast.If | ast.Try | ast.With):
        return False
    found = False
    todo: list[ast.AST] = [node]
    while todo:
        part = todo.pop()
        if isinstance(part, ast.Assign) and any(isinstance(inner, ast.Call) for inner in ast.walk(part.value)):
            return False  # what is computed is computed once
        found = found or isinstance(part, ast.Import | ast.ImportFrom)
        if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            todo.extend(ast.iter_child_nodes(part))
    return found
