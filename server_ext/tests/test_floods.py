"""Output without end or measure hurts nobody: not the server, not the builder, not whoever reads the log."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from patience import eventually
from survival import Ground, Server, ground_in, peak_memory

from cauce.contract import LogChunk, RunRequest, Snapshot

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads memory from /proc")

SERVER_GROWS = 200
BUILDER_HOLDS = 500
"""MiB."""
LONGEST_GAP = 1.0
CANCELLED_WITHIN = 10.0
"""Seconds."""
LOG_LIMIT = 50 << 20

LINES = "for n in range({n}):\n    print('line', n)\n"
BYTES = "for n in range({n} // 1000):\n    print('x' * 999)\n"
ONE_LINE = "print('x' * {n})\n"
BARS = "for n in range({n}):\n    print('\\r', n, end='')\n"
NOT_TEXT = "for n in range({n} // 1000):\n    os.write(1, bytes(range(256)) * 4)\n"
# A PNG of one pixel.
PLOTS = """\
import base64
from IPython.display import Image, display
png = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
for n in range({n}):
    display(Image(png))
"""
FOR_EVER = "while True:\n    print('x' * 100)\n"


@dataclass
class Watch:
    """What is seen of a server and its builder while somebody looks at the panel."""

    server: Server
    gaps: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    builder: int = 0
    slowest: float = 0.0
    offsets: dict[str, int] = field(default_factory=dict)

    def look(self, tasks: list[str]) -> Snapshot:
        """As the panel does: the snapshot, and more of each log."""
        snapshot = self.server.snapshot()
        if snapshot.holder is not None:
            self.builder = max(self.builder, peak_memory(snapshot.holder.pid))
        if snapshot.run is not None:
            for task in tasks:
                offset = self.offsets.get(task, 0)
                chunk = self.server.get(f"/runs/{snapshot.run.id}/log", LogChunk, task=task, offset=offset)
                self.offsets[task] = chunk.next_offset
        self.tick()
        return snapshot

    def tick(self) -> None:
        before = time.monotonic()
        ticking = json.loads(self.server.ask("ticking"))
        self.slowest = max(self.slowest, time.monotonic() - before)
        self.gaps.append(ticking["gap"])
        self.busy.append(ticking["busy"])
        self.memory.append(ticking["memory"])


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with ground_in(tmp_path) as ground:
        yield ground


@dataclass(frozen=True)
class Flood:
    """What is printed: how, how much of it in the short form and in the long one."""

    code: str
    short: int
    """0: not at all."""
    long: int
    last: str = ""
    size: int | None = None
    """The end and the size of the log, in the short form, where it fits."""


FLOODS = {
    "k_lines": Flood(LINES, 0, 1_000_000),
    "f_lines": Flood(LINES, 200_000, 1_000_000, "line 199999\n", 2_288_890),
    "k_bytes": Flood(BYTES, 55_000_000, 100_000_000),
    "f_bytes": Flood(BYTES, 100_000_000, 100_000_000),
    "k_line": Flood(ONE_LINE, 10_000_000, 10_000_000, "xx\n", 10_000_001),
    "f_line": Flood(ONE_LINE, 10_000_000, 10_000_000, "xx\n", 10_000_001),
    "k_bars": Flood(BARS, 10_000, 100_000, "\r 9998\r 9999", 58_890),
    "f_bars": Flood(BARS, 100_000, 100_000, "\r 99998\r 99999", 688_890),
    "k_fd": Flood(NOT_TEXT, 0, 10_000_000),
    "f_fd": Flood(NOT_TEXT, 1_000_000, 10_000_000, "\ufffd", 2_048_000),
    "k_plots": Flood(PLOTS, 500, 5_000, "", 0),
}
ENDLESS = ("k_endless", "f_endless")


def flooded(ground: Ground, leeway: float, *, long: bool) -> None:
    floods = {name: flood for name, flood in FLOODS.items() if long or flood.short}
    for name, flood in floods.items():
        make = ground.notebook if name.startswith("k_") else ground.function
        make(name, flood.code.format(n=flood.long if long else flood.short))
    ground.notebook("k_endless", "here.begun('k_endless')\n" + FOR_EVER)
    ground.function("f_endless", "here.begun('f_endless')\n" + FOR_EVER)
    names = [*floods, *ENDLESS]
    with ground.server("--ServerApp.jpserver_extensions=ticking=True") as server:
        watch = Watch(server)
        server.snapshot()  # what is loaded at the first request counts for nothing
        watch.tick()
        run = server.start(RunRequest(jobs=4))

        def attempts() -> dict[str, str]:
            snapshot = watch.look(names)
            return {task.name: task.last_attempt.outcome for task in snapshot.tasks if task.last_attempt is not None}

        def finite_are_through() -> bool:
            now = attempts()
            return all(now.get(name, "running") != "running" for name in floods) and ground.has_begun(*ENDLESS)

        assert eventually(finite_are_through, 500 if long else 200), attempts()
        assert attempts() == dict.fromkeys(floods, "ok") | dict.fromkeys(ENDLESS, "running")
        asked = time.monotonic()
        server.cancel(run)
        assert eventually(lambda: attempts() == dict.fromkeys(floods, "ok") | dict.fromkeys(ENDLESS, "cancelled"))
        assert time.monotonic() - asked < CANCELLED_WITHIN + leeway

        first, *memory = watch.memory
        assert max(memory) - first < SERVER_GROWS
        assert 0 < watch.builder < BUILDER_HOLDS
        assert max(watch.busy[1:]) < LONGEST_GAP
        assert max(watch.gaps[1:]) < LONGEST_GAP + leeway
        assert watch.slowest < LONGEST_GAP + leeway
        for name in names:
            check_log(server, run, name, long=long)


def check_log(server: Server, run: str, name: str, *, long: bool) -> None:
    """Whole up to its limit, or it says what is missing; its end comes at once, wherever that is."""

    def read(offset: int) -> LogChunk:
        return server.get(f"/runs/{run}/log", LogChunk, task=name, offset=offset)

    tail = read(-300)
    size = tail.next_offset
    assert tail.complete
    assert (tail.offset, len(tail.text.encode())) == (max(size - 300, 0), min(size, 300))
    assert size <= LOG_LIMIT + 10_000
    head = read(0)
    assert (head.offset, head.complete) == (0, size == head.next_offset)
    if size > LOG_LIMIT:
        assert f"limit of {LOG_LIMIT:,} bytes" in read(-10_000).text
        assert re.search(r"[\d,]+ lines \([\d,]+ bytes\) were dropped", tail.text)
    elif name in FLOODS and not long:
        assert (name, size) == (name, FLOODS[name].size)
        assert tail.text.endswith(FLOODS[name].last)
    if name in ("k_bytes", "f_bytes"):
        assert size > LOG_LIMIT


@pytest.mark.sampled
def test_floods_hurt_neither_server_nor_builder(ground: Ground, leeway: float) -> None:
    flooded(ground, leeway, long=False)


@pytest.mark.torture
@pytest.mark.timeout(900)
def test_large_floods_hurt_neither_server_nor_builder(ground: Ground, leeway: float) -> None:
    flooded(ground, leeway, long=True)
