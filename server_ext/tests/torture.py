"""How hard the tests try: a sample in `make test`, everything that there is in `make torture`.

    pytest --torture -m "torture or sampled"

A test marked ``sampled`` has more to do there, and no time limit; one marked ``torture`` is for there alone.
What the fixture `tables` is given is printed at the end, whatever became of the test.
"""

from __future__ import annotations

import pytest
from hypothesis import settings

__all__ = [
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_terminal_summary",
    "tables",
    "torture",
]

_TABLES = pytest.StashKey[list[object]]()
_FACTOR = 40
"""How many more random examples."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture", action="store_true", help="Try everything rather than a sample: takes an hour.")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TABLES] = []
    if config.getoption("--torture"):
        usual = settings.default.max_examples
        settings.register_profile("torture", settings.default, max_examples=usual * _FACTOR, derandomize=False)
        settings.load_profile("torture")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--torture"):
        for item in items:
            if any(item.iter_markers("torture")) or any(item.iter_markers("sampled")):
                item.add_marker(pytest.mark.timeout(0))
        return
    alone = [item for item in items if any(item.iter_markers("torture"))]
    if alone:
        config.hook.pytest_deselected(items=alone)
        items[:] = [item for item in items if item not in alone]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for table in config.stash[_TABLES] if config.getoption("--torture") else ():
        terminalreporter.write_line(f"\n{table}")


@pytest.fixture
def torture(request: pytest.FixtureRequest) -> bool:
    """Is everything to be tried, rather than a sample?"""
    return bool(request.config.getoption("--torture"))


@pytest.fixture
def tables(request: pytest.FixtureRequest) -> list[object]:
    """What is to be printed at the end."""
    return request.config.stash[_TABLES]
