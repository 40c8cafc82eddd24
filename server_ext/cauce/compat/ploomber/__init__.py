"""The little of Ploomber's Python interface that projects use in their own code.

Found only where no real Ploomber can be imported. It has what a task, a hook, a serializer, a
client or a factory of tasks imports, written from what such code needs; nothing here builds
anything.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["DAG", "DAGConfigurator", "Env", "SourceLoader", "load_env", "with_env"]

_PLACES = {
    "DAG": "dag",
    "DAGConfigurator": "dag",
    "Env": "env",
    "SourceLoader": "loader",
    "load_env": "env",
    "with_env": "env",
}


def __getattr__(name: str) -> Any:
    # When asked for: a task that wants an exception needs none of these.
    if name not in _PLACES:
        raise AttributeError(f"Cauce's stand-in for Ploomber has no '{name}'.")
    return getattr(importlib.import_module(f".{_PLACES[name]}", __name__), name)
