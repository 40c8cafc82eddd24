"""Which names of the notebook a function, lambda or class uses: its own are left out. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = [
    "Function",
    "Scope",
    "defaults_of",
    "functions_within",
    "key_of_all",
    "local_names",
    "parameters_of",
    "scope_of",
    "walk_here",
]

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_COMPREHENSION = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_OWN_SCOPE = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


@dataclass(frozen=True)
class Scope:
    """What a function does with names of the notebook when it is called."""

    reads: tuple[str, ...]
    """Of its functions and lambdas, too."""
    binds: tuple[str, ...]
    """Those that it declares `global` and assigns."""


def parameters_of(function: Function) -> tuple[str, ...]:
    """In the order in which they are given; those that gather the rest are last."""
    given = function.args
    named = [arg.arg for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return tuple(named + [arg.arg for arg in (given.vararg, given.kwarg) if arg is not None])


def key_of_all(node: ast.expr) -> str | None:
    """`x` of ``globals()['x']``; None of anything else."""
    match node:
        case ast.Subscript(
            value=ast.Call(func=ast.Name(id="globals" | "locals" | "vars"), args=[], keywords=[]),
            slice=ast.Constant(value=str(name)),
        ) if name.isidentifier():
            return name
        case _:
            return None


def functions_within(function: Function) -> Iterator[Function]:
    """Functions and lambdas that are written in its body, at whatever depth; classes are left out."""
    todo = _bodies(function)
    while todo:
        node = todo.pop(0)
        if isinstance(node, Function):
            yield node
        if not isinstance(node, ast.ClassDef):
            todo.extend(ast.iter_child_nodes(node))


def walk_here(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All that stands in this scope, in the order of the text. Of functions and classes within: they themselves
    and what is evaluated here (decorators, defaults, bases), not their bodies.
    """
    todo = list(nodes)
    todo.reverse()
    while todo:
        node = todo.pop()
        yield node
        todo.extend(reversed(list(_parts_here(node))))


def _parts_here(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from node.decorator_list
            yield from _defaults(node)
            yield from annotations_of(node)
        case ast.Lambda():
            yield from _defaults(node)
        case ast.ClassDef():
            yield from node.decorator_list
            yield from node.bases
            yield from (keyword.value for keyword in node.keywords)
        case _:
            yield from ast.iter_child_nodes(node)


def _defaults(function: Function) -> Iterator[ast.expr]:
    yield from function.args.defaults
    yield from (default for default in function.args.kw_defaults if default is not None)


def annotations_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    given = function.args
    for arg in (*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg):
        if arg is not None and arg.annotation is not None:
            yield arg.annotation
    if function.returns is not None:
        yield function.returns


def defaults_of(function: Function) -> Iterator[tuple[str, ast.expr]]:
    """Parameters that have one, and theirs."""
    given = function.args
    named = [*given.posonlyargs, *given.args]
    first = len(named) - len(given.defaults)
    yield from ((arg.arg, default) for arg, default in zip(named[first:], given.defaults, strict=True))
    for arg, keyword_default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        if keyword_default is not None:
            yield arg.arg, keyword_default


def _bodies(node: ast.AST) -> list[ast.AST]:
    return [node.body] if isinstance(node, ast.Lambda) else list(getattr(node, "body", []))


def local_names(function: Function) -> frozenset[str]:
    """Names that are its own: parameters, and whatever it binds without declaring it otherwise."""
    bound, elsewhere = _bound(_bodies(function))
    return (bound | frozenset(parameters_of(function))) - elsewhere


def _bound(body: Iterable[ast.AST]) -> tuple[frozenset[str], frozenset[str]]:
    """Names that a scope binds, and those that it declares to be another's."""
    bound: set[str] = set()
    elsewhere: set[str] = set()
    hidden: set[int] = set()
    for node in walk_here(body):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if id(node) not in hidden:
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                bound.update(alias.asname or alias.name.partition(".")[0] for alias in aliases)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                bound.add(name)
            case ast.MatchMapping(rest=str(name)):
                bound.add(name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                elsewhere.update(names)
            case ast.comprehension(target=target):  # a scope of its own
                hidden.update(map(id, ast.walk(target)))
    return frozenset(bound), frozenset(elsewhere)


def scope_of(node: ast.AST) -> Scope:
    """Of a function or lambda; of a class, what its methods do."""
    reads: dict[str, None] = {}
    binds: dict[str, None] = {}
    outer = frozenset[str]()
    # (scope, names that functions around it have)
    todo: list[tuple[ast.AST, frozenset[str]]] = [(node, outer)]
    while todo:
        at, around = todo.pop(0)
        body = _bodies(at)
        if isinstance(at, ast.ClassDef):
            own, visible = _bound(body)[0], around
        else:
            own = local_names(at) if isinstance(at, Function) else frozenset()
            visible = around | own
        declared = {name for part in walk_here(body) if isinstance(part, ast.Global) for name in part.names}
        known = (visible | own) - declared
        is_class = isinstance(at, ast.ClassDef)
        for name in _read_in(body, known):
            if not (is_class and at is node):  # a class's own body is run at once
                reads.setdefault(name)
        for part in walk_here(body):
            if isinstance(part, _OWN_SCOPE):
                todo.append((part, visible - declared))
            elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and part.id in declared:
                binds.setdefault(part.id)
    return Scope(tuple(reads), tuple(binds))


def _read_in(body: Iterable[ast.AST], known: frozenset[str]) -> Iterator[str]:
    """Names that are read in a scope and are not known there; comprehensions have names of their own."""
    todo: list[tuple[ast.AST, frozenset[str]]] = [(node, known) for node in body]
    todo.reverse()
    while todo:
        node, here = todo.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in here:
            yield node.id
        if isinstance(node, _COMPREHENSION):
            first = node.generators[0].iter
            own = {
                part.id
                for generator in node.generators
                for part in ast.walk(generator.target)
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
            parts = [part for part in _parts_of(node) if part is not first]
            todo.extend((part, here | own) for part in reversed(parts))
            todo.append((first, here))
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id not in here:
            yield node.target.id
            todo.append((node.value, here))
        else:
            todo.extend((part, here) for part in reversed(list(_parts_here(node))))


def _parts_of(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Iterator[ast.AST]:
    for generator in node.generators:
        yield generator.iter
        yield generator.target
        yield from generator.ifs
    if isinstance(node, ast.DictComp):
        yield node.key
        yield node.value
    else:
        yield node.elt
