"""What runs the scripts of shell tasks, where pipeline.yaml names a client for them."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["ShellClient"]


class ShellClient:
    """Runs a script by a command of one's own."""

    def __init__(
        self, run_template: str = "bash {{path_to_code}}", subprocess_run_kwargs: Mapping[str, Any] | None = None
    ) -> None:
        """`run_template` is the command, with ``{{path_to_code}}`` for the script. Output goes to the task's log."""
        self.run_template = run_template
        kept = ("cwd", "env")
        self._given = {name: value for name, value in (subprocess_run_kwargs or {}).items() if name in kept}

    def execute(self, code: str) -> None:
        """Run a script. RuntimeError when it ends with another exit code than 0."""
        from cauce.runner.shell import wait

        with tempfile.TemporaryDirectory(prefix="cauce-") as folder:
            path = Path(folder, "script")
            path.write_text(code, "utf-8", "surrogateescape")
            words = shlex.split(self.run_template.replace("{{ path_to_code }}", "{{path_to_code}}"))
            exit_code = wait([word.replace("{{path_to_code}}", str(path)) for word in words], **self._given)
        if exit_code != 0:
            raise RuntimeError(f"The script ended with exit code {exit_code}.")

    def close(self) -> None:
        """Nothing is open."""
