"""A Jupyter extension for tests: for how long the server's event loop is blocked or busy, and what the process holds.

``GET ticking`` tells, and begins to measure anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from pathlib import Path

from jupyter_server.base.handlers import APIHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from tornado import web

__all__: list[str] = []

_STEP = 0.05


class _Ticker:
    """Wakes up every 50 ms and notes by how much it came too late, and how much was computed meanwhile in the loop:
    where a machine has much else to do, all is late."""

    def __init__(self) -> None:
        self.worst = self.busiest = 0.0

    async def run(self) -> None:
        while True:
            before, computed = time.monotonic(), time.thread_time()
            await asyncio.sleep(_STEP)
            self.worst = max(self.worst, time.monotonic() - before - _STEP)
            self.busiest = max(self.busiest, time.thread_time() - computed)


class _TickingHandler(APIHandler):
    @web.authenticated
    def get(self) -> None:
        ticker: _Ticker = self.settings["ticking"]
        worst, busiest, ticker.worst, ticker.busiest = ticker.worst, ticker.busiest, 0.0, 0.0
        told = {
            "gap": worst,
            "busy": busiest,
            "memory": _memory(),
            "files": _files(),
            "threads": sorted(thread.name for thread in threading.enumerate()),
            "tasks": len(asyncio.all_tasks()),
        }
        self.finish(json.dumps(told))


def _memory() -> int:
    """In MiB, now."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def _files() -> list[str]:
    """What our open files are, without the numbers of sockets and pipes."""
    found = []
    for path in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(path.readlink()).partition(":[")[0])
        except OSError:  # the one that reads this folder
            continue
    return sorted(found)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "ticking"}]


def _load_jupyter_server_extension(app: ServerApp) -> None:
    ticker = app.web_app.settings["ticking"] = _Ticker()
    handlers = [(url_path_join(app.base_url, "ticking"), _TickingHandler)]
    app.web_app.add_handlers(".*$", handlers)  # type: ignore[no-untyped-call] # tornado has no types here
    app.io_loop.add_callback(ticker.run)
