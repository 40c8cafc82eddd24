"""How hard the tests try: a sample in `make test`, everything that there is in `make torture`.

    pytest --torture -m "torture or sampled"

A test marked ``sampled`` has more to do there, or less `leeway`, and no time limit; one marked ``torture`` is for
there alone.
What the fixture `table` has recorded is printed at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import settings

__all__ = [
    "Table",
    "leeway",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_terminal_summary",
    "table",
    "torture",
]


@dataclass
class Table:
    """What was tried and what came of it, for people."""

    title: str
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    """What was done (a signal, an error), at a point of which kind, the verdict."""
    failures: list[str] = field(default_factory=list)

    def record(self, what: str, kind: str, number: int, act: Callable[[], str]) -> None:
        """Try the point of that number, and write down the verdict: a failure too, lest it hides the next."""
        try:
            verdict = act()
        except AssertionError as error:
            verdict = "WRONG"
            self.failures.append(f"{what} at {kind} #{number}: {error}")
        self.rows.append((what, kind, verdict))

    def check(self) -> None:
        """Raises AssertionError when anything failed."""
        assert not self.failures, "\n\n".join(self.failures)

    @property
    def verdicts(self) -> Counter[str]:
        return Counter(verdict for _, _, verdict in self.rows)

    def __str__(self) -> str:
        """A line for each kind of point."""
        kinds: dict[tuple[str, str], Counter[str]] = {}
        for what, kind, verdict in self.rows:
            kinds.setdefault((what, kind), Counter())[verdict] += 1
        width = max((len(kind) for _, kind in kinds), default=0)
        lines = [
            f"  {what:<8}{kind:<{width}}  {_in_words(verdicts)}" for (what, kind), verdicts in sorted(kinds.items())
        ]
        return "\n".join([f"{self.title}: {len(self.rows)} points, {_in_words(self.verdicts)}", *lines])


def _in_words(verdicts: Counter[str]) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))


_TABLES = pytest.StashKey[list[Table]]()
_FACTOR = 40
"""How many more random examples."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture", action="store_true", help="Try everything rather than a sample: takes hours.")


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


@pytest.fixture(scope="session")
def torture(request: pytest.FixtureRequest) -> bool:
    """Is everything to be tried, rather than a sample?"""
    return bool(request.config.getoption("--torture"))


@pytest.fixture(scope="session")
def leeway(torture: bool) -> float:
    """Seconds that a machine with much else to do may add to what is promised; none where promises are measured."""
    return 0.0 if torture else 60.0


@pytest.fixture
def table(request: pytest.FixtureRequest) -> Table:
    """To be printed at the end, whatever becomes of the test."""
    table = Table(request.node.name.removeprefix("test_").replace("_", " "))
    request.config.stash[_TABLES].append(table)
    return table
