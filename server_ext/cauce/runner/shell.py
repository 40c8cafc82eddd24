"""The verb `shell`: fills in a shell script's ``{{product}}``, ``{{upstream}}`` and parameters, and runs it.

By the interpreter that its first line names, else by bash, as Ploomber does. A script for bash or sh
is handed over as an argument under its own name, so that what the shell says of a line names the user's file.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from cauce.runner import Trouble, dotted, products, template

__all__ = ["execute", "rendered", "run", "wait"]

_LONGEST_ARGUMENT = 100_000  # Linux takes 128 KiB


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Run the script; Trouble when it ends with another exit code than 0."""
    source = request["source"]
    text = rendered(request)
    if request.get("client"):
        dotted.call(request["client"]).execute(text)
        return {}
    code = execute(text, source)
    if code != 0:
        how = f"exit code {code}" if code > 0 else f"the signal {_signal(-code)}"
        raise Trouble("Script failed", f"The script ended with {how}.", source, output=True)
    return {}


def rendered(request: dict[str, Any]) -> str:
    """The source as text for the shell. Trouble when it asks for what the task is not given."""
    values = dict(request["params"])
    if request["upstream"]:
        values["upstream"] = products.upstream(request["upstream"])
    values["product"] = products.build(request["product"])
    folder = request["template_folder"] or str(Path(request["source"]).parent)
    text = request["content"].replace("\r\n", "\n")
    return template.render(text, path=request["source"], folder=folder, values=values).text


def execute(text: str, name: str) -> int:
    """Run a rendered script; its exit code, minus the signal's number when one ended it."""
    first = text.partition("\n")[0]
    command = shlex.split(first[2:]) if first.startswith("#!") else ["bash"]
    if not command or shutil.which(command[0]) is None:
        message = f"There is no '{' '.join(command)}' here to run the script with. Install it."
        raise Trouble("Cannot run", message, name, 1)
    words = [word for word in command if not word.startswith("-")]
    interpreter = words[1] if Path(words[0]).name == "env" and len(words) > 1 else words[0]
    if Path(interpreter).name in {"bash", "sh"} and len(os.fsencode(text)) < _LONGEST_ARGUMENT:
        return wait([*command, "-c", text, name])
    with tempfile.TemporaryDirectory(prefix="cauce-") as folder:
        path = Path(folder, Path(name).name)
        path.write_text(text, "utf-8", "surrogateescape")
        return wait([*command, str(path)])


def wait(command: list[str], **given: Any) -> int:
    """Run a command to its end; its exit code."""
    # Signals go to the whole group. The script decides what becomes of it: we wait for it, so that
    # it has its time to clean up.
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: None)
    return subprocess.call(command, **given)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
