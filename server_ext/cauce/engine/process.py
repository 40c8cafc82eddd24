"""Processes that must not outlive us: how they are named, tied to us, and reaped.

Three nets, from the fastest to the last:

* `die_with_parent`: the operating system kills the child when we die (Linux only). It
  reaches the child alone, not the children of the child.
* `Guard`: a small process that outlives us by some milliseconds and kills whole process
  groups (every POSIX system).
* `ProcessRecord` and `reap`: what a later build finds in the store and kills, should both
  have failed (Linux only, for it takes ``/proc`` to prove that a pid still means the same).

Windows has none of the three: there a kernel ends by itself when it sees its parent gone.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "KILL",
    "Guard",
    "ProcessRecord",
    "die_with_parent",
    "is_alive",
    "kill_group",
    "reap",
    "record_of",
    "signal_group",
]

KILL: int = getattr(signal, "SIGKILL", signal.SIGTERM)
"""The signal that cannot be refused, under the name that Windows has for it."""

_PROC = Path("/proc")
_PR_SET_PDEATHSIG = 1
_MORE_LIKELY_OOM_VICTIM = 500


@dataclass(frozen=True)
class ProcessRecord:
    """A process group that can be recognised after a crash.

    A bare pid proves nothing, pids are reused: `started` (clock ticks since boot, field 22
    of ``/proc/<pid>/stat``) and `boot` (``/proc/sys/kernel/random/boot_id``) must match too.
    """

    pid: int
    group: int
    started: int
    boot: str


# --- Naming -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Stat:
    state: str
    group: int
    started: int


def _stat(pid: int) -> _Stat | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # The second field is the program's name in parentheses and may itself hold any character.
    fields = text.rpartition(")")[2].split()
    return _Stat(state=fields[0], group=int(fields[2]), started=int(fields[19]))


def _boot() -> str | None:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return None


def record_of(pid: int) -> ProcessRecord | None:
    """The record of a live process; None when it is gone or there is no ``/proc`` (macOS, Windows)."""
    stat, boot = _stat(pid), _boot()
    if stat is None or boot is None:
        return None
    return ProcessRecord(pid=pid, group=stat.group, started=stat.started, boot=boot)


def _found(record: ProcessRecord) -> _Stat | None:
    """What `record` names, while it exists: a zombie included."""
    if record.boot != _boot():
        return None
    stat = _stat(record.pid)
    return stat if stat is not None and stat.started == record.started else None


def is_alive(record: ProcessRecord) -> bool:
    """Does this very process still run? A zombie does not. False wherever it cannot be told."""
    stat = _found(record)
    return stat is not None and stat.state not in "ZX"


# --- Killing ------------------------------------------------------------------------------


def signal_group(group: int, signum: int) -> bool:
    """Signal a process group; False when there is nobody in it (or no groups: Windows)."""
    if sys.platform == "win32" or group <= 1:
        return False
    try:
        os.killpg(group, signum)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def kill_group(record: ProcessRecord, signum: int) -> bool:
    """Signal the process group of a record, if it still is that group; was there one?

    Harmless when the process is gone, was replaced by another of the same pid, or ran
    before the last boot or on another machine. The price of that caution: once the leader
    has gone, the rest of its group can no longer be proven ours and is left alone.
    Between looking and signalling a few microseconds remain in which a pid could in
    theory change hands.
    """
    stat = _found(record)
    if stat is None or stat.group != record.group or record.group == _own_group():
        return False
    return signal_group(record.group, signum)


def _own_group() -> int:
    return os.getpgid(0) if sys.platform != "win32" else 0


def reap(records: Iterable[ProcessRecord]) -> tuple[ProcessRecord, ...]:
    """Kill what a dead build left behind; the records that were still there, in the order given."""
    return tuple(record for record in records if kill_group(record, KILL))


# --- Tying to us --------------------------------------------------------------------------


def die_with_parent(parent_pid: int) -> Callable[[], None] | None:
    """A `preexec_fn` for `subprocess.Popen`: the child is SIGKILLed when its parent dies.

    Linux only; elsewhere None, which `Popen` takes as "nothing to do". The system's rule
    is about the parent *thread*: the child dies when the thread that started it ends, so
    start from the main thread. It covers the child alone (see `Guard`) and is lost when
    the child executes a set-uid program. The child also volunteers for the
    out-of-memory killer, so that user code dies before whoever watches it.

    Everything is looked up here, before the fork: the child only makes system calls.
    """
    if sys.platform != "linux":
        return None
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None
    prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong]
    score = _oom_score()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent_pid:  # it died between the fork and the line above
            os._exit(1)
        try:
            file = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
            os.write(file, score)
            os.close(file)
        except OSError:
            pass

    return tie


def _oom_score() -> bytes:
    try:
        ours = int((_PROC / "self/oom_score_adj").read_text("ascii"))
    except OSError:
        ours = 0
    return b"%d" % min(1000, ours + _MORE_LIKELY_OOM_VICTIM)


_GUARD = """
import os, signal, sys
for name in ("SIGINT", "SIGTERM", "SIGHUP"):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
groups = set()
for line in sys.stdin.buffer:
    (groups.add if line[:1] == b"+" else groups.discard)(int(line[1:]))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""


class Guard:
    """Kills process groups when we die, whatever we die of.

    A child process in a session of its own reads from a pipe which groups there are. Our
    death closes the pipe; then it kills those that are left and ends. It is started with
    the first group. Does nothing on Windows.

    A process that left its group (a daemon that called ``setsid``) is out of reach.
    """

    def __init__(self) -> None:
        self._groups: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def add(self, group: int) -> None:
        """Kill this group if we die from now on."""
        self._groups.add(group)
        self._tell(b"+", group)

    def discard(self, group: int) -> None:
        """The group is gone. Harmless for an unknown one."""
        if group in self._groups:
            self._groups.discard(group)
            self._tell(b"-", group)

    def close(self) -> None:
        """End the child process. Groups still listed are killed by it."""
        process, self._process = self._process, None
        self._groups.clear()
        if process is not None:
            _hang_up(process)

    def _tell(self, sign: bytes, group: int) -> None:
        if sys.platform == "win32":
            return
        if self._process is not None and _write(self._process, b"%b%d\n" % (sign, group)):
            return
        if self._process is not None:  # somebody killed it: begin again
            _hang_up(self._process)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _GUARD],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        _write(self._process, b"".join(b"+%d\n" % each for each in sorted(self._groups)))


def _write(process: subprocess.Popen[bytes], lines: bytes) -> bool:
    assert process.stdin is not None  # noqa: S101 (we asked for a pipe)
    try:
        process.stdin.write(lines)
        process.stdin.flush()
    except OSError:
        return False
    return True


def _hang_up(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101 (we asked for a pipe)
    with suppress(OSError):
        process.stdin.close()
    process.wait()
