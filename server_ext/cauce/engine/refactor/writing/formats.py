"""How a variable is stored between two tasks: by its type, as far as that is known. Pure.

    Given (type, traced value) ─choose─► Choice (format, why) ─► Stored (key, paths) ─► lines of code that save and load

Saving and loading is code that a person would write, `FORMATS` and `_POLARS` are all of it. Words in braces there
are what the code needs imported; `naming` says under which name a task has it.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cauce.contract import SplitFormat
from cauce.engine.refactor.model import Given, Statement

__all__ = ["FORMATS", "Choice", "Format", "Preferences", "Stored", "choose", "format_of", "is_constant"]


@dataclass(frozen=True)
class Format:
    """What saves a value, and what loads it. `{file}` is an open file, opened with `mode` for that."""

    suffix: str
    save: str
    load: str
    mode: str = ""
    """'' when the code takes the path: then there is no file to open."""
    needs: tuple[str, ...] = ()
    """Modules that have to be installed though no code imports them."""


_PICKLE = Format(".pkl", "{pickle}.dump({value}, {file})", "{pickle}.load({file})", mode="b")

FORMATS: Mapping[SplitFormat, Format] = {
    "parquet": Format(".parquet", "{value}.to_parquet({path})", "{pandas}.read_parquet({path})", needs=("pyarrow",)),
    "csv": Format(".csv", "{value}.to_csv({path}, index=False)", "{pandas}.read_csv({path})"),
    "npy": Format(".npy", "{numpy}.save({path}, {value}, allow_pickle=False)", "{numpy}.load({path})"),
    "json": Format(".json", "{json}.dump({value}, {file})", "{json}.load({file})", mode="t"),
    "joblib": Format(".joblib", "{joblib}.dump({value}, {path})", "{joblib}.load({path})"),
    "png": _PICKLE,
    "pickle": _PICKLE,
    "cloudpickle": Format(".pkl", "{cloudpickle}.dump({value}, {file})", "{cloudpickle}.load({file})", mode="b"),
    "dill": Format(".pkl", "{dill}.dump({value}, {file})", "{dill}.load({file})", mode="b"),
}
"""All but 'recreate', which stores nothing."""

_POLARS: Mapping[SplitFormat, Format] = {
    "parquet": Format(".parquet", "{value}.write_parquet({path})", "{polars}.read_parquet({path})"),
    "csv": Format(".csv", "{value}.write_csv({path})", "{polars}.read_csv({path})"),
}

_ANY: tuple[SplitFormat, ...] = ("pickle", "cloudpickle", "dill")
_TABLE, _ARRAY, _ESTIMATOR, _FIGURE, _PLAIN, _UNKNOWN = "table", "array", "estimator", "figure", "plain", ""
_OFFERED: Mapping[str, tuple[SplitFormat, ...]] = {
    _TABLE: ("parquet", "csv", *_ANY),
    _ARRAY: ("npy", "joblib", *_ANY),
    _ESTIMATOR: ("joblib", *_ANY),
    _FIGURE: ("png", *_ANY),
    _PLAIN: ("json", *_ANY),
    _UNKNOWN: (*_ANY, "joblib", "parquet", "csv", "npy", "json"),
    "other": (*_ANY, "joblib"),
}
_TABLES = frozenset({"pandas.DataFrame", "pandas.core.frame.DataFrame"})
_POLARS_TABLES = frozenset({"polars.DataFrame", "polars.dataframe.frame.DataFrame"})
_PLAINS = frozenset({"str", "int", "float", "bool", "list", "dict", "NoneType"})
_LONGEST_CONSTANT = 200


@dataclass(frozen=True)
class Preferences:
    """What was asked for of all variables alike."""

    df_format: SplitFormat | None = None
    serializer: SplitFormat | None = None
    by_value: bool = False
    """May it hold a function without a name? Those with one are where they may be needed: a pickle names them."""
    constants: Collection[int] = ()
    """Statements that are rather repeated than their values stored."""


@dataclass(frozen=True)
class Choice:
    """How it is stored, what else it could be stored as, and what there is to say of it."""

    format: SplitFormat
    choices: tuple[SplitFormat, ...]
    note: str = ""


@dataclass(frozen=True)
class Stored:
    """A variable that has a place."""

    given: Given
    format: SplitFormat
    key: str
    path: str
    picture: tuple[str, str] | None = None
    """Key and path of the picture of a figure."""

    @property
    def code(self) -> Format:
        return format_of(self.format, self.given)


def format_of(name: SplitFormat, given: Given) -> Format:
    """What saves and loads such a value. Not of 'recreate'."""
    return (_POLARS if given.type in _POLARS_TABLES else FORMATS).get(name) or FORMATS[name]


def choose(given: Given, wanted: Preferences, asked: SplitFormat | None = None) -> Choice:
    """What fits the value best; what was `asked` for it, if that is one of its choices."""
    kind = _kind(given)
    choices: tuple[SplitFormat, ...] = _OFFERED[kind]
    if given.recreate:
        choices = (*choices, "recreate")
    default, note = _default(given, kind, wanted)
    if asked in choices:
        return Choice(asked, choices)
    return Choice(default, choices, note)


def _kind(given: Given) -> str:
    """What sort of value it is; '' when that is not known."""
    value = given.value
    if not given.whole:
        return "other"
    if given.type in _TABLES | _POLARS_TABLES:
        return _TABLE
    if given.type == "numpy.ndarray":
        return _ARRAY
    if given.type == "matplotlib.figure.Figure":
        return _FIGURE
    if (value is not None and "sklearn.base.BaseEstimator" in value.bases) or given.type.startswith("sklearn."):
        return _ESTIMATOR
    if value is not None and value.json:
        return _PLAIN
    return (
        "other"
        if given.type and given.type.removeprefix("builtins.") not in _PLAINS
        else _UNKNOWN
        if value is None
        else "other"
    )


def _default(given: Given, kind: str, wanted: Preferences) -> tuple[SplitFormat, str]:
    value = given.value
    makes = [statement.index for statement in given.recreate if statement.kind != "import"]
    if makes and all(index in wanted.constants for index in makes):
        return "recreate", ""
    if makes and given.unstorable:
        return "recreate", f"'{given.names[0]}' is {given.unstorable}: it is made anew where it is used."
    if kind == _TABLE or (kind == _UNKNOWN and wanted.df_format is not None and _is_called_table(given)):
        if wanted.df_format is not None:
            return wanted.df_format, ""
        if value is None or value.frame or given.type in _POLARS_TABLES:
            return "parquet", ""
        name = given.names[0]
        return _pickled(given, wanted)[0], f"'{name}' is a table that parquet does not hold as it is: it is pickled."
    if kind == _ARRAY and value is not None and "object" not in value.summary:
        return "npy", ""
    if wanted.serializer is None:
        if kind == _ESTIMATOR and not wanted.by_value:
            return "joblib", ""
        if kind == _FIGURE:
            return "png", ""
        if kind == _PLAIN:
            return "json", ""
    return _pickled(given, wanted)


def _pickled(given: Given, wanted: Preferences) -> tuple[SplitFormat, str]:
    if wanted.serializer is not None:
        return wanted.serializer, ""
    if given.value is not None and given.value.storable == "cloudpickle":
        return "cloudpickle", ""
    return ("cloudpickle" if wanted.by_value else "pickle"), ""


def _is_called_table(given: Given) -> bool:
    return any(name == "df" or name.startswith("df_") or name.endswith("_df") for name in given.names)


def is_constant(statement: Statement) -> bool:
    """Does it give names a short literal, and nothing else?"""
    match statement.node:
        case ast.Assign(targets=targets, value=value) if all(isinstance(target, ast.Name) for target in targets):
            pass
        case ast.AnnAssign(target=ast.Name(), value=ast.expr() as value):
            pass
        case _:
            return False
    if len(statement.text) > _LONGEST_CONSTANT:
        return False
    return _is_literal(value)


def _is_literal(value: ast.expr) -> bool:
    match value:
        case ast.Constant():
            return True
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float())):
            return True
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return all(map(_is_literal, items))
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and _is_literal(key) for key in keys) and all(map(_is_literal, values))
        case _:
            return False
