"""The REST API described in OpenAPI 3.1, from the contract's structures and the table of routes.

``python -m cauce.openapi`` prints it; the result is committed as ``openapi.json`` beside
this module, and the browser's types (``src/contract.ts``) are generated from that file.
Same structures, same bytes. Tests fail when either file is behind.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from typing import Any, get_args

import msgspec

from cauce import contract
from cauce.rest import EVENT_SCHEMA_ID, PATH_PARAMETERS, ROUTES, Parameter, Route

__all__ = ["describe", "render"]

Json = dict[str, Any]
"""A piece of the document. Its shape is OpenAPI's affair, not ours."""

REFERENCE = "#/components/schemas/{name}"

STATUS_WORDS = {
    400: "The request makes no sense.",
    403: "Not allowed.",
    404: "No such pipeline, task or run.",
    409: "Somebody builds this project already; `holder` says who.",
    422: "The pipeline has errors that forbid this build.",
}


def describe() -> Json:
    """The whole document, as plain data in a stable order."""
    paths: dict[str, Json] = {}
    for route in ROUTES:
        paths.setdefault(f"/{route.path}", {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cauce",
            "version": "1",
            "description": "Notebook pipelines in JupyterLab. Paths are below `{base_url}cauce/api`. "
            f"On the Jupyter event bus, `RevisionEvent` travels under the schema id `{EVENT_SCHEMA_ID}`.",
        },
        "servers": [{"url": "/cauce/api"}],
        "paths": paths,
        "x-events": {contract.RevisionEvent.__name__: EVENT_SCHEMA_ID},
        "components": {"schemas": _schemas()},
    }


def render() -> bytes:
    """The document as the bytes of ``openapi.json``."""
    return msgspec.json.format(msgspec.json.encode(describe()), indent=2) + b"\n"


def _operation(route: Route) -> Json:
    names = re.findall(r"\{(\w+)\}", route.path)
    parameters = [_parameter(PATH_PARAMETERS[name], "path") for name in names]
    parameters += [_parameter(parameter, "query") for parameter in route.query]
    success: Json = {"description": (inspect.getdoc(route.reply) if isinstance(route.reply, type) else None) or "Done."}
    if route.reply == "json-schema":
        success = {"description": "A JSON Schema.", "content": {"application/schema+json": {"schema": {}}}}
    elif isinstance(route.reply, type):
        success["content"] = _json_of(route.reply)
    responses: Json = {str(route.status): success}
    for status in route.errors:
        responses[str(status)] = {"description": STATUS_WORDS[status], "content": _json_of(contract.ErrorBody)}
    operation: Json = {"operationId": route.operation, "summary": route.summary, "parameters": parameters}
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _json_of(route.body)}
    operation["responses"] = responses
    return operation


def _parameter(parameter: Parameter, where: str) -> Json:
    return {
        "name": parameter.name,
        "in": where,
        "required": parameter.required,
        "description": parameter.description,
        "schema": {"type": parameter.kind},
    }


def _json_of(structure: type[contract.Contract]) -> Json:
    return {"application/json": {"schema": {"$ref": REFERENCE.format(name=structure.__name__)}}}


def _schemas() -> Json:
    structures = _structures()
    _, components = msgspec.json.schema_components(structures, ref_template=REFERENCE)
    requests = {route.body.__name__ for route in ROUTES if route.body is not None}
    fields = _field_docs()
    schemas: Json = {}
    for structure in structures:
        name = structure.__name__
        schema: Json = components[name]
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])  # as Python 3.13 compiles it
        properties: Json = schema.get("properties", {})
        if name not in requests:
            # We always write every field; only who calls us may leave some out.
            schema["required"] = list(properties)
            for part in properties.values():
                part.pop("default", None)
        for field, text in fields.get(name, {}).items():
            if "$ref" not in properties[field]:
                properties[field]["description"] = text
        schemas[name] = schema
    union = [structure.__name__ for structure in get_args(contract.BuildEvent)]
    schemas["BuildEvent"] = {
        "description": "One line of `cauce build --json`, told apart by `type`.",
        "oneOf": [{"$ref": REFERENCE.format(name=name)} for name in union],
    }
    return schemas


def _structures() -> list[type[contract.Contract]]:
    """Every structure of the contract, in the order it is written there."""
    return [
        value
        for value in vars(contract).values()
        if isinstance(value, type) and issubclass(value, contract.Contract) and value is not contract.Contract
    ]


def _field_docs() -> dict[str, dict[str, str]]:
    """The strings written below fields, by structure and by name on the wire.

    Python drops them at run time, so they are read from the contract's own text.
    """
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(contract)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        docs = found.setdefault(node.name, {})
        for field, text in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
                and isinstance(text.value.value, str)
            ):
                docs[_camel(field.target.id)] = inspect.cleandoc(text.value.value)
    return found


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


if __name__ == "__main__":
    sys.stdout.buffer.write(render())
