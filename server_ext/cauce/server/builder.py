"""One builder process: ``cauce build`` started, followed and asked to stop."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from cauce.contract import BuildEvent, ErrorBody, RunRefused, RunRequest, RunStarted, encode
from cauce.engine.errors import CauceError
from cauce.server.underway import end

__all__ = ["BuildRefused", "Builder", "BuilderFailed", "BuilderProcess", "spawn"]

_LINE_LIMIT = 1 << 24
_FIRST_WORD = 900.0
"""Seconds for which a living builder may be silent at first: it reads every product that looks
different from what is recorded, which in a copied project may be all of them, and large."""
_GOODBYE = 10.0
"""Seconds for a builder to end: with all its kernels."""


class BuildRefused(CauceError):
    """The builder would not start, for the reason it gave."""

    code = "build_refused"

    def __init__(self, error: ErrorBody) -> None:
        super().__init__(error.message, hint=error.hint, where=error.where)
        self.error = error

    def body(self) -> ErrorBody:
        return self.error


class BuilderFailed(CauceError):
    """The builder died or kept silent before it began: our fault, not the user's."""

    code = "builder_failed"


class BuilderProcess:
    """A process of ``cauce build`` with its three pipes."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None  # noqa: S101, PT018 - they are pipes
        self._process = process
        self.hears = process.stdin
        self.says = process.stdout
        self._complaints = asyncio.create_task(process.stderr.read())

    @property
    def ended(self) -> bool:
        return self._process.returncode is not None

    async def complaints(self) -> str:
        """What it wrote to stderr, once it has ended; normally nothing."""
        return (await self._complaints).decode("utf-8", "replace").strip()

    async def wait(self) -> None:
        """Until it has ended."""
        await self._process.wait()

    def terminate(self) -> None:
        """SIGTERM; harmless when it has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    async def end(self, patience: float = 0.0) -> None:
        """Let go of it, and kill it if it has not ended by itself in that time."""
        await end(self._process, self._complaints, patience=patience)


async def spawn(path: Path, *options: str) -> BuilderProcess:
    """Start ``cauce build`` for the pipeline at `path`, in its folder.

    Raises:
        BuilderFailed: The system does not let us.
    """
    # -P: the project's folder is the working directory, but nothing in it is to be imported
    # by the builder itself, whatever its files are called.
    command = [sys.executable, "-P", "-m", "cauce", "build", "--entry-point", str(path), *options]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=path.parent,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=_LINE_LIMIT,
            # Ctrl-C in the server's terminal asks whether to stop the server; it is not for us.
            start_new_session=True,
        )
    except OSError as error:  # no memory, no processes left, a command line too long
        raise BuilderFailed(
            f"The builder cannot be started: {error.strerror}.",
            hint="Name fewer tasks, or ask who runs the server.",
        ) from error
    return BuilderProcess(process)


class Builder:
    """A running builder. It lives as long as we hold its standard input open: should this
    process be killed, the pipe closes, and the builder ends with all its kernels."""

    def __init__(self, process: BuilderProcess, run: str) -> None:
        self._process = process
        self.run = run

    @classmethod
    async def start(cls, path: Path, request: RunRequest) -> Builder:
        """Start building and wait until the builder says that it has begun.

        Raises:
            BuildRefused: Locked, the pipeline has errors, or the request makes no sense.
            BuilderFailed: It said nothing.
        """
        process = await spawn(path, "--json", "--lifeline", "--request", encode(request).decode())
        return await cls.begun(process)

    @classmethod
    async def begun(cls, process: BuilderProcess) -> Builder:
        """Wait until a process that has been told what to build says that it has begun. Raises as `start`."""
        first = None
        try:
            async with asyncio.timeout(_FIRST_WORD):
                first = _decode(await process.says.readline())  # at once, when it dies
        except TimeoutError:
            await process.end()
        except BaseException:  # nobody waits for it any more
            await process.end()
            raise
        if isinstance(first, RunStarted):
            return cls(process, first.run)
        await process.end(_GOODBYE)
        if isinstance(first, RunRefused):
            raise BuildRefused(first.error)
        last = (await process.complaints()).splitlines()
        raise BuilderFailed(
            f"The builder ended before it began{': ' + last[-1] if last else '.'}",
            hint="Try 'cauce build' in a terminal, in the project's folder.",
        )

    async def events(self) -> AsyncIterator[BuildEvent]:
        """What the builder says, until it has ended."""
        while True:
            try:
                line = await self._process.says.readline()
            except ValueError:  # longer than anything we say; the next line is whole again
                continue
            if not line:
                break
            event = _decode(line)
            if event is not None:
                yield event
        await self._process.wait()

    async def complaints(self) -> str:
        """What it wrote to stderr, once it has ended; normally nothing."""
        return await self._process.complaints()

    def cancel(self) -> None:
        """Ask it to stop; harmless when asked before, or when it has ended."""
        self._process.terminate()

    async def close(self) -> None:
        """Let go of it: it ends with all its kernels."""
        await self._process.end(_GOODBYE)


def _decode(line: bytes) -> BuildEvent | None:
    try:
        event: BuildEvent = msgspec.json.decode(line, type=BuildEvent)
        return event
    except msgspec.MsgspecError:
        return None
