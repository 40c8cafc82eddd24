"""Fixtures that several test files share."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from drawn import MEMORY, Workshop
from hypothesis import HealthCheck, settings
from patience import PATIENCE

pytest_plugins = ["pytest_jupyter.jupyter_server", "conformance", "torture"]

if "PYTHONPATH" in os.environ:
    # Builders run in their projects' folders: a relative path must mean the same there.
    paths = os.environ["PYTHONPATH"].split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(str(Path(path).resolve()) for path in paths)

# Fork servers that tests start are of no use to anybody after them.
os.environ.setdefault("CAUCE_FORKSERVER_IDLE", "30")
# What they import ahead takes a minute where the machine has much else to do; no test is about that minute.
os.environ.setdefault("CAUCE_FORKSERVER_PATIENCE", "240")

# A busy machine is slow; that is no failure of the code. `make test` tries the same examples each
# time, so that what it says is about the change; pytest by itself looks for new ones.
settings.register_profile(
    "cauce",
    deadline=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("cauce")


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_over() -> Iterator[None]:
    """What a module's tests leave is finalised with them. Later that might be when a test of another module has
    come to the end of the stack, where every finaliser fails, and that test with it."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def _no_finaliser_at_the_end_of_the_stack(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing is collected while a test marked ``deep`` runs: there a finaliser of whatever it is would fail."""
    deep = request.node.get_closest_marker("deep") is not None
    if deep:
        gc.collect()
        gc.disable()
    yield
    if deep:
        gc.enable()


@pytest.fixture(autouse=True)
def jp_asyncio_loop(jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[asyncio.AbstractEventLoop]:
    """What is under way in a test's event loop ends with it, as after `asyncio.run`. pytest-jupyter closes the loop
    over it, to be finalised while some later test runs, which then fails."""

    async def end() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await jp_asyncio_loop.shutdown_asyncgens()
        await jp_asyncio_loop.shutdown_default_executor()

    yield jp_asyncio_loop
    jp_asyncio_loop.run_until_complete(end())


@pytest.fixture
def jp_fetch(jp_fetch: Callable[..., Any]) -> Callable[..., Any]:
    """Requests to a server in this process; how long an answer takes is for no test to say."""
    return partial(jp_fetch, request_timeout=PATIENCE, connect_timeout=PATIENCE)


@pytest.fixture
def workshop() -> Iterator[Callable[[str], Workshop]]:
    """Draw a pipeline, get it as a project; in memory where that can be had, for nobody pulls the plug here."""
    with TemporaryDirectory(prefix="cauce-", dir=MEMORY) as folder:
        yield lambda picture: Workshop(Path(folder) / "project", picture)
