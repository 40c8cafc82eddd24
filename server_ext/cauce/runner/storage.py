"""The verb `storage`: copies products to a storage and fetches them from there.

A storage is what a client's function returns: an object with `upload(path)` and
`download(path, destination=…)`, as those of Ploomber have them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from cauce.runner import Trouble, dotted, errors
from cauce.runner.log import conceal, say

__all__ = ["run"]


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked with some files of one storage.

    `request`: ``{"action": "upload" | "download", "client": dotted, "files": {path: where}}``.
    Paths are relative to the root; `where` is to which file or folder a download goes. What the
    storage does not have is not fetched. Reply: nothing.
    """
    root = Path.cwd()
    action, files = request["action"], request["files"]
    name = request["client"]["path"]
    path = next(iter(files), "")
    try:
        client = dotted.call(request["client"])
        if not hasattr(client, "upload") or not hasattr(client, "download"):
            what = "nothing" if client is None else f"an object of the class {type(client).__name__}"
            message = f"'{name}' returned {what}, which is no storage. Return a LocalStorageClient, for one."
            raise Trouble("Not a storage", message)
        for path, where in files.items():
            if action == "upload":
                client.upload(path)
            elif _has(client, path):
                client.download(path, destination=where)
        return {}
    except Trouble:
        raise
    except Exception as error:
        say(errors.trace(error))
        place = errors.where(error, root) or {}
        doing = "copied to" if action == "upload" else "fetched from"
        message = conceal(f"{path} could not be {doing} the storage of '{name}': {errors.message_of(error)}")
        raise Trouble(type(error).__name__, message, place.get("path"), place.get("line"), output=True) from None
    finally:
        os.chdir(root)


def _has(client: Any, path: str) -> bool:
    exists = getattr(client, "_remote_exists", None) or getattr(client, "exists", None)
    return True if exists is None else bool(exists(path))
