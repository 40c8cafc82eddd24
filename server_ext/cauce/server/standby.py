"""Builders that are ready before they are wanted: ``cauce build --standby``.

    a build has ended ──► a process starts, imports, reads the pipeline ──► waits
                                                                              │ the next request
                                      an ordinary builder, if anything is odd ┴──► builds

What such a builder saves is time, a second or so, and nothing may depend on it: one that has died,
does not answer, or was started under other conditions than there are now is killed, and an
ordinary builder is started as though there had been none.

There is none before somebody has built the pipeline from this server: looking starts nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cauce.contract import RunRequest, encode
from cauce.engine.warmup import TAKEN
from cauce.server.builder import Builder, BuilderFailed, BuilderProcess, BuildRefused, spawn
from cauce.server.underway import UnderWay

__all__ = ["Standbys"]

_UNUSED = 600.0
"""Seconds after which one that is not wanted ends by itself."""
_ANSWER = 3.0
"""Seconds within which it has to say that it has its request. It may be getting ready still."""


@dataclass(frozen=True)
class _Conditions:
    """What a process takes over from us when it starts, and cannot notice to have changed."""

    environ: Mapping[str, str]
    folder: tuple[int, int]
    """Device and inode of its working directory: another folder may have taken its name."""
    files: Mapping[Path, int]
    """Where packages are → when something was last installed there; the same of each file of our own."""

    @classmethod
    def now(cls, folder: Path) -> _Conditions:
        """Raises OSError when the folder is gone."""
        about = folder.stat()
        return cls(dict(os.environ), (about.st_dev, about.st_ino), dict(_changed(_files())))


def _files() -> Iterator[Path]:
    yield from (place for place in map(Path, sys.path) if place.name in ("site-packages", "dist-packages"))
    yield from Path(__file__).parents[1].rglob("*.py")


def _changed(paths: Iterator[Path]) -> Iterator[tuple[Path, int]]:
    for path in paths:
        with contextlib.suppress(OSError):
            yield path, path.stat().st_mtime_ns


class _Standby:
    """One process that waits for its request."""

    def __init__(self, folder: Path, conditions: _Conditions, process: BuilderProcess) -> None:
        self._folder = folder
        self._conditions = conditions
        self._process = process

    @classmethod
    async def start(cls, path: Path) -> _Standby:
        """Raises OSError or BuilderFailed."""
        conditions = await asyncio.to_thread(_Conditions.now, path.parent)
        return cls(path.parent, conditions, await spawn(path, "--standby", str(_UNUSED)))

    @property
    def ended(self) -> bool:
        return self._process.ended

    async def take(self, request: RunRequest) -> BuilderProcess | None:
        """Hand over the request, and with it the process; None, and the process is dead, if it is of no use."""
        try:
            if await self._takes(request):
                return self._process
        except BaseException:  # nobody waits for it any more
            await self.end()
            raise
        await self.end()
        return None

    async def _takes(self, request: RunRequest) -> bool:
        try:
            if self.ended or await asyncio.to_thread(_Conditions.now, self._folder) != self._conditions:
                return False
            async with asyncio.timeout(_ANSWER):
                self._process.hears.write(encode(request) + b"\n")
                await self._process.hears.drain()
                return await self._process.says.readline() == TAKEN
        except (OSError, TimeoutError):
            return False

    async def end(self) -> None:
        """Kill it: it has nothing to lose. Does not wait for one that not even that can stop."""
        await self._process.end()


class Standbys:
    """The standbys of one server: one for each of the pipelines that were built last. Lives on its event loop.

    Args:
        idle: Whether no builder is at work. While one is, the cores are for its tasks.
        most: How many there may be at once. Each takes some 70 MB.
    """

    def __init__(self, idle: Callable[[], bool], most: int = 2) -> None:
        self._idle = idle
        self._most = most
        self._wanted: dict[Path, _Standby | None] = {}
        """Pipelines that have been built, the last one last."""
        self._jobs = UnderWay()
        self._closed = False

    async def start(self, path: Path, request: RunRequest) -> Builder:
        """Start a builder, by way of the pipeline's standby if that is of use. Raises as `Builder.start`."""
        standby = self._wanted.get(path)
        if standby is None:
            return await Builder.start(path, request)
        self._wanted[path] = None
        try:
            process = await standby.take(request)
            if process is not None:
                with contextlib.suppress(BuilderFailed):
                    return await Builder.begun(process)
            return await Builder.start(path, request)
        except BuildRefused:  # which has cost us the standby; the next try may come soon
            self._jobs.begin(self._fill())
            raise

    async def built(self, path: Path) -> None:
        """A build of this pipeline has ended: get ready for the next one."""
        if self._closed:
            return
        self._wanted[path] = self._wanted.pop(path, None)
        while len(self._wanted) > self._most:
            self.release(next(iter(self._wanted)))
        await self._fill()

    def release(self, path: Path) -> None:
        """Nobody asks for this pipeline any more."""
        standby = self._wanted.pop(path, None)
        if standby is not None:
            self._jobs.begin(standby.end())

    async def close(self) -> None:
        """End them all."""
        self._closed = True
        for path in list(self._wanted):
            self.release(path)
        await self._jobs.wait()

    async def _fill(self) -> None:
        for path, standby in list(self._wanted.items()):
            if self._closed or not self._idle():
                return
            if standby is not None and standby.ended:  # it has waited long enough, or cannot live here
                self.release(path)
            elif standby is None and path in self._wanted:
                await self._start(path)

    async def _start(self, path: Path) -> None:
        try:
            standby = await _Standby.start(path)
        except (OSError, BuilderFailed):  # whoever wants to build will be told
            self.release(path)
            return
        if self._closed or self._wanted.get(path, standby) is not None:  # while it was being started
            await standby.end()
        else:
            self._wanted[path] = standby
