"""What type a variable has, as far as its code says so plainly."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from cauce.engine.refactor.model import Statement

__all__ = ["ARRAY", "FRAME", "SERIES", "dotted", "holds_lambdas", "not_in_parquet", "types_of"]

FRAME = "pandas.DataFrame"
SERIES = "pandas.Series"
ARRAY = "numpy.ndarray"

_MAKE_FRAMES = frozenset(
    f"pandas.{name}"
    for name in (
        "concat crosstab get_dummies json_normalize melt merge pivot pivot_table read_csv read_excel read_feather "
        "read_fwf read_json read_orc read_parquet read_pickle read_sas read_spss read_sql read_sql_query "
        "read_sql_table read_stata read_table wide_to_long"
    ).split()
) | {"seaborn.load_dataset"}
_MAKE_ARRAYS = frozenset(
    f"numpy.{name}"
    for name in (
        "arange array asarray concatenate cos dot empty exp eye full genfromtxt hstack linspace loadtxt log matmul "
        "meshgrid ones ones_like random.normal random.rand random.randint random.randn random.uniform sin sqrt stack "
        "vstack zeros zeros_like"
    ).split()
) - {"numpy.meshgrid"}
_FRAME_STAYS = frozenset(
    "apply_map assign astype copy describe drop drop_duplicates dropna fillna head join melt merge nlargest nsmallest "
    "pivot_table query rename replace reset_index round sample select_dtypes set_index sort_index sort_values tail "
    "where".split()
)
_MAKE_INTERVALS = frozenset({"pandas.cut", "pandas.qcut", "pandas.interval_range"})
_ARRAY_STAYS = frozenset("astype copy flatten ravel reshape swapaxes transpose view".split())
_SAME_TYPE = frozenset({"fit", "partial_fit", "set_params"})
_SPLITS = "sklearn.model_selection.train_test_split"
_KEEPERS = frozenset(
    "add append clone copy deepcopy defaultdict insert make_pipeline partial setdefault update vectorize".split()
)
_LITERALS: dict[type[ast.expr], str] = {
    ast.List: "list",
    ast.ListComp: "list",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Set: "set",
    ast.SetComp: "set",
    ast.Tuple: "tuple",
    ast.JoinedStr: "str",
}


def dotted(node: ast.expr, meanings: Mapping[str, str]) -> str:
    """'pandas.read_csv' of `pd.read_csv`; '' of what does not begin with something imported."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in meanings:
        return ""
    return ".".join([meanings[node.id], *reversed(parts)])


def types_of(statement: Statement, meanings: Mapping[str, str], known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Name and type of what a statement binds, where that is plain.

    Args:
        meanings: What imported names are, dotted.
        known: Types of names so far.
    """
    match statement.node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _bound(target, value, meanings, known)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _bound(target, value, meanings, known)
        case _:
            pass


def _bound(
    target: ast.expr, value: ast.expr, meanings: Mapping[str, str], known: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    match target, value:
        case ast.Name(id=name), _:
            if found := _type(value, meanings, known):
                yield name, found
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            for one, other in zip(targets, values, strict=True):
                yield from _bound(one, other, meanings, known)
        case ast.Tuple(elts=targets), ast.Call(func=func, args=args) if dotted(func, meanings) == _SPLITS and len(
            targets
        ) == 2 * len(args):
            for position, one in enumerate(targets):
                if isinstance(one, ast.Name) and (found := _type(args[position // 2], meanings, known)):
                    yield one.id, found
        case _:
            pass


def _type(value: ast.expr, meanings: Mapping[str, str], known: Mapping[str, str]) -> str:
    match value:
        case ast.Name(id=name):
            return known.get(name, "")
        case ast.Constant(value=constant):
            return type(constant).__name__ if constant is not None else ""
        case ast.Call(func=func):
            return _made(func, meanings, known)
        case ast.Subscript(value=inner, slice=ast.Slice() | ast.Tuple()) | ast.Attribute(value=inner, attr="T") if (
            _type(inner, meanings, known) == ARRAY
        ):
            return ARRAY  # most often: a look at the same numbers
        case ast.Subscript(value=inner, slice=key) if _type(inner, meanings, known) == FRAME:
            match key:
                case ast.Constant(value=str()):
                    return SERIES
                case ast.List() | ast.Compare() | ast.BinOp(op=ast.BitAnd() | ast.BitOr()):
                    return FRAME
                case _:
                    return ""
        case _:
            return _LITERALS.get(type(value), "")


def _made(func: ast.expr, meanings: Mapping[str, str], known: Mapping[str, str]) -> str:
    name = dotted(func, meanings)
    if name in _MAKE_FRAMES:
        return FRAME
    if name in _MAKE_ARRAYS:
        return ARRAY
    last = name.rpartition(".")[2]
    if last[:1].isupper() and not last.isupper():
        return name
    if isinstance(func, ast.Attribute):
        inner = _type(func.value, meanings, known)
        if inner == FRAME and func.attr in _FRAME_STAYS:
            return FRAME
        if inner == ARRAY and func.attr in _ARRAY_STAYS:
            return ARRAY
        if func.attr in _SAME_TYPE and inner.startswith("sklearn."):
            return inner
    return ""


def not_in_parquet(node: ast.stmt | None, meanings: Mapping[str, str]) -> bool:
    """Does it make a table of what a parquet file does not hold: intervals, an index with a frequency?"""
    for part in () if node is None else ast.walk(node):
        if not isinstance(part, ast.Call):
            continue
        name = dotted(part.func, meanings)
        given = {keyword.arg: keyword.value for keyword in part.keywords}
        if name in _MAKE_INTERVALS and "labels" not in given:
            return True
        if name == FRAME and _may_have_frequency(given.get("index"), meanings):
            return True
        if isinstance(part.func, ast.Attribute) and part.func.attr in {"asfreq", "resample"}:
            return True
    return False


def _may_have_frequency(index: ast.expr | None, meanings: Mapping[str, str]) -> bool:
    match index:
        case ast.Name():
            return True
        case ast.Call(func=func):
            return dotted(func, meanings).endswith("_range")
        case _:
            return False


def holds_lambdas(value: ast.expr, names: Collection[str] = ()) -> bool:
    """Does the value keep a lambda that is written in it? What takes one to use it at once does not.

    Args:
        names: Of lambdas.
    """

    def holds(part: ast.expr) -> bool:
        return holds_lambdas(part, names)

    match value:
        case ast.Lambda():
            return True
        case ast.Name(id=name):
            return name in names
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.Dict(values=parts):
            return any(map(holds, parts))
        case ast.IfExp(body=body, orelse=orelse):
            return holds(body) or holds(orelse)
        case ast.Call(func=ast.Attribute(value=inner, attr="fit" | "set_params" | "partial_fit")):
            return holds(inner)
        case ast.Call(func=func, args=args, keywords=keywords):
            name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
            keeps = name[:1].isupper() or name in _KEEPERS
            given = [*args, *(keyword.value for keyword in keywords)]
            return any(holds(one) for one in given if keeps or not isinstance(one, ast.Lambda | ast.Name))
        case _:
            return False
