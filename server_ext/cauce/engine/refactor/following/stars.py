"""Which names a star import brings, read in the module's text: nothing is imported to find out."""

from __future__ import annotations

import ast
import functools
import importlib.machinery
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from cauce.engine import files
from cauce.engine.refactor.model import Names, Statement, TextEdit
from cauce.engine.unwarned import unwarned

__all__ = ["Stars", "names_of", "read_stars"]

_LINE = 88

_MAX_BYTES = 4_000_000
_COMPILED = {
    "math": "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc exp exp2 "
    "expm1 fabs factorial floor fma fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm ldexp "
    "lgamma log log10 log1p log2 modf nan nextafter perm pi pow prod radians remainder sin sinh sqrt sumprod tan tanh "
    "tau trunc ulp",
    "cmath": "acos acosh asin asinh atan atanh cos cosh e exp inf infj isclose isfinite isinf isnan log log10 nan nanj "
    "phase pi polar rect sin sinh sqrt tan tanh tau",
    "time": "asctime ctime get_clock_info gmtime localtime mktime monotonic monotonic_ns perf_counter perf_counter_ns "
    "process_time process_time_ns sleep strftime strptime struct_time thread_time thread_time_ns time time_ns "
    "timezone tzname tzset",
}
"""Modules that have no text."""


@dataclass
class Stars:
    """What star imports bring to a notebook."""

    brought: dict[int, Names] = field(default_factory=dict)
    """Index of the statement → names that come from it for sure."""
    perhaps: dict[int, Names] = field(default_factory=dict)
    """Names that come from it or from another."""
    edits: list[TextEdit] = field(default_factory=list)
    """The names in place of the star, where they are sure."""
    meanings: dict[str, str] = field(default_factory=dict)


def read_stars(statements: Sequence[Statement], traced: Mapping[str, Names], there: Collection[str]) -> Stars:
    """Find out where names come from.

    Args:
        traced: Module → what it was seen to bring.
        there: Names that need not come from anywhere.
    """
    result = Stars()
    stars = [statement for statement in statements if statement.star]
    if not stars:
        return result
    used: dict[str, int] = {}
    bound: set[str] = set()
    for statement in statements:
        effect = statement.effect
        used.update((name, statement.index) for name in (*effect.reads, *effect.later))
        bound.update((*effect.binds, *effect.may_bind))
    unknown: list[Statement] = []
    told: set[str] = set()
    for statement in stars:
        known = [traced.get(module) or names_of(module) for module in statement.star]
        names = {name for found in known for name in found or ()}
        brought = tuple(name for name, last in used.items() if name in names and last > statement.index)
        told.update(brought)
        result.brought[statement.index] = brought
        if None in known:
            unknown.append(statement)
    lost = tuple(name for name in used if name not in told and name not in bound and name not in there)
    if len(unknown) == 1:
        only = unknown[0].index
        result.brought[only] += tuple(name for name in lost if used[name] > only)
    else:
        for statement in unknown:
            result.perhaps[statement.index] = tuple(name for name in lost if used[name] > statement.index)
    for statement in stars:
        names_here = result.brought[statement.index]
        node = statement.node
        if not isinstance(node, ast.ImportFrom) or not names_here or result.perhaps.get(statement.index):
            continue
        module = "." * node.level + (node.module or "")
        result.meanings.update((name, f"{module}.{name}") for name in names_here)
        result.edits.append(TextEdit(statement.cell, statement.start, statement.stop, _written(module, names_here)))
    return result


def _written(module: str, names: Names) -> str:
    line = f"from {module} import {', '.join(sorted(names))}"
    if len(line) <= _LINE:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in sorted(names)), ")"])


@functools.lru_cache(maxsize=64)
def names_of(module: str) -> tuple[str, ...] | None:
    """The names; None when the text of the module that is installed here does not tell."""
    if module in _COMPILED:
        return tuple(_COMPILED[module].split())
    tree = _tree(module)
    return None if tree is None else _public(tree)


def _tree(module: str) -> ast.Module | None:
    where: Sequence[str] | None = None
    origin = ""
    try:
        for end in (i for i, c in enumerate(module + ".") if c == "."):
            spec = importlib.machinery.PathFinder.find_spec(module[:end], where)
            if spec is None:
                return None
            where, origin = spec.submodule_search_locations, spec.origin or ""
        if not origin.endswith(".py"):
            return None
        with unwarned():
            return ast.parse(files.read_whole(origin, _MAX_BYTES))
    except (ImportError, OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _public(tree: ast.Module) -> tuple[str, ...] | None:
    """What `__all__` lists, else the names without underscore; None when that is computed."""
    bound: dict[str, None] = {}
    listed: dict[str, None] | None = None
    starred = False
    todo: list[ast.AST] = list(reversed(tree.body))
    while todo:
        node = todo.pop()
        match node:
            case (
                ast.Assign(targets=[ast.Name(id="__all__")], value=value)
                | ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.expr() as value)
            ):
                if (names := _texts(value)) is None:
                    return None
                listed = dict.fromkeys(names)
            case ast.AugAssign(target=ast.Name(id="__all__"), value=value):
                if (names := _texts(value)) is None or listed is None:
                    return None
                listed.update(dict.fromkeys(names))
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="__all__")))):
                return None
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                starred = True
            case ast.Import(names=aliases):
                bound.update((alias.asname or alias.name.partition(".")[0], None) for alias in aliases)
            case ast.ImportFrom(names=aliases):
                bound.update((alias.asname or alias.name, None) for alias in aliases)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound[name] = None
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                bound.update(
                    (part.id, None)
                    for part in ast.walk(node)
                    if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
                )
            case ast.If() | ast.Try() | ast.For() | ast.With():
                todo.extend(
                    child
                    for child in reversed(list(ast.iter_child_nodes(node)))
                    if isinstance(child, ast.stmt | ast.ExceptHandler)
                )
            case ast.ExceptHandler(body=body):
                todo.extend(reversed(body))
            case _:
                pass
    if listed is not None:
        return tuple(listed)
    if starred:
        return None
    return tuple(name for name in bound if not name.startswith("_"))


def _texts(value: ast.expr) -> list[str] | None:
    if not isinstance(value, ast.List | ast.Tuple):
        return None
    texts = [part.value for part in value.elts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return texts if len(texts) == len(value.elts) else None
