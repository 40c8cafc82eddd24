"""Set-up: what changes the process for all that comes after, and makes no value. Pure.

What counts is in `libraries`: calls, what is set below a name of a library (``pandas.options.display.x = 1``), and
magics. A function of the notebook that does nothing else is set-up too where it is called.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from cauce.engine.refactor.reading import libraries, magics
from cauce.engine.refactor.reading.known import MAGIC, Known, imported_by, path_of
from cauce.engine.refactor.reading.scopes import Function, local_names

__all__ = ["setup_of"]

_DEEPEST = 8
_NOTHING = "nothing"
_LOGGER = "logging.getLogger"
_SET_LOGGERS = frozenset({"addFilter", "addHandler", "setLevel"})
_NO_VALUES = frozenset({"_", "__"})


def setup_of(node: ast.stmt, known: Known) -> str:
    """What a statement sets, in a word or two; '' when it is no set-up, or does something else besides."""
    try:
        found = _Finder(known).block([node], _DEEPEST)
    except RecursionError:  # thousands of calls in a row
        return ""
    return "" if found == _NOTHING else found


class _Finder:
    def __init__(
        self, known: Known, own: frozenset[str] = frozenset(), imports: Mapping[str, str] | None = None
    ) -> None:
        self._known = known
        self._own = own
        self._imports = dict(imports or {})

    def block(self, body: Sequence[ast.stmt], depth: int) -> str:
        """The first word for what it sets; 'nothing' when it does nothing; '' when it does anything else."""
        word = _NOTHING
        for node in body:
            found = self._statement(node, depth)
            if not found:
                return ""
            if word == _NOTHING:
                word = found
        return word

    def _statement(self, node: ast.stmt, depth: int) -> str:
        if depth == 0:
            return ""
        match node:
            case ast.Expr(value=ast.Call() as call):
                return self._call(call, depth)
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                return _NOTHING
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if name in _NO_VALUES:
                return self._call(call, depth)
            case ast.Assign(targets=[ast.Name()], value=ast.Call(func=func) as call) if self._dotted(func) == _LOGGER:
                return "logging" if not self._own and self._is_fixed(call) else ""
            case ast.Assign(targets=targets, value=value):
                return self._sets(targets, value)
            case ast.AugAssign(target=target, value=value):
                return self._sets([target], value)
            case ast.Delete(targets=targets):
                return self._sets(targets, ast.Constant(None))
            case ast.If(body=body, orelse=orelse):
                return self._joined([*body, *orelse], depth)
            case ast.Try(body=body, orelse=orelse, finalbody=finalbody, handlers=handlers):
                handled = [each for handler in handlers for each in handler.body]
                return self._joined([*body, *orelse, *finalbody, *handled], depth)
            case _:
                return ""

    def _joined(self, body: Sequence[ast.stmt], depth: int) -> str:
        return self.block(body, depth - 1)

    def _call(self, call: ast.Call, depth: int) -> str:
        func = call.func
        if isinstance(func, ast.Name) and func.id == MAGIC:
            text = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else ""
            return libraries.SETUP_MAGICS.get(magics.word_of(str(text)), "")
        said = magics.called(call)
        if said is not None:
            return libraries.SETUP_MAGICS.get(magics.word_of(said), "")
        if isinstance(func, ast.Name) and func.id not in self._own:
            for definition in self._known.definitions(func.id):
                if isinstance(definition, ast.FunctionDef):
                    return self._function(definition, depth)
                return ""
        dotted = self._dotted(func)
        if self._makes_folder(call, dotted):
            return "folder"
        if self._sets_logger(call):
            return "logging"
        return "" if dotted is None else libraries.lookup(libraries.SETUP, dotted) or ""

    def _sets_logger(self, call: ast.Call) -> bool:
        """``logger.setLevel(logging.INFO)``: loggers are the process's, whoever asks for one by its name."""
        match call.func:
            case ast.Attribute(value=ast.Name(id=name), attr=method) if (
                method in _SET_LOGGERS and name not in self._own
            ):
                made = self._known.constants.get(name)
                is_logger = isinstance(made, ast.Call) and self._dotted(made.func) == _LOGGER
                return is_logger and all(self._is_fixed(each) for each in call.args)
            case _:
                return False

    def _makes_folder(self, call: ast.Call, dotted: str | None) -> bool:
        """Does it make a folder whose name is known, unless it is there? Whoever writes into it needs it."""
        there = any(each.arg == "exist_ok" and ast.unparse(each.value) == "True" for each in call.keywords)
        if not there:
            return False
        if dotted == "os.makedirs" and call.args:
            return path_of(call.args[0], self._known, self._own) is not None
        func = call.func
        return (
            isinstance(func, ast.Attribute)
            and func.attr == "mkdir"
            and path_of(func.value, self._known, self._own) is not None
        )

    def _function(self, function: Function, depth: int) -> str:
        """Of a call of a function of the notebook: `seed_everything(42)`."""
        if not isinstance(function, ast.FunctionDef):
            return ""
        body = [each for each in function.body if not _is_import(each)]
        inside = _Finder(self._known, local_names(function), imported_by(function.body))
        found = inside.block(body, depth - 1)
        return "" if found == _NOTHING else found

    def _sets(self, targets: Sequence[ast.expr], value: ast.expr) -> str:
        """Setting something of a library: an attribute or an item of what was imported."""
        word = ""
        for target in targets:
            if isinstance(target, ast.Tuple | ast.List):
                found = self._sets(target.elts, value)
            elif isinstance(target, ast.Attribute | ast.Subscript):
                dotted = self._dotted(target)
                if dotted is None or dotted.startswith("builtins."):
                    return ""
                fixed = self._is_fixed(value) or self._is_definition(value)
                found = libraries.lookup(libraries.SETUP, dotted) or (
                    f"settings of {dotted.partition('.')[0]}" if fixed else ""
                )
            else:
                return ""
            if not found:
                return ""
            word = word or found
        return word

    def _is_fixed(self, value: ast.expr) -> bool:
        """Is it made of nothing that the notebook computes?"""
        inner = {part.arg for part in ast.walk(value) if isinstance(part, ast.arg)}
        return all(
            self._dotted(node) is not None or self._is_constant(node.id)
            for node in ast.walk(value)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in inner
        )

    def _is_definition(self, value: ast.expr) -> bool:
        """Is it a function or class of the notebook, as it is: ``pandas.DataFrame.summed = summed``?"""
        match value:
            case ast.Call(func=ast.Name(id="property" | "classmethod" | "staticmethod"), args=[inner], keywords=[]):
                return self._is_definition(inner)
            case ast.Name(id=name):
                return name not in self._own and bool(self._known.definitions(name))
            case _:
                return False

    def _is_constant(self, name: str) -> bool:
        return name not in self._own and isinstance(self._known.constants.get(name), ast.Constant)

    def _dotted(self, expression: ast.expr) -> str | None:
        match expression:
            case ast.Name(id=name):
                if name in self._imports:
                    return self._imports[name]
                return None if name in self._own else self._known.meaning(name)
            case ast.Attribute(value=value, attr=attr):
                above = self._dotted(value)
                return None if above is None else f"{above}.{attr}"
            case ast.Subscript(value=value):
                return self._dotted(value)
            case ast.Call(func=func):
                above = self._dotted(func)
                return None if above is None else f"{above}()"
            case _:
                return None


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)
