"""Fixtures that several test files share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import Workshop
from hypothesis import settings

pytest_plugins = ["pytest_jupyter.jupyter_server"]

# A busy machine is slow; that is no failure of the code.
settings.register_profile("cauce", deadline=None)
settings.load_profile("cauce")


@pytest.fixture
def workshop(tmp_path: Path) -> Callable[[str], Workshop]:
    """Draw a pipeline, get it as a project on disk."""
    return lambda picture: Workshop(tmp_path / "project", picture)
