"""What calls do: functions of the notebook, of libraries, methods, magics; and which files they read and write."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from cauce.engine.checks.magics import parsed
from cauce.engine.refactor.model import Share, Sureness
from cauce.engine.refactor.reading import libraries, magics
from cauce.engine.refactor.reading.known import MAGIC
from cauce.engine.refactor.reading.scopes import Function, defaults_of, functions_within, local_names
from cauce.engine.refactor.reading.summaries import Sources, Summary, given_to
from cauce.engine.refactor.reading.values import Values

__all__ = ["Calls"]


class Calls(Values):
    """Notes what a call does."""

    def call(self, node: ast.Call, *, used: bool | None) -> None:
        """`used`: is what it returns made use of? None where it may be called for what it does all the same."""
        func = node.func
        if isinstance(func, ast.Name) and func.id == MAGIC:
            if node.args and isinstance(node.args[0], ast.Constant):
                self.magic(str(node.args[0].value))
            return
        said = magics.called(node)
        if said is not None:
            self.read("get_ipython")
            self.magic(said)
            return
        self.visit(func)
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        for argument in arguments:
            self.visit(argument.value if isinstance(argument, ast.Starred) else argument)
        if isinstance(func, ast.Lambda):
            self.do(self.summary(func), node.args, node.keywords, "sure")
            return
        for keyword in node.keywords:
            if keyword.arg == "ax":
                self.change(keyword.value, "sure")  # by whatever draws there
        dotted = self.dotted(func)
        self._files(node, dotted)
        self._hand_generators(arguments)
        if dotted in {"builtins.eval", "builtins.exec"} and (code := said_in(node)) is not None:
            self.block(code.body)
            return
        if isinstance(func, ast.Name) and (definitions := self.definitions(func.id)):
            self._call_own(definitions, node)
            return
        for held in self._held_by(func):
            self.do(replace(self.summary(held), handed=()), [], [], "possible")
        if self.kind(func) == "closure":
            self.change(func, "sure")
        else:
            self.call_method_of_own(func, "__call__", node.args, node.keywords)
        self._may_call(arguments, func)
        if dotted is not None:
            self._call_library(node, dotted)
        elif isinstance(func, ast.Attribute):
            self._call_method(node, func, used=used)
        else:
            self._hand(arguments)

    # --- Functions of the notebook

    def _held_by(self, func: ast.expr) -> Iterator[Function]:
        """Functions that were put into what is called, or into that of which it is a method."""
        root = self.root(func)
        if root is not None:
            names = [root] if self.masked(root) is None else [name for name, _ in self.masked(root) or ()]
            origins = dict.fromkeys(name for each in names for name, _ in self.origins(each, True))
            yield from dict.fromkeys(held for name in origins for held in self.known.holding.get(name, ()))

    def call_method_of_own(
        self, value: ast.expr, method: str, args: Sequence[ast.expr] = (), keywords: Sequence[ast.keyword] = ()
    ) -> None:
        """What a method does that Python calls, of a class of the notebook."""
        kind = self.kind(value)
        if kind.startswith("class "):
            for own in self.methods(kind.removeprefix("class "), method):
                self.do(self.summary(own), [value, *args], keywords, "sure")

    def _call_own(self, definitions: Sequence[Function | ast.ClassDef], node: ast.Call) -> None:
        for definition in definitions:
            sureness: Sureness = "sure" if len(definitions) == 1 else "possible"
            if isinstance(definition, ast.ClassDef):
                for method in definition.body:
                    if isinstance(method, ast.FunctionDef) and method.name in {"__init__", "__new__"}:
                        this: list[ast.expr] = [ast.Constant(None)]
                        self.do(self.summary(method), this + node.args, node.keywords, sureness)
            else:
                summary = self.summary(definition)
                # What generates does so when somebody goes through it, such as a `with` statement.
                self.do(summary, node.args, node.keywords, "possible" if summary.generates else sureness)
                self._by_default(definition, summary, node)
                self._may_wrap(definition)
                self._may_call([*node.args, *(keyword.value for keyword in node.keywords)], node.func)

    def _by_default(self, definition: Function, summary: Summary, node: ast.Call) -> None:
        """What it does to variables that are given where it was defined: ``def draw(n, rng=rng)``."""
        given = given_to(summary, node.args, node.keywords)
        for parameter, default in defaults_of(definition):
            if isinstance(default, ast.Name) and parameter not in given:
                self._hand_generators([default])
                if parameter in summary.mutates:
                    self.change(default, summary.mutates[parameter])

    def _may_wrap(self, definition: Function) -> None:
        """What functions within a decorator of the notebook do: they are called in place of what it decorates."""
        for decorator in () if isinstance(definition, ast.Lambda) else definition.decorator_list:
            name = decorator.func if isinstance(decorator, ast.Call) else decorator
            for outer in self.definitions_of(name):
                if isinstance(outer, ast.FunctionDef):
                    own = local_names(outer)
                    for inner in functions_within(outer):
                        summary = self.summary(inner)
                        changed = {each: how for each, how in summary.mutates.items() if each not in own}
                        said = Summary(mutates=changed, random=summary.random, may_bind=summary.binds)
                        self.do(said, [], [], "possible")

    def do(
        self, summary: Summary, args: Sequence[ast.expr], keywords: Sequence[ast.keyword], sureness: Sureness
    ) -> None:
        """What a call does that is summed up so."""
        given = given_to(summary, args, keywords)
        own = set(summary.parameters)
        for name, sure in summary.mutates.items():
            how: Sureness = sure if sureness == "sure" else "possible"
            for argument in given.get(name, ()):
                self.change(argument, how)
            if name not in own:
                self.mutate(name, how)
        for share in summary.shares:
            ones, others = (
                [part for argument in given.get(name, ()) for part in self.sources(argument)]
                if name in own
                else [(name, True)]
                for name in (share.name, share.other)
            )
            for one, whole in ones:
                for other, as_whole in others:
                    if one != other:
                        self.shares.setdefault(Share(one, other, share.whole and whole and as_whole))
        for name in summary.handed:
            self._hand(given.get(name, ()))
        for name in summary.binds:
            if sureness == "sure":
                self.bind(name)
            else:
                self.ever.setdefault(name)
        for name in summary.may_bind:
            self.ever.setdefault(name)
        self.random = self.random or summary.random
        self.reads_files.update(dict.fromkeys(summary.reads_files))
        self.writes_files.update(dict.fromkeys(summary.writes_files))

    def _may_call(self, arguments: Sequence[ast.expr], func: ast.expr) -> None:
        """A function that is given away may be called, and with what else is given: `map(fix, tables)`."""
        for argument in arguments:
            for definition in self.definitions_of(argument):
                if isinstance(definition, ast.ClassDef):
                    continue
                summary = self.summary(definition)
                self.do(replace(summary, handed=()), [], [], "possible")
                if not any(name in summary.mutates for name in summary.parameters):
                    continue
                for other in (*arguments, *([func.value] if isinstance(func, ast.Attribute) else [])):
                    if other is not argument and self.kind(other) != "table":  # which gives copies of its rows
                        self.change(other, "possible")

    # --- Libraries

    def _call_library(self, node: ast.Call, dotted: str) -> None:
        changed = libraries.CHANGES_ARGUMENT.get(dotted)
        if changed is not None and len(node.args) > changed:
            self.change(node.args[changed], "sure")
            for argument in node.args[changed + 1 :]:
                self.put(self.root(node.args[changed]), self.sources(argument))
        for keyword in node.keywords:
            if keyword.arg == "out":
                self.change(keyword.value, "sure")
            elif keyword.arg == "inplace" and node.args and _is(keyword.value, True):
                self.change(node.args[0], "possible")
        method = dotted.rpartition("().")[2] if "()." in dotted else ""
        place = libraries.METHOD_CHANGES_ARGUMENT.get(method)
        if place is not None and len(node.args) > place:
            self.change(node.args[place], "sure")
        if libraries.lookup(libraries.CHANGES_GENERATOR_OF_ALL, dotted) or (
            (seed := libraries.DRAWS_UNLESS_SEEDED.get(dotted)) and not _given_a_value(node, seed)
        ):
            self.random = True
        if changed is None and dotted.partition(".")[0] not in libraries.KNOWN_TO_LEAVE_ARGUMENTS:
            self._hand([*node.args, *(keyword.value for keyword in node.keywords)])

    # --- Methods

    def _call_method(self, node: ast.Call, func: ast.Attribute, *, used: bool | None) -> None:
        name = func.attr
        root = self.root(func.value)
        kind = self.kind(func.value)
        sureness = self._changed_by(name, kind, node, used=used)
        if sureness is not None:
            self.change(func.value, sureness)
        if kind.startswith("class "):
            for method in self.methods(kind.removeprefix("class "), name):
                self.do(self.summary(method), [func.value, *node.args], node.keywords, "sure")
        elif name in self.known.methods and name not in libraries.CHANGES_ITSELF and kind == "":
            for method in self.known.methods[name]:
                summary = replace(self.summary(method), handed=())  # it may be another class's
                self.do(summary, [func.value, *node.args], node.keywords, "possible")
        if isinstance(func.value, ast.Name):
            self._call_of_class(node, func, func.value.id)
        if name in libraries.PUTS_IN and kind not in libraries.PUTS_COPIES and sureness is not None:
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                self.put(root, self.sources(argument))
        place = libraries.METHOD_CHANGES_ARGUMENT.get(name)
        if place is not None and len(node.args) > place:
            self.change(node.args[place], "sure")
        if name == "sample" and kind == "table" and not _given_a_value(node, "random_state"):
            self.random = True

    def _call_of_class(self, node: ast.Call, func: ast.Attribute, name: str) -> None:
        """`X.load(…)` of a class of the notebook; a class method may make one."""
        makes = bool(self.class_of_method(func))
        handed = [func.value, *node.args] if makes else node.args
        for made in self.definitions(name):
            if not isinstance(made, ast.ClassDef):
                continue
            for method in self.methods(made.name, func.attr):
                self.do(self.summary(method), handed, node.keywords, "possible")
            for method in self.methods(made.name, "__init__") if makes else ():
                self.do(replace(self.summary(method), parameters=(), handed=()), [], [], "possible")

    def _changed_by(self, method: str, kind: str, node: ast.Call, *, used: bool | None) -> Sureness | None:
        """Does this method change its object?"""
        for keyword in node.keywords:
            if keyword.arg == "inplace" and not _is(keyword.value, False):
                return "sure" if _is(keyword.value, True) else "possible"
        if method in libraries.CHANGES_ITSELF or kind == "random generator":
            return "sure"
        if kind.startswith("class "):
            own = any(True for _ in self.methods(kind.removeprefix("class "), method))
            return (
                None if own or used is not False or method in libraries.HARMLESS else "possible"
            )  # what it does itself is found in its body
        if kind == "table":
            return "sure" if used is False and method in {"insert", "update"} else None
        if kind == "iterator":
            return "sure" if method not in {"close"} else None
        if kind in {"axes", "figure"}:
            return None if method.startswith("get_") or method in {"savefig", "show"} else "sure"
        if method in libraries.CHANGES_ITSELF_IF_THROWN_AWAY:
            # `frame = frame.append(row)` makes another one.
            return None if used else "sure" if used is False else "possible"
        if method.endswith("_") and not method.startswith("_"):
            return "sure"  # as PyTorch calls what works in place
        if used is not False or method in libraries.HARMLESS:
            return None
        return "sure" if method.startswith(("set_", "add_")) else "possible"

    # --- Arguments

    def _hand(self, arguments: Iterable[ast.expr]) -> None:
        for argument in arguments:
            value = argument.value if isinstance(argument, ast.Starred) else argument
            root = self.root(value) if isinstance(value, ast.Name | ast.Attribute | ast.Subscript) else None
            if root is None or self.masked(root) is not None or self.meaning(root) is not None:
                continue
            if root not in self.state.bound or root in self.own:
                self.handed.setdefault(root)

    def _hand_generators(self, arguments: Iterable[ast.expr]) -> None:
        """Who is given a random generator draws from it; who is given an iterator goes through it."""
        for argument in arguments:
            value = argument.value if isinstance(argument, ast.Starred) else argument
            if isinstance(value, ast.Name) and self.kind_of_name(value.id) in {"random generator", "iterator"}:
                self.mutate(value.id, "possible")

    def consume(self, iterable: ast.expr) -> None:
        if isinstance(iterable, ast.Name) and self.kind_of_name(iterable.id) == "iterator":
            self.mutate(iterable.id, "sure")

    def put(self, root: str | None, sources: Sources) -> None:
        """Note that an object holds from now on what these lead to."""
        if root is None or self.kind_of_name(root) in libraries.PUTS_COPIES:
            return
        for name in (root,) if self.masked(root) is None else [other for other, _ in self.masked(root) or ()]:
            if self.meaning(name) is None:
                for other, _ in sources:
                    if other != name:
                        self.shares.setdefault(Share(name, other, False))

    # --- Magics

    def magic(self, text: str) -> None:
        said = magics.read_magic(text)
        for name in said.names:
            if name in self.known.bound or name in self.ever:
                self.read(name)
        self.reads_files.update(dict.fromkeys(said.reads_files))
        self.writes_files.update(dict.fromkeys(said.writes_files))
        if said.code is not None and said.keeps:
            self.block(said.code.body)
        elif said.code is not None:
            apart = self.apart()
            apart.block(said.code.body)
            for name in apart.reads:
                self.read(name)
            for name, sureness in apart.mutates.items():
                if name not in apart.ever:
                    self.mutate(name, sureness)
            self.random = self.random or apart.random
        for name in said.binds:
            self.bind(name)

    # --- Files

    def _files(self, node: ast.Call, dotted: str | None) -> None:
        func = node.func
        method = func.attr if isinstance(func, ast.Attribute) else ""
        first = (
            node.args[0]
            if node.args
            else next(
                (
                    keyword.value
                    for keyword in node.keywords
                    if keyword.arg
                    in {
                        "file",
                        "filename",
                        "fname",
                        "path",
                        "path_or_buf",
                        "filepath_or_buffer",
                        "io",
                        "path_or_buffer",
                    }
                ),
                None,
            )
        )
        if dotted in {"builtins.open", "io.open", "gzip.open", "bz2.open", "codecs.open"}:
            self._opened(self.path(first), _mode(node, 1))
        elif dotted is not None and (dotted in libraries.READS_FILE or dotted in libraries.WRITES_FILE):
            for table, files in ((libraries.READS_FILE, self.reads_files), (libraries.WRITES_FILE, self.writes_files)):
                place = table.get(dotted)
                if place is None:
                    continue
                path = self.path(first if place == 0 else node.args[place] if len(node.args) > place else None)
                if path is not None:
                    files.setdefault(_as_numpy_has_it(path, dotted))
            if dotted.endswith(".connect"):
                path = self.path(first)
                if path is not None:
                    self.writes_files.setdefault(path)
        elif method in {"read_text", "read_bytes"} and isinstance(func, ast.Attribute):
            self._opened(self.path(func.value), "r")
        elif method in {"write_text", "write_bytes"} and isinstance(func, ast.Attribute):
            self._opened(self.path(func.value), "w")
        elif method == "open" and isinstance(func, ast.Attribute) and dotted is None:
            self._opened(self.path(func.value), _mode(node, 0))
        elif method in libraries.SAVES_FILE and dotted is None:
            self._opened(self.path(first), "w")

    def _opened(self, path: str | None, mode: str) -> None:
        if path is None:
            return
        if "+" in mode or not set(mode) & set("wax"):
            self.reads_files.setdefault(path)
        if set(mode) & set("wax+"):
            self.writes_files.setdefault(path)


def said_in(node: ast.Call) -> ast.Module | None:
    """The Python in a text that `eval` or `exec` runs where it stands; None where it is not known, or runs apart."""
    match node.args, node.keywords:
        case [ast.Constant(value=str(text))], []:
            return parsed(text.strip())[0]
        case _:
            return None


def _is(expression: ast.expr, value: bool) -> bool:
    return isinstance(expression, ast.Constant) and expression.value is value


def _given_a_value(node: ast.Call, name: str) -> bool:
    return any(
        keyword.arg is None or (keyword.arg == name and not _is_none(keyword.value)) for keyword in node.keywords
    )


def _is_none(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Constant) and expression.value is None


def _mode(node: ast.Call, place: int) -> str:
    given = next((keyword.value for keyword in node.keywords if keyword.arg == "mode"), None)
    if given is None and len(node.args) > place:
        given = node.args[place]
    if given is None:
        return "r"
    return str(given.value) if isinstance(given, ast.Constant) else "r+"


def _as_numpy_has_it(path: str, dotted: str) -> str:
    suffix = {"numpy.save": ".npy", "numpy.savez": ".npz", "numpy.savez_compressed": ".npz"}.get(dotted, "")
    return path if path.endswith(suffix) else path + suffix
