"""Has what a product holds read by ``cauce preview``, a process of its own: nothing of it is run here."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

import msgspec

from cauce.contract import ErrorBody, Preview
from cauce.engine.errors import CauceError
from cauce.server.builder import BuildRefused
from cauce.server.underway import end

__all__ = ["PreviewFailed", "Previews"]

_AT_ONCE = 2
_PATIENCE = 90.0
"""Seconds after which the process has not kept to its own limits."""
_LARGEST = 20_000_000
_GOODBYE = 12.0


class PreviewFailed(CauceError):
    """The process that was to read it died, or said nothing that makes sense: our fault."""

    code = "preview_failed"


class Previews:
    """A few at a time, whoever asks."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def of(self, path: Path, task: str, product: str) -> Preview:
        """Of a product of the pipeline at `path`. Who is cancelled takes the process along.

        Raises:
            BuildRefused: There is no such task or product, or none that can be read.
            PreviewFailed: See there.
        """
        async with self._places:
            # -P, as for builders: nothing in the project is to be imported by the process itself.
            options = ("preview", "--json", "--lifeline", "--entry-point", str(path), "--", task, product)
            try:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "cauce", *options),
                    cwd=path.parent,
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=DEVNULL,
                    start_new_session=True,
                )
            except OSError as error:
                raise PreviewFailed(f"It cannot be read: no process can be started: {error.strerror}.") from error
            try:
                async with asyncio.timeout(_PATIENCE):
                    assert process.stdout is not None  # noqa: S101 - it is a pipe
                    said = await process.stdout.read(_LARGEST)
                    while len(said) < _LARGEST and (more := await process.stdout.read(_LARGEST)):
                        said += more
            except TimeoutError:
                said = b""
            finally:
                await end(process, patience=_GOODBYE)
        return _heard(said)


def _heard(said: bytes) -> Preview:
    with contextlib.suppress(msgspec.MsgspecError):
        return msgspec.json.decode(said, type=Preview)
    with contextlib.suppress(msgspec.MsgspecError):
        raise BuildRefused(msgspec.json.decode(said, type=ErrorBody))
    raise PreviewFailed("It could not be read.", hint="Try 'cauce preview' in a terminal, in the project's folder.")
