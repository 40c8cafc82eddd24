"""Fixtures that several test files share."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from drawn import MEMORY, Workshop
from hypothesis import settings

pytest_plugins = ["pytest_jupyter.jupyter_server", "conformance", "torture"]

if "PYTHONPATH" in os.environ:
    # Builders run in their projects' folders: a relative path must mean the same there.
    paths = os.environ["PYTHONPATH"].split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(str(Path(path).resolve()) for path in paths)

# Fork servers that tests start are of no use to anybody after them.
os.environ.setdefault("CAUCE_FORKSERVER_IDLE", "30")

# A busy machine is slow; that is no failure of the code. CI tries the same examples each time, so that
# what it says is about the change; at home every run looks for new ones.
settings.register_profile("cauce", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("cauce")


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_over() -> Iterator[None]:
    """What a module's tests leave is finalised with them. Later that might be when a test of another module has
    come to the end of the stack, where every finaliser fails, and that test with it."""
    yield
    gc.collect()


@pytest.fixture
def workshop() -> Iterator[Callable[[str], Workshop]]:
    """Draw a pipeline, get it as a project; in memory where that can be had, for nobody pulls the plug here."""
    with TemporaryDirectory(prefix="cauce-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield lambda picture: Workshop(Path(folder) / "project", picture)
