"""A builder's process, from the server's side: what is left of it when it is over."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE

from cauce.server.builder import BuilderProcess


async def test_a_builder_is_over_once_its_pipes_are_closed() -> None:
    #  it ends at once; a child that has its pipes stays for a moment
    before = asyncio.all_tasks()
    process = BuilderProcess(
        await asyncio.create_subprocess_exec("sh", "-c", "sleep 0.3 &", stdin=PIPE, stdout=PIPE, stderr=PIPE)
    )
    while not process.ended:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)

    await process.end()

    assert asyncio.all_tasks() == before
