"""Shapes of values, and what does not fit them: the words that the tables of keys are written in.

A shape says only what can be told of a value by itself; what concerns several values is for
who reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import get_args

from cauce.contract import TaskKind
from cauce.engine.document import Mapping, Node, Scalar, Sequence, Value
from cauce.engine.spec.quantities import LONGEST, SMALLEST, bytes_of, seconds_of, size_in_words, time_in_words
from cauce.engine.spec.report import Report

__all__ = [
    "DOTTED_WORDS",
    "DURATION_WORDS",
    "SIZE_WORDS",
    "AnyOf",
    "Anything",
    "Choice",
    "DottedPath",
    "Duration",
    "Fields",
    "Flag",
    "Key",
    "ListOf",
    "MapOf",
    "Nothing",
    "Number",
    "Shape",
    "Size",
    "Text",
    "check_fields",
    "dotted_name",
    "unfilled",
]

# --- Shapes -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """A word or line of text; a number counts as its digits."""

    what: str = "text"
    blank: bool = False
    """May it be empty?"""


@dataclass(frozen=True)
class Flag:
    """true or false."""


@dataclass(frozen=True)
class Number:
    """A whole number."""

    minimum: int = 0
    maximum: int | None = None


@dataclass(frozen=True)
class Duration:
    """A time: a number of seconds, or text with units."""

    zero: bool = False
    """May it be none at all?"""


@dataclass(frozen=True)
class Size:
    """A size of memory: text with its unit."""


@dataclass(frozen=True)
class Choice:
    """One of these words."""

    options: tuple[str, ...]
    foreign: tuple[str, ...] = ()
    """Words that somebody else's code understands: whoever reads the value says so. Nothing recommends them."""


@dataclass(frozen=True)
class Nothing:
    """null, where it means something else than an absent key."""


@dataclass(frozen=True)
class DottedPath:
    """A function by its name, or a mapping with `dotted_path` and arguments; where `url`, an address too."""

    url: bool = False


@dataclass(frozen=True)
class ListOf:
    """A list of such values."""

    item: Shape
    what: str
    minimum: int = 0
    maximum: int | None = None


@dataclass(frozen=True)
class MapOf:
    """A mapping of any names, or of these, to such values."""

    value: Shape
    what: str
    keys: tuple[str, ...] = ()
    noun: str = "key"


@dataclass(frozen=True)
class Fields:
    """A mapping with known keys."""

    keys: tuple[Key, ...]
    noun: str


@dataclass(frozen=True)
class AnyOf:
    """One of several shapes, told by their kind; `what` names them all."""

    shapes: tuple[Shape, ...]
    what: str


@dataclass(frozen=True)
class Anything:
    """Any value."""


Shape = (
    Text | Flag | Number | Duration | Size | Choice | Nothing | DottedPath | ListOf | MapOf | Fields | AnyOf | Anything
)


@dataclass(frozen=True)
class Key:
    """One key. null always stands for an absent key, but where the shape names `Nothing`."""

    name: str
    shape: Shape
    doc: str
    default: Value = None
    kinds: frozenset[TaskKind] = dataclass_field(default_factory=lambda: frozenset(get_args(TaskKind)))
    """Tasks that it means something for."""
    code: str = "spec_type"
    raw: bool = False
    """Not checked with the others: `parse` looks at each part by itself."""
    must: str = ""
    """What the value must be, where the shape's own words say too little."""
    hint: str = ""


# --- Checking ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Fault:
    """What is wrong with a value, and where. `message` is empty for what was said elsewhere."""

    node: Node
    message: str
    hint: str = ""
    code: str = ""


def unfilled(text: str) -> bool:
    """Does a placeholder stand in it? Then it had a problem of its own, or is computed when built."""
    return "{{" in text and "}}" in text


def dotted_name(text: str) -> str | None:
    """`package.module.name` of a dotted path, also when it is written `package.module::name`; None for no such."""
    module, separator, function = text.partition("::")
    parts = [*module.split("."), function] if separator else text.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        return None
    return ".".join(parts)


def check_fields(node: Mapping, fields: Fields, report: Report) -> dict[str, Node]:
    """The sound entries of a mapping by their keys; a problem for each of the others.

    null where it means nothing is as if it were not there.
    """
    table = _tables(fields)
    sound: dict[str, Node] = {}
    for name, value in node.entries:
        key = table.get(name.text)
        if key is None:
            hint = report.suggestion(name.text, table)
            report.error("unknown_key", f"'{name.text}' is no {fields.noun}.", name, hint)
        elif key.raw or not _is_null(value) or _means_nothing(key.shape):
            faults = [] if key.raw else _faults(value, key.shape, report, key.must)
            for fault in faults:
                _complain(fault, key, value, report)
            if not faults:
                sound[key.name] = value
    return sound


def _complain(fault: _Fault, key: Key, value: Node, report: Report) -> None:
    if fault.code:
        report.error(fault.code, fault.message, fault.node, fault.hint)
    elif fault.message:
        subject = f"'{key.name}'" if fault.node is value else f"A part of '{key.name}'"
        report.error(key.code, f"{subject} must be {fault.message}.", fault.node, fault.hint or key.hint)


_TABLES: dict[int, dict[str, Key]] = {}


def _tables(fields: Fields) -> dict[str, Key]:
    # By identity: the tables are constants of this module, and thousands of tasks ask.
    if id(fields) not in _TABLES:
        _TABLES[id(fields)] = {key.name: key for key in fields.keys}
    return _TABLES[id(fields)]


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _means_nothing(shape: Shape) -> bool:
    return isinstance(shape, Nothing | Anything) or (
        isinstance(shape, AnyOf) and any(_means_nothing(each) for each in shape.shapes)
    )


def _faults(node: Node, shape: Shape, report: Report, must: str = "") -> list[_Fault]:
    """What is wrong with a value; nothing for a sound one."""
    if isinstance(node, Scalar) and unfilled(node.text) and not isinstance(shape, Text | Anything | AnyOf):
        return [_Fault(node, "")]
    match shape:
        case Anything():
            return []
        case Text():
            sound = isinstance(node, Scalar) and node.value is not None and (shape.blank or bool(node.text.strip()))
            return [] if sound else [_Fault(node, must or shape.what)]
        case Flag():
            sound = isinstance(node, Scalar) and isinstance(node.value, bool)
            return [] if sound else [_Fault(node, must or "true or false")]
        case Number():
            return [] if _is_number(node, shape) else [_Fault(node, must or _number_words(shape))]
        case Duration():
            return _duration_faults(node, shape, must)
        case Size():
            return _size_faults(node, must)
        case Nothing():
            return [] if _is_null(node) else [_Fault(node, must or "null")]
        case Choice():
            return _choice_faults(node, shape, report, must)
        case DottedPath():
            return _dotted_faults(node, shape, must)
        case ListOf():
            return _list_faults(node, shape, report, must)
        case MapOf():
            return _map_faults(node, shape, report, must)
        case Fields():
            return [] if isinstance(node, Mapping) else [_Fault(node, must or "a mapping")]
        case AnyOf():
            return _any_faults(node, shape, report, must)


def _is_number(node: Node, shape: Number) -> bool:
    value = node.value if isinstance(node, Scalar) else None
    return (
        isinstance(value, int)
        and not isinstance(value, bool)
        and value >= shape.minimum
        and (shape.maximum is None or value <= shape.maximum)
    )


def _number_words(shape: Number) -> str:
    if shape.maximum is None:
        return f"a whole number of at least {shape.minimum}"
    return f"a whole number from {shape.minimum} to {shape.maximum}"


DURATION_WORDS = "a time in seconds, or such as 90s, 15m, 2h"
SIZE_WORDS = "a size of memory such as 500MB or 2GiB"


def _duration_faults(node: Node, shape: Duration, must: str) -> list[_Fault]:
    value = node.value if isinstance(node, Scalar) else None
    seconds = seconds_of(value)
    if seconds is not None and (seconds > 0 or shape.zero):
        return []
    hint = ""
    if seconds == 0:
        hint = "Nothing ends in no time: give it more, or remove the key."
    elif isinstance(value, int | float) and not isinstance(value, bool):
        hint = f"From 0 to {time_in_words(LONGEST)}, that is."
    return [_Fault(node, must or DURATION_WORDS, hint)]


def _size_faults(node: Node, must: str) -> list[_Fault]:
    value = node.value if isinstance(node, Scalar) else None
    if bytes_of(value) is not None:
        return []
    text = node.text.strip() if isinstance(node, Scalar) else ""
    hint = f"It cannot be less than {size_in_words(SMALLEST)}."
    if text[:1].isdigit() and not text.lower().endswith("b"):
        plain = text.rstrip("KMGTkmgti")
        hint = f"Say the unit too, such as '{plain}MB' or '{plain}GiB'."
    return [_Fault(node, must or SIZE_WORDS, hint if text[:1].isdigit() else "")]


def _choice_faults(node: Node, shape: Choice, report: Report, must: str) -> list[_Fault]:
    if isinstance(node, Scalar) and node.text in (*shape.options, *shape.foreign):
        return []
    words = must or "one of " + ", ".join(f"'{option}'" for option in shape.options)
    close = report.meant(node.text, shape.options) if isinstance(node, Scalar) else ""
    return [_Fault(node, words, close)]


DOTTED_WORDS = "the dotted path of a function, or a mapping with 'dotted_path' and its arguments"
_DOTTED_HINT = "Write it as 'module.function'."


def _dotted_faults(node: Node, shape: DottedPath, must: str) -> list[_Fault]:
    words = must or DOTTED_WORDS
    if isinstance(node, Mapping):
        inner = node.get("dotted_path")
        if inner is None:
            return [_Fault(node, words, "Add 'dotted_path: module.function'.")]
        if isinstance(inner, Scalar) and unfilled(inner.text):
            return [_Fault(inner, "")]
        if not isinstance(inner, Scalar) or dotted_name(inner.text) is None:
            return [_Fault(inner, "a dotted path such as 'module.function'")]
        return []
    if isinstance(node, Scalar) and isinstance(node.value, str):
        if shape.url and "://" in node.text:
            return []
        if dotted_name(node.text) is not None:
            return []
    return [_Fault(node, words, _DOTTED_HINT)]


def _list_faults(node: Node, shape: ListOf, report: Report, must: str) -> list[_Fault]:
    if not isinstance(node, Sequence):
        return [_Fault(node, must or shape.what)]
    if len(node.items) < shape.minimum or (shape.maximum is not None and len(node.items) > shape.maximum):
        return [_Fault(node, must or shape.what)]
    return [fault for item in node.items for fault in _faults(item, shape.item, report)]


def _map_faults(node: Node, shape: MapOf, report: Report, must: str) -> list[_Fault]:
    if not isinstance(node, Mapping):
        return [_Fault(node, must or shape.what)]
    faults: list[_Fault] = []
    for name, value in node.entries:
        if shape.keys and name.text not in shape.keys:
            hint = report.suggestion(name.text, shape.keys)
            faults.append(_Fault(name, f"'{name.text}' is no {shape.noun}.", hint, code="unknown_key"))
        elif not _is_null(value):
            faults += _faults(value, shape.value, report)
    return faults


def _any_faults(node: Node, shape: AnyOf, report: Report, must: str) -> list[_Fault]:
    attempts: list[list[_Fault]] = []
    for each in shape.shapes:
        faults = _faults(node, each, report)
        if not faults:
            return []
        attempts.append(faults)
    if any(fault.node is node and not fault.message for faults in attempts for fault in faults):
        return [_Fault(node, "")]
    # Where only a part is wrong, that shape was meant.
    for faults in attempts:
        if all(fault.node is not node for fault in faults):
            return faults
    hint = next((fault.hint for faults in attempts for fault in faults if fault.hint), "")
    return [_Fault(node, must or shape.what, hint)]
