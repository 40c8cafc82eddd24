"""What a fork server may import ahead of the tasks. Pure.

A package is known to be safe when importing it starts no threads, opens no connections and
keeps no lock that a fork would copy: its workers come into being when it is used. Those that
break this rule (polars with its thread pool, torch, tensorflow, jax and cupy with their
devices, gRPC, Ray, Spark) are imported by each task for itself, unless somebody asks for them in
``preload`` of pipeline.yaml. A server looks for threads all the same, see `server`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["SAFE", "preloaded", "sets_import_variables"]

SAFE = frozenset(
    """
    PIL altair attr attrs bokeh bs4 click dateutil geopandas imblearn jinja2 joblib jsonschema lxml matplotlib networkx
    numpy openpyxl packaging pandas patsy plotly pyarrow pydantic pytz requests rich scipy seaborn shapely sklearn
    sqlalchemy statsmodels sympy tabulate tqdm xarray yaml
    """.split()
)
_LEVELS = 2
"""``sklearn.linear_model`` is worth importing, what it consists of comes with it."""
_MODULE = re.compile(r"[a-z_][a-z0-9_]*")
_IMPORT_VARIABLE = re.compile(
    r"\b(?:OMP|OPENBLAS|GOTO|MKL|BLIS|NUMEXPR|NUMBA|VECLIB|KMP|CUDA|XLA|JAX|TF)_[A-Z0-9_]+\b|\bMPLBACKEND\b"
)


def preloaded(imports: Iterable[str], added: Iterable[str] | None = None) -> tuple[str, ...]:
    """The modules to import ahead, sorted: what is safe of `imports`, and what was added.

    `imports` are dotted names as code has them, which may name something in a module. `added` are
    those of ``preload`` in pipeline.yaml; an empty list there means none at all.
    """
    if added is not None:
        added = tuple(added)
        if not added:
            return ()
    found = {module for name in imports if (module := _module(name)) is not None}
    return tuple(sorted(found.union(added or ())))


def _module(name: str) -> str | None:
    """The module worth importing for a name; None for what is not known to be safe."""
    package, *rest = name.split(".")
    if package not in SAFE:
        return None
    inner = [part for part in rest[: _LEVELS - 1] if _MODULE.fullmatch(part)]
    return ".".join([package, *inner])


def sets_import_variables(code: str) -> bool:
    """Does code mention a variable that libraries read while they are imported? They must come after it, then."""
    return _IMPORT_VARIABLE.search(code) is not None
