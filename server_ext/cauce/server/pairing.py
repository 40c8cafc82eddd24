"""Scripts that jupytext pairs with an .ipynb: its own contents manager, over any other."""

from __future__ import annotations

import inspect
from typing import Any

from cauce.engine.jupytextyaml import guard_jupytext

__all__ = ["pairing_class"]


def pairing_class(base: Any) -> Any:
    """jupytext's contents manager over `base`, minus configuration files that are programs."""
    guard_jupytext()
    if inspect.iscoroutinefunction(base.get):
        from jupytext.async_contentsmanager import build_async_jupytext_contents_manager_class as build

        class Pairing(build(base)):  # type: ignore[misc]  # the base is known at run time only
            async def get_config_file(self, directory: str) -> str | None:
                return _data_file(await super().get_config_file(directory))

        return Pairing
    from jupytext.sync_contentsmanager import build_sync_jupytext_contents_manager_class as build_sync

    class SyncPairing(build_sync(base)):  # type: ignore[misc]  # the base is known at run time only
        def get_config_file(self, directory: str) -> str | None:
            return _data_file(super().get_config_file(directory))

    return SyncPairing


def _data_file(found: str | None) -> str | None:
    # jupytext executes a .jupytext.py; opening a file must not run the project's code.
    return None if found is None or found.endswith(".py") else found
