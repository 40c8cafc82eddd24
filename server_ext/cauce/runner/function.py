"""The verb `function`: calls the function of a task.

The request is a task (see `engine/executors/request`). With a serializer the function gets no
`product` but returns what the serializer writes; an unserializer reads what upstream made.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cauce.runner import Trouble, dotted, products

__all__ = ["run"]


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Call it; nothing to tell but that it worked."""
    function = dotted.load(request["source"])
    if not callable(function):
        raise Trouble("Not a function", f"'{request['source']}' is no function but {type(function).__name__}.")
    serializer = dotted.applied(request.get("serializer"))
    unserializer = dotted.applied(request.get("unserializer"))
    products.is_known_to()
    product = products.build(request["product"])
    for each in product.values() if isinstance(product, products.Products) else [product]:
        if isinstance(each, products.File):
            Path(each).parent.mkdir(parents=True, exist_ok=True)
    arguments = dict(request["params"])
    upstream = products.upstream(request["upstream"])
    if serializer is None:
        arguments["product"] = product
    arguments = _fitting(function, request, arguments, upstream, serializer is not None)
    if "upstream" in arguments and unserializer is not None:
        arguments["upstream"] = products.Upstream(
            {name: _unserialized(each, unserializer) for name, each in upstream.items()}
        )
    made = function(**arguments)
    if serializer is not None:
        if made is None:
            raise Trouble(
                "Nothing returned",
                f"'{request['source']}' returned None, but its task has a serializer, which writes what is "
                "returned. Return the value, or give the task 'serializer: null'.",
                *_place(function),
            )
        serializer(made, product)
    return {}


def _unserialized(product: Any, unserializer: Callable[..., Any]) -> Any:
    if isinstance(product, products.Group):
        return {task: unserializer(each) for task, each in product.items()}
    return unserializer(product)


def _fitting(
    function: Callable[..., Any],
    request: Mapping[str, Any],
    arguments: dict[str, Any],
    upstream: products.Upstream,
    serialized: bool,
) -> dict[str, Any]:
    """The arguments that the function takes. Trouble when it takes others, or lacks one."""
    takes, takes_any = dotted.accepted(function)
    if (upstream and ("upstream" in takes or takes_any)) or takes.get("upstream"):
        arguments["upstream"] = upstream
    if "resources_" in arguments and "resources_" not in takes and not takes_any:
        del arguments["resources_"]  # it was named for its content to count
    source = request["source"]
    unknown = [name for name in arguments if name not in takes] if not takes_any else []
    lacking = [name for name, needed in takes.items() if needed and name not in arguments]
    if "product" in unknown:
        raise Trouble(
            "Wrong arguments",
            f"'{source}' does not take 'product', the path to write to. Add it, or give the task a serializer.",
            *_place(function),
        )
    if serialized and "product" in lacking:
        raise Trouble(
            "Wrong arguments",
            f"'{source}' takes 'product', but its task has a serializer. Remove 'product' and return what to write, "
            "or give the task 'serializer: null'.",
            *_place(function),
        )
    said = []
    if unknown:
        said.append(f"It does not take {dotted.named(unknown)}: add it to the function, or remove it from 'params'.")
    if lacking:
        said.append(f"It needs {dotted.named(lacking)}: add it to 'params' of the task.")
    if said:
        raise Trouble("Wrong arguments", f"'{source}' cannot be called. {' '.join(said)}", *_place(function))
    return arguments


def _place(function: Callable[..., Any]) -> tuple[str | None, int | None]:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return (None, None) if code is None else (code.co_filename, code.co_firstlineno)
