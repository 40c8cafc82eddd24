"""JSON Schema of pipeline.yaml and env.yaml, for editors: made of the tables that validate.

Draft 7, which is what YAML language servers speak. A schema sees a file by itself: where the
parser looks at several values together, or fills placeholders in, the schema lets them pass.
"""

from __future__ import annotations

from typing import Any

from cauce.engine.spec.keys import TASK, TOP
from cauce.engine.spec.quantities import DURATION_PATTERN, LONGEST, SIZE_PATTERN
from cauce.engine.spec.shapes import (
    AnyOf,
    Anything,
    Choice,
    DottedPath,
    Duration,
    Fields,
    Flag,
    Key,
    ListOf,
    MapOf,
    Nothing,
    Number,
    Shape,
    Size,
    Text,
)

__all__ = ["Schema", "env_schema", "pipeline_schema"]

Schema = dict[str, Any]

_DRAFT = "http://json-schema.org/draft-07/schema#"
_NULL: Schema = {"type": "null"}
_PLACEHOLDER: Schema = {"$ref": "#/definitions/placeholder"}
_WORD = r"[^\s./:]+"
_REQUIRED = {"task key": ["source"], "pipeline key": ["tasks"], "key of 'executor'": ["dotted_path"]}


def pipeline_schema() -> Schema:
    """What a pipeline.yaml may look like."""
    whole = _fields(TOP)
    location = whole["properties"].pop("location")["description"]
    alone: Schema = {
        "type": "object",
        "properties": {"location": {"type": "string", "minLength": 1, "description": location}},
        "required": ["location"],
        "additionalProperties": False,
    }
    return {
        "$schema": _DRAFT,
        "title": "Pipeline",
        "description": "Tasks, what they make, and how they are run.",
        "anyOf": [whole, alone, {"type": "array", "items": {"$ref": "#/definitions/task"}}],
        "definitions": {
            "task": {"anyOf": [_task(), {"type": "string", "minLength": 1}]},
            "dottedPath": _dotted(),
            "placeholder": {
                "type": "string",
                "pattern": r"\{\{.*\}\}",
                "description": "A value of env.yaml, as {{name}}.",
            },
        },
    }


def env_schema() -> Schema:
    """What an env.yaml may look like."""
    names: Schema = {"not": {"pattern": "__"}}
    value: Schema = {
        "type": ["string", "number", "boolean", "null", "array", "object"],
        "propertyNames": names,
        "additionalProperties": {"$ref": "#/definitions/value"},
    }
    return {
        "$schema": _DRAFT,
        "title": "Values of a pipeline",
        "description": "Values that pipeline.yaml uses as {{name}} or {{group.name}}.",
        "type": ["object", "null"],
        "properties": {
            "meta": {
                "description": "How the file is to be read.",
                "type": "object",
                "properties": {
                    "import_from": {
                        "description": "Another file of values; those given here count before its.",
                        "type": "string",
                        "minLength": 1,
                    }
                },
                "additionalProperties": False,
            },
            "path": {
                "description": "Paths; ~ is your home folder.",
                "anyOf": [{"$ref": "#/definitions/value"}],
            },
            "_module": {"description": "The package that the pipeline belongs to.", "type": "string"},
        },
        "propertyNames": {"not": {"pattern": "^_(?!module$)|.__"}},
        "additionalProperties": {"$ref": "#/definitions/value"},
        "definitions": {"value": value},
    }


def _task() -> Schema:
    schema = _fields(TASK)
    schema["dependencies"] = {"grid": ["name"]}
    params = schema["properties"]["params"]["anyOf"][0]
    params["propertyNames"] = {"not": {"enum": ["upstream", "product"]}}
    params["properties"] = {
        "resources_": {
            "description": "Files whose content counts, by name; the task is given their paths.",
            "anyOf": [{"type": "object", "additionalProperties": {"type": "string"}}, _PLACEHOLDER],
        }
    }
    return schema


def _fields(fields: Fields) -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": {key.name: _key(key) for key in fields.keys},
        "additionalProperties": False,
    }
    if fields.noun in _REQUIRED:
        schema["required"] = _REQUIRED[fields.noun]
    return schema


def _key(key: Key) -> Schema:
    schema: Schema = {"description": key.doc}
    if key.default is not None:
        schema["default"] = key.default
    if not isinstance(key.shape, Anything):
        options = _options(key.shape)
        schema["anyOf"] = options if key.name == "source" else [*options, *([] if _NULL in options else [_NULL])]
    return schema


def _options(shape: Shape) -> list[Schema]:
    """The schemas of which a value has to fit one; a placeholder may stand for anything."""
    shapes = shape.shapes if isinstance(shape, AnyOf) else (shape,)
    found = [
        option for each in shapes for option in ([_schema(each)] if not isinstance(each, AnyOf) else _options(each))
    ]
    text = any(isinstance(each, Text | Anything) for each in shapes)
    return found if text or _PLACEHOLDER in found else [*found, _PLACEHOLDER]


def _schema(shape: Shape) -> Schema:
    if shape is TASK:
        return {"$ref": "#/definitions/task"}
    match shape:
        case Anything():
            return {}
        case Text():
            return {"type": ["string", "number", "boolean"], "minLength": 0 if shape.blank else 1}
        case Flag():
            return {"type": "boolean"}
        case Number():
            most = {} if shape.maximum is None else {"maximum": shape.maximum}
            return {"type": "integer", "minimum": shape.minimum, **most}
        case Duration():
            least = {"minimum": 0} if shape.zero else {"exclusiveMinimum": 0}
            number: Schema = {"type": "number", **least, "maximum": LONGEST}
            return {"anyOf": [number, {"type": "string", "pattern": DURATION_PATTERN}]}
        case Size():
            return {"type": "string", "pattern": SIZE_PATTERN}
        case Choice():
            return {"enum": list(shape.options)}
        case Nothing():
            return _NULL
        case DottedPath():
            return {"anyOf": [{"$ref": "#/definitions/dottedPath"}, *([_address()] if shape.url else [])]}
        case ListOf():
            schema: Schema = {"type": "array", "items": _one(shape.item)}
            if shape.minimum:
                schema["minItems"] = shape.minimum
            if shape.maximum is not None:
                schema["maxItems"] = shape.maximum
            return schema
        case MapOf():
            value = {} if isinstance(shape.value, Anything) else {"anyOf": [*_options(shape.value), _NULL]}
            if shape.keys:
                named = dict.fromkeys(shape.keys, value)
                return {"type": "object", "properties": named, "additionalProperties": False}
            return {"type": "object", "additionalProperties": value}
        case Fields():
            return _fields(shape)
        case AnyOf():
            return {"anyOf": _options(shape)}


def _one(shape: Shape) -> Schema:
    options = _options(shape)
    return options[0] if len(options) == 1 else {"anyOf": options}


def _dotted() -> Schema:
    path = {
        "type": "string",
        "pattern": rf"^{_WORD}(\.{_WORD})*(\.|::){_WORD}$|\{{\{{.*\}}\}}",
        "description": "A function of the project, as module.function.",
    }
    return {
        "anyOf": [
            path,
            {
                "type": "object",
                "description": "A function of the project, and the arguments that it is given.",
                "properties": {"dotted_path": path},
                "required": ["dotted_path"],
            },
        ]
    }


def _address() -> Schema:
    return {"type": "string", "pattern": "://", "description": "An address, such as sqlite:///data.db."}
