"""What a builder does before it is asked to build: `warm_up`.

The server keeps a builder in readiness for a pipeline that it has built before, so that from a click to
the first cell there is no interpreter to start and nothing to import. Such a builder only
looks: it holds no lock, writes nothing and runs nothing of the project. Fork servers that the last
build has left it keeps from ending.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from socket import socket

from cauce.engine.notebook import warm_up as warm_up_reading
from cauce.engine.project import Project
from cauce.forkserver.address import Unavailable, address_of

__all__ = ["AHEAD", "TAKEN", "warm_up"]

TAKEN = b"taken\n"
"""What a builder that stood by says once it has its request. From there on it is like any other."""

AHEAD = (
    "asyncio",
    "cauce.engine.build",
    "cauce.engine.checks.names",
    "cauce.engine.executors.cells",
    "cauce.engine.executors.kernel",
    "cauce.engine.executors.late",
    "cauce.engine.executors.project",
    "cauce.engine.executors.saved",
    "cauce.engine.executors.script",
)
"""Modules that are imported where they are first used, since a build with nothing to do needs none of them.

The one list of these: `test_standby` fails when a build imports what is not on it.
"""


def warm_up(project: Project | None) -> Sequence[socket]:
    """Do whatever can be done for a build of this project before it is asked for.

    That is to import, and to do once what is slow the first time. Fork servers that are there for the
    project's tasks do not end while what this returns is open. `project` is None when it cannot be looked at.
    """
    for module in AHEAD:
        import_module(module)
    warm_up_reading()
    _look_for_a_kernel()
    return () if project is None else tuple(_fork_servers(project))


def _look_for_a_kernel() -> None:
    """Jupyter asks IPython where kernels may be, which has to be imported for that, and all packages for more."""
    from cauce.engine.executors.kernel import Kernels, NotStarted

    with suppress(NotStarted):
        Kernels().choose(None, None, "python")


def _fork_servers(project: Project) -> Iterator[socket]:
    """Connections to those that the last build has left; none is started, for nobody has asked for a build."""
    if sys.platform == "win32":
        return
    from cauce.engine.executors.watched import environment
    from cauce.forkserver.client import connect

    for preload in {project.preload, ()}:
        with suppress(Unavailable):
            yield connect(address_of(environment(), preload), start=False)
