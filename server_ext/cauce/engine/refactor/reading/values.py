"""What values are: which names they lead to, and of which kind they are as far as it decides what their methods do."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from cauce.engine.refactor.model import Sureness
from cauce.engine.refactor.reading import libraries
from cauce.engine.refactor.reading.bindings import Bindings, Definitions
from cauce.engine.refactor.reading.known import path_of
from cauce.engine.refactor.reading.summaries import Sources, Summary, given_to

__all__ = ["Values", "parts_of"]

_DEEPEST = 40
"""Classes above a class that are looked at."""


_PLAIN_ATTRIBUTES = frozenset(
    "shape size ndim dtype dtypes columns index name names nbytes itemsize __name__ __class__ __doc__ __dict__".split()
)
"""Attributes that are values of their own."""


class Values(Bindings):
    """Answers what expressions are."""

    def root(self, expression: ast.expr) -> str | None:
        """The name whose object an expression is, or is a part of."""
        match expression:
            case ast.Name(id=name):
                return name
            case ast.Attribute(value=value) | ast.Subscript(value=value) | ast.Starred(value=value):
                return self.root(value)
            case ast.Await(value=value):
                return self.root(value)
            case ast.NamedExpr(target=ast.Name(id=name)):
                return name
            case ast.Call(func=ast.Attribute(value=value, attr=attr)):
                return self.root(value) if attr in libraries.PARTS_OF_ITSELF | libraries.RETURNS_ITSELF else None
            case _:
                return None

    def change(self, value: ast.expr, sureness: Sureness) -> None:
        """Note that the object that a value is, or is a part of, is changed."""
        root = self.root(value)
        if root is not None:
            self.mutate(root, sureness)
            return
        sources = self.sources(value)
        for name, _ in sources:
            self.mutate(name, sureness if len(sources) == 1 else "possible")

    def sources(self, value: ast.expr) -> Sources:
        """The names that a value leads to."""
        found: Iterable[tuple[str, bool]]
        match value:
            case ast.Name(id=name):
                plain = self.meaning(name) is not None or self.kind_of_name(name) == "plain"
                found = () if plain else ((name, True),)
                masked = self.masked(name)
                found = found if masked is None else masked
            case ast.Attribute(value=inner, attr=attr):
                plain = attr in _PLAIN_ATTRIBUTES or self.kind(inner) == "table" or self.dotted(value) is not None
                found = () if plain else parts_of(self.sources(inner))
            case ast.Subscript(value=inner):
                found = () if self.kind(inner) == "table" else parts_of(self.sources(inner))
            case ast.Starred(value=inner) | ast.Await(value=inner) | ast.NamedExpr(value=inner):
                found = self.sources(inner)
            case ast.Tuple(elts=elts) | ast.List(elts=elts) | ast.Set(elts=elts):
                found = [part for each in elts for part in parts_of(self.sources(each))]
            case ast.Dict(values=values):
                found = [part for each in values for part in parts_of(self.sources(each))]
            case ast.IfExp(body=body, orelse=orelse):
                found = [*self.sources(body), *self.sources(orelse)]
            case ast.BoolOp(values=values):
                found = [part for each in values for part in self.sources(each)]
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                found = self._sources_of_comprehension(value)
            case ast.Call():
                found = self._sources_of_call(value)
            case _:
                found = ()
        return tuple(dict.fromkeys(found))

    def _sources_of_comprehension(self, value: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Sources:
        for generator in value.generators:
            self.masks.append(self.elements(generator.target, generator.iter))
        found = parts_of(self.sources(value.value if isinstance(value, ast.DictComp) else value.elt))
        del self.masks[len(self.masks) - len(value.generators) :]
        return found

    def _sources_of_call(self, node: ast.Call) -> Sources:
        func = node.func
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(func, ast.Name) and (definitions := self.definitions(func.id)):
            found: list[tuple[str, bool]] = []
            for definition in definitions:
                if isinstance(definition, ast.ClassDef):
                    found += [part for each in arguments for part in parts_of(self.sources(each))]
                    found += self._told_of_itself(definition)
                else:
                    found += self._returned(self.summary(definition), node)
            return tuple(found)
        dotted = self.dotted(func)
        if dotted is not None:
            if dotted in libraries.OF_CURRENT_FIGURE:
                kinds = {**self.known.kinds, **self.state.kinds}
                return tuple((name, False) for name, kind in kinds.items() if kind in {"axes", "figure"})
            if dotted not in libraries.PARTS_OF_ARGUMENTS:
                return ()
            return tuple(part for each in arguments for part in parts_of(self.sources(each)))
        if isinstance(func, ast.Attribute):
            if func.attr in libraries.RETURNS_ITSELF:
                return self.sources(func.value)
            kind = self.kind(func.value)
            if kind.startswith("class "):
                return tuple(
                    part
                    for method in self.methods(kind.removeprefix("class "), func.attr)
                    for part in self._returned(self.summary(method), node, func.value)
                )
            drawn = kind in {"axes", "figure"} and func.attr in libraries.DRAWS_PARTS
            if drawn or (func.attr in libraries.PARTS_OF_ITSELF and kind != "table"):
                return parts_of(self.sources(func.value))
        return ()

    def _told_of_itself(self, definition: ast.ClassDef) -> Iterator[tuple[str, bool]]:
        """Names of the notebook that hold an object of this class from its beginning: ``all_of_them.append(self)``."""
        for method in self.methods(definition.name, "__init__"):
            summary = self.summary(method)
            for share in summary.shares:
                ends = {share.name, share.other}
                if summary.parameters and summary.parameters[0] in ends:
                    yield from ((name, False) for name in ends if name not in summary.parameters)

    def _returned(self, summary: Summary, node: ast.Call, this: ast.expr | None = None) -> list[tuple[str, bool]]:
        given = given_to(summary, node.args if this is None else [this, *node.args], node.keywords)
        found: list[tuple[str, bool]] = []
        for name, whole in summary.returns:
            for argument in given.get(name, ()):
                found += [(other, whole and as_whole) for other, as_whole in self.sources(argument)]
            if name not in summary.parameters:
                found.append((name, whole))
        return found

    # --- Kinds

    def kind(self, value: ast.expr) -> str:
        """What a value is, as far as it decides what its methods do: the words of `libraries.GIVES`."""
        match value:
            case ast.Constant() | ast.JoinedStr():
                return "plain"
            case ast.Name(id=name):
                return self.kind_of_name(name)
            case ast.UnaryOp(operand=operand):
                return self.kind(operand)
            case ast.Attribute(value=inner, attr=attr):
                kind = self.kind(inner)
                if kind == "table":
                    return "" if attr in _PLAIN_ATTRIBUTES or attr in {"style", "values"} else "table"
                return libraries.METHOD_GIVES.get((kind, attr), "")
            case ast.Subscript(value=inner):
                kind = self.kind(inner)
                return kind if kind in {"table", "axes", "array"} else ""
            case ast.GeneratorExp():
                return "iterator"
            case ast.NamedExpr(value=inner) | ast.Starred(value=inner):
                return self.kind(inner)
            case ast.BinOp(left=left, right=right):
                kinds = {self.kind(left), self.kind(right)}
                return "table" if "table" in kinds else "plain" if kinds == {"plain"} else ""
            case ast.IfExp(body=body, orelse=orelse):
                kind = self.kind(body)
                return kind if kind == self.kind(orelse) else ""
            case ast.Call(func=func):
                return self._kind_of_call(func)
            case _:
                return ""

    def kind_of_name(self, name: str) -> str:
        if self.masked(name) is not None:
            return ""
        if name in self.state.kinds:
            return self.state.kinds[name]
        return "" if name in self.own or name in self.ever else self.known.kinds.get(name, "")

    def _kind_of_call(self, func: ast.expr) -> str:
        if isinstance(func, ast.Name) and (definitions := self.definitions(func.id)):
            definition = definitions[-1]
            if isinstance(definition, ast.ClassDef):
                return f"class {definition.name}"
            summary = self.summary(definition)
            return "iterator" if summary.generates else summary.kind
        dotted = self.dotted(func)
        if dotted is not None:
            return libraries.lookup(libraries.GIVES, dotted) or ""
        if isinstance(func, ast.Attribute):
            kind = self.kind(func.value)
            if isinstance(func.value, ast.Name) and (made := self.class_of_method(func)):
                return made
            for method in self.methods(kind.removeprefix("class "), func.attr) if kind.startswith("class ") else ():
                summary = self.summary(method)
                itself = (next(iter(summary.parameters), ""), True)
                return kind if itself in summary.returns else summary.kind
            if func.attr in libraries.RETURNS_ITSELF:
                return kind
            return libraries.METHOD_GIVES.get((kind, func.attr), "")
        return ""

    def class_of_method(self, func: ast.Attribute) -> str:
        """`class X` of ``X.load``, if that is a class method of a class of the notebook: it gives one, as a rule."""
        if isinstance(func.value, ast.Name):
            for made in self.definitions(func.value.id):
                for method in self.methods(made.name, func.attr) if isinstance(made, ast.ClassDef) else ():
                    if any(isinstance(each, ast.Name) and each.id == "classmethod" for each in method.decorator_list):
                        return f"class {func.value.id}"
        return ""

    def unstorable_as(self, value: ast.expr) -> str:
        """What it is that no file can hold; '' when one can, as far as is known."""
        match value:
            case ast.GeneratorExp():
                return "a generator"
            case ast.Lambda():
                return "a lambda"
            case ast.Call(func=func):
                if isinstance(func, ast.Name):
                    for definition in self.definitions(func.id):
                        if not isinstance(definition, ast.ClassDef):
                            summary = self.summary(definition)
                            return "a generator" if summary.generates else "a lambda" if summary.closes else ""
                if isinstance(func, ast.Attribute) and func.attr == "split" and self.kind(func.value) == "splitter":
                    return "a generator"
                dotted = self.dotted(func)
                if dotted is not None:
                    return libraries.lookup(libraries.UNSTORABLE, dotted) or ""
                if isinstance(func, ast.Attribute):
                    if func.attr == "open" and self.path(func.value) is not None:
                        return "an open file"
                    return libraries.UNSTORABLE_METHODS.get(func.attr, "")
                return ""
            case ast.Name(id=name):
                return self.state.unstorable.get(name, "")
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.Dict(values=parts):
                return next(filter(None, map(self.unstorable_as, parts)), "")
            case ast.ListComp(elt=each) | ast.SetComp(elt=each) | ast.DictComp(value=each):
                return self.unstorable_as(each)
            case _:
                return ""

    def definitions_of(self, value: ast.expr) -> Definitions:
        """The functions and classes that a value may be."""
        match value:
            case ast.Lambda():
                return (value,)
            case ast.Name(id=name):
                return self.definitions(name)
            case ast.IfExp(body=body, orelse=orelse):
                return (*self.definitions_of(body), *self.definitions_of(orelse))
            case _:
                return ()

    def path(self, expression: ast.expr | None) -> str | None:
        masked = frozenset(name for mask in self.masks for name in mask)
        path = path_of(expression, self.known, self.own | masked)
        return None if path == "." else path

    def methods(self, name: str, method: str, depth: int = 0) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """The method of a class of the notebook, or of one above it."""
        for definition in self.known.classes.get(name, ()):
            own = [
                part
                for part in definition.body
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and part.name == method
            ]
            if own:
                yield own[-1]
            elif depth < _DEEPEST:
                for base in definition.bases:
                    if isinstance(base, ast.Name) and base.id != name:
                        yield from self.methods(base.id, method, depth + 1)

    # --- Loops

    def elements(self, target: ast.expr, iterable: ast.expr) -> dict[str, Sources]:
        """Names of a loop's target, and what each leads to."""
        found: dict[str, Sources] = {}
        for one, other in _pairs(target, iterable):
            if one is not target and other is not None and isinstance(one, ast.Tuple | ast.List):
                found.update(self.elements(one, other))
                continue
            sources = () if other is None else parts_of(self.sources(other))
            if other is not None and self.kind(other) == "table":
                sources = ()
            for part in ast.walk(one):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    found[part.id] = sources
        return found

    def _kind_of_elements(self, iterable: ast.expr) -> str:
        kind = self.kind(iterable)
        return kind if kind == "axes" else ""

    def _has_axes(self, name: str, target: ast.expr, iterable: ast.expr) -> bool:
        for one, other in _pairs(target, iterable):
            if isinstance(one, ast.Name) and one.id == name:
                return other is not None and self._kind_of_elements(other) == "axes"
            nested = other is not None and one is not target and isinstance(one, ast.Tuple | ast.List)
            if nested and other is not None and self._has_axes(name, one, other):
                return True
        return False


def parts_of(sources: Sources) -> Sources:
    return tuple((name, False) for name, _ in sources)


def _pairs(target: ast.expr, iterable: ast.expr) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Parts of a loop's target, and the iterable that each runs through; None where it only counts."""
    elts = target.elts if isinstance(target, ast.Tuple | ast.List) else []
    match iterable:
        case ast.Call(func=ast.Name(id="zip"), args=args) if len(elts) == len(args) and elts:
            yield from zip(elts, args, strict=True)
        case ast.Call(func=ast.Name(id="enumerate"), args=[counted, *_]) if len(elts) == 2:
            yield elts[0], None
            yield elts[1], counted
        case ast.Call(func=ast.Name(id="range" | "len" | "enumerate")):
            yield target, None
        case ast.Call(func=ast.Attribute(value=held, attr="items"), args=[]) if len(elts) == 2:
            yield elts[0], None
            yield elts[1], held
        case ast.Call(func=ast.Attribute(attr="keys"), args=[]):
            yield target, None
        case _:
            yield target, iterable
