"""The verb `script`: runs the code of a `ScriptRunner` task as its `__main__`, in this very process.

The code comes in pieces, each with the file and line that it is from, so that a traceback names
the user's own lines though the injected values stand between them. R goes to `Rscript`.
"""

from __future__ import annotations
import __future__

import linecache
import shutil
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

from cauce.runner import Trouble, shell

__all__ = ["run"]

_KEPT: list[types.ModuleType] = []
"""Our own main module, which nothing else would keep alive."""
_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Run it to its end, or to an ``exit(0)``."""
    if request["language"] == "r":
        return _run_r(request)
    source = str(Path(request["folder"], Path(request["source"]).name))
    sys.argv = [source]
    sys.path.insert(0, request["folder"])
    main = types.ModuleType("__main__")
    main.__dict__.update({"__file__": source, "__builtins__": __builtins__})
    _KEPT.append(sys.modules["__main__"])
    sys.modules["__main__"] = main
    try:
        for code in _compiled(request["pieces"]):
            exec(code, main.__dict__)  # noqa: S102 (that is what we are for)
    except SystemExit as end:
        if end.code not in {None, 0}:
            how = f"exit({end.code!r}) was called" if isinstance(end.code, int) else str(end.code)
            raise Trouble("SystemExit", how, request["source"]) from None
    return {}


def _compiled(pieces: list[dict[str, Any]]) -> list[types.CodeType]:
    flags = 0
    codes = []
    for piece in pieces:
        text, name, line = piece["code"], piece["file"], piece["line"]
        if name.startswith("<"):
            linecache.cache[name] = (len(text), None, [f"{each}\n" for each in text.split("\n")], name)
        code = compile("\n" * (line - 1) + text, name, "exec", flags, dont_inherit=True)
        flags |= code.co_flags & _FUTURE  # a `from __future__ import` holds for what follows
        codes.append(code)
    return codes


def _run_r(request: dict[str, Any]) -> dict[str, Any]:
    if shutil.which("Rscript") is None:
        raise Trouble("Cannot run", "There is no 'Rscript' here to run the script with. Install R.", request["source"])
    text = "\n\n".join(piece["code"] for piece in request["pieces"])
    with tempfile.TemporaryDirectory(prefix="cauce-") as folder:
        path = Path(folder, Path(request["source"]).name).with_suffix(".R")
        path.write_text(text, "utf-8")
        code = shell.wait(["Rscript", str(path)])
    if code != 0:
        message = f"The script ended with exit code {code}."
        raise Trouble("Script failed", message, request["source"], output=True)
    return {}
