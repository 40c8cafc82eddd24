"""Processes that must not outlive us: how they are named, tied to us, and reaped."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ProcessRecord"]


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
