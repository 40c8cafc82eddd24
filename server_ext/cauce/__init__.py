"""Cauce: notebook pipelines in JupyterLab.

`contract` is the vocabulary, `engine` does the work, `server` shows it in Jupyter, `cli`
in a terminal. Importing this package costs nothing: the heavy modules load when used.
"""

from __future__ import annotations

from typing import Any

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("cauce")
        except PackageNotFoundError:  # run from the sources, without being installed
            return "0+source"
    raise AttributeError(name)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyterlab-cauce"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from cauce.server.app import CauceApp

    return [{"module": "cauce.server.app", "app": CauceApp}]
