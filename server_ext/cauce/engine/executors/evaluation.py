"""Values that only running code can tell: asked of child processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cauce.contract import CellError, Where
from cauce.engine.document import Value
from cauce.engine.executors import Cancelled, Crashed, Evaluation, Failed, Stopped
from cauce.engine.executors.answer import Answer
from cauce.engine.executors.request import dotted_of
from cauce.engine.spec.model import Need

__all__ = ["evaluation_requests", "values_told"]


class _Place(msgspec.Struct, frozen=True):
    path: str
    line: int | None = None


class _Error(msgspec.Struct, frozen=True):
    name: str
    message: str
    traceback: str = ""
    where: _Place | None = None


class _Told(msgspec.Struct, frozen=True):
    values: dict[str, Any]
    errors: dict[str, _Error]


def evaluation_requests(evaluation: Evaluation) -> tuple[tuple[str, tuple[Need, ...], dict[str, Any]], ...]:
    """What to ask of which verb, and for which needs: each factory by itself, all else at once."""
    factories = [need for need in evaluation.needs if need.kind == "factory"]
    others = tuple(need for need in evaluation.needs if need.kind != "factory")
    asked: list[tuple[str, tuple[Need, ...], dict[str, Any]]] = [
        ("factory", (need,), _call(need)) for need in factories
    ]
    if others:
        asked.append(
            ("evaluate", others, {"needs": [{"key": need.key, "kind": need.kind, **_call(need)} for need in others]})
        )
    return tuple(asked)


def _call(need: Need) -> dict[str, Any]:
    return {"path": None, "arguments": {}} if need.call is None else dotted_of(need.call)


def values_told(needs: tuple[Need, ...], answer: Answer) -> Mapping[str, Value | CellError] | Cancelled | Crashed:
    """`Need.key` → its value, or why there is none; of each of the needs that were asked for."""
    match answer:
        case Cancelled() | Crashed():
            return answer
        case Failed(error):
            return {need.key: error for need in needs}
        case Stopped(message):
            error = CellError(name="DAGBuildEarlyStop", message=message or "The build was asked to end here.")
            return {need.key: error for need in needs}
    if needs[0].kind == "factory":
        return {needs[0].key: answer.data.get("pipeline")}
    told = msgspec.convert(answer.data, _Told)
    lost = _Error("No reply", "Nothing was said about it.")
    return {
        need.key: told.values[need.key] if need.key in told.values else _error(told.errors.get(need.key, lost))
        for need in needs
    }


def _error(error: _Error) -> CellError:
    where = None if error.where is None else Where(path=error.where.path, line=error.where.line)
    return CellError(name=error.name, message=error.message, traceback=error.traceback, where=where)
