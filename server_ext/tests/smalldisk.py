"""A disk with as little room as wanted, for one process and its children: Linux, and whoever may mount.

on_small_disk(folder, lambda disk: ...)
"""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Callable
from pathlib import Path

__all__ = ["SmallDisk", "on_small_disk"]

_CLONE_NEWNS, _MS_REMOUNT, _MS_PRIVATE_ALL = 0x20000, 0x20, 0x44000


class SmallDisk:
    """A file system in memory, mounted over a folder, for this process and its children alone. See `on_small_disk`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        _unshare_mounts()
        _mount(folder, 0, 10_000)

    def leave(self, pages: int) -> None:
        """Have room for so many pages more than are taken."""
        about = os.statvfs(self.folder)
        _mount(self.folder, _MS_REMOUNT, about.f_blocks - about.f_bfree + pages)


def _unshare_mounts() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) or libc.mount(b"none", b"/", None, _MS_PRIVATE_ALL, None):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _mount(folder: Path, flags: int, pages: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"size={pages * os.sysconf('SC_PAGE_SIZE')}".encode()
    if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", flags, options):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def on_small_disk(folder: Path, act: Callable[[SmallDisk], str]) -> str:
    """What `act` says of a disk mounted over the folder, in a process of its own: mounts vanish with it.

    Raises:
        OSError: Nothing may be mounted here.
        AssertionError: As `act` does.
    """
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        kind, text = "failed", ""
        try:
            disk = SmallDisk(folder)
            kind, text = "done", act(disk)
        except OSError as error:
            kind, text = "no disk" if "disk" not in locals() else "failed", str(error)
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
        finally:
            os.write(writing, json.dumps([kind, text[:10_000]]).encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        kind, text = json.loads(pipe.read())
    os.waitpid(process, 0)
    if kind == "no disk":
        raise OSError(text)
    assert kind == "done", text
    return str(text)
