"""Limits and retries, as a task or `task_defaults` says them."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import fields, replace
from typing import Any

from cauce.engine.document import Node, Scalar
from cauce.engine.spec.model import Limits
from cauce.engine.spec.quantities import bytes_of, seconds_of
from cauce.engine.spec.report import Report

__all__ = ["read_limits"]

_KEYS = tuple(each.name for each in fields(Limits) if each.name != "places")


def read_limits(given: Dict[str, Node], defaults: Limits, report: Report) -> Limits:
    """The defaults with what sound entries say instead; null takes a limit away."""
    said: dict[str, Any] = {}
    places = dict(defaults.places)
    for key in _KEYS:
        node = given.get(key)
        if not isinstance(node, Scalar):
            continue
        match key:
            case "memory":
                said[key] = bytes_of(node.value)
            case "retries":
                said[key] = node.value
            case _:
                said[key] = seconds_of(node.value)
        places[key] = report.where(node)
    return replace(defaults, **said, places=places) if said else defaults
