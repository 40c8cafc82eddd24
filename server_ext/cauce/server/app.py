"""The Jupyter Server extension: wires the workspace to routes, events, contents and kernels."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join
from traitlets import Bool, Int

from cauce.server.bus import Bus
from cauce.server.contents import wrap_contents_manager
from cauce.server.kernels import wrap_kernel_manager
from cauce.server.routes import PATTERNS
from cauce.server.underway import UnderWay
from cauce.server.workspace import Workspace

__all__ = ["CauceApp"]

_PULSE = 30.0


class CauceApp(ExtensionApp):
    """Configured as `c.CauceApp.…` in Jupyter's configuration."""

    name = "cauce"
    description = "Notebook pipelines: see what is stale, build only that."
    load_other_extensions = True

    open_tasks = Bool(
        True,
        config=True,
        help="Open the scripts of tasks as notebooks, with their inputs and outputs filled in.",
    )

    standby_builders = Int(
        2,
        min=0,
        config=True,
        help="After a build keep a process ready for the next one, for this many pipelines at most: the build begins a "
        "second sooner. Each takes some 70 MB of memory and ends after ten minutes. 0: none.",
    )

    def initialize_settings(self) -> None:
        server = self.serverapp
        assert server is not None and server.event_logger is not None  # noqa: S101, PT018 - linked by now
        bus = Bus(server.event_logger)
        contents = server.contents_manager
        self.workspace = Workspace(
            Path(getattr(contents, "root_dir", "") or server.root_dir),
            bus.publish,
            self.log,
            allow_hidden=bool(getattr(contents, "allow_hidden", False)),
            standbys=self.standby_builders,
        )
        self._under_way = UnderWay()
        self.settings["cauce_workspace"] = self.workspace
        # A Jupyter server without JupyterLab has no settings to translate.
        with contextlib.suppress(ImportError):
            from cauce.server.translation import offer_translations

            offer_translations()

    def initialize_handlers(self) -> None:
        base = url_path_join("cauce", "api")
        self.handlers.extend((url_path_join("/", base, pattern), handler) for pattern, handler in PATTERNS)

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Once all extensions are loaded: jupytext's, say, has its contents manager in place."""
        if self.open_tasks:
            wrap_contents_manager(serverapp, self.workspace)
            wrap_kernel_manager(serverapp.kernel_manager, self.workspace, self.workspace.root)
        self._under_way.begin(self._count_as_active())

    async def _count_as_active(self) -> None:
        """While something is built the server is not idle, though no browser is open."""
        while True:
            if self.workspace.busy and self.serverapp is not None:
                self.serverapp.web_app.settings["cauce_last_activity"] = datetime.now(UTC)
            await asyncio.sleep(_PULSE)

    def current_activity(self) -> bool | None:
        """Jupyter asks this before it shuts an idle server down."""
        return self.workspace.busy or None

    async def stop_extension(self) -> None:
        await self._under_way.close()
        await self.workspace.close()
