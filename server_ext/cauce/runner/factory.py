"""The verb `factory`: calls the function that makes a pipeline, and tells it as a pipeline.yaml would.

The request is ``{"path", "arguments"}``. Arguments that begin with ``env.`` are values of env.yaml, for
a function that is given these (``@with_env``). The reply is ``{"pipeline": mapping}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

# The last one before the project's folder is on the path, where a file may have the name of a module of ours.
from cauce.runner import Trouble, dotted, plain, products
from cauce.runner import values as _  # noqa: F401 - to have been imported

__all__ = ["run"]

_ENV = "env."
_REAL_CLASSES = ("NotebookRunner", "ScriptRunner", "PythonCallable", "SQLScript", "SQLDump", "ShellScript")


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Call it."""
    root = Path.cwd()
    path, given = request["path"], request["arguments"]
    products.is_known_to()
    function = dotted.load(path)
    if not callable(function):
        raise Trouble("Not a function", f"'{path}' is no function but {type(function).__name__}.")
    arguments = {
        f"env__{key.removeprefix(_ENV).replace('.', '__')}" if key.startswith(_ENV) else key: value
        for key, value in given.items()
    }
    takes, takes_any = dotted.accepted(function)
    lacking = [name for name, needed in takes.items() if needed and name not in arguments]
    unknown = [] if takes_any else [key for key, name in zip(given, arguments, strict=True) if name not in takes]
    if unknown:
        raise Trouble("Wrong arguments", f"'{path}' does not take {dotted.named(unknown)}.")
    if lacking:
        flags = " and ".join(f"--{name} VALUE" for name in lacking)
        raise Trouble("Wrong arguments", f"'{path}' needs {dotted.named(lacking)}. Give {flags}.")
    made = function(**arguments)
    return {"pipeline": plain.plain(_described(made, path, root), f"The pipeline that '{path}' made")}


def _described(made: Any, path: str, root: Path) -> Any:
    if hasattr(made, "to_dag"):  # a DAGSpec
        made = made.to_dag()
    if isinstance(made, Mapping) and "tasks" in made:
        return made
    if hasattr(made, "described"):
        return made.described(root)
    if hasattr(made, "_iter") and hasattr(made, "build_partially"):
        return _described_real(made, root)
    raise Trouble("No pipeline", f"'{path}' returned {type(made).__name__}. A factory returns its DAG.")


# --- A real Ploomber's ------------------------------------------------------------------------


def _described_real(dag: Any, root: Path) -> dict[str, Any]:
    """Its tasks as far as their attributes tell them."""
    from cauce.compat.ploomber import _describe as describe

    tasks = []
    for name in dag:
        task = dag[name]
        kind = type(task).__name__
        if kind not in _REAL_CLASSES:
            raise Trouble("Unsupported", f"'{name}' is a {kind}. Write a function that does it.")
        product, product_class = _real_product(task.product, root)
        source = task.source
        primitive = getattr(source, "_primitive", None) or getattr(source, "primitive", None)
        location = getattr(source, "loc", None) or getattr(source, "_path", None)
        code = describe.dotted_path(primitive) if kind == "PythonCallable" else location
        if code is None:
            raise Trouble("Unsupported", f"The source of '{name}' is text. Put it into a file, and give its path.")
        params = {key: value for key, value in dict(task.params).items() if key not in ("upstream", "product")}
        tasks.append(
            describe.without_none(
                name=str(name),
                source=code if kind == "PythonCallable" else describe.path_text(code, root),
                **{"class": kind},
                product=product,
                product_class=product_class,
                params=params or None,
                upstream=[str(other) for other in task.upstream],
                client=describe.address(getattr(task, "_client", None), f"'{name}'"),
                on_finish=describe.dotted_path(_hook(task.on_finish)),
                on_render=describe.dotted_path(_hook(task.on_render)),
                on_failure=describe.dotted_path(_hook(task.on_failure)),
            )
        )
    clients = {
        getattr(key, "__name__", str(key)): describe.address(client, str(key)) for key, client in dag.clients.items()
    }
    head = describe.without_none(clients=clients or None)
    return {"meta": {"extract_upstream": False}, **head, "tasks": tasks}


def _hook(hook: Any) -> Any:
    return getattr(hook, "_fn", None) or getattr(hook, "_spec", None) or hook


def _real_product(product: Any, root: Path) -> tuple[Any, str | None]:
    from cauce.compat.ploomber import _describe as describe

    several = getattr(getattr(product, "products", None), "products", None)
    if isinstance(several, Mapping):
        each = {key: _real_product(one, root) for key, one in several.items()}
        return {key: text for key, (text, _) in each.items()}, next(iter(name for _, name in each.values()), None)
    if hasattr(product, "schema") and hasattr(product, "kind"):
        parts = [part for part in (product.schema, product.name, product.kind) if part is not None]
        return parts, type(product).__name__
    return describe.path_text(str(product), root), None
