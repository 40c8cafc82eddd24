"""Who is forked from the same server, and who is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork servers are for Linux")

ASK = "import os; from cauce.forkserver.address import address_of; print(address_of(os.environ, ()).socket.name)"
SAME = f'exec "{sys.executable}" -c "{ASK}"'


def asked(script: str, **env: str) -> str:
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, env=os.environ | env, check=False)
    if done.returncode:
        pytest.skip(f"not to be had here: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.strip()


def test_the_same_surroundings_share_a_server(tmp_path: Path) -> None:
    assert asked(SAME) == asked(f'cd "{tmp_path}"; ulimit -S -n 256; {SAME}', CAUCE_TEST="anything")


@pytest.mark.parametrize(
    "before",
    [
        "umask 027;",
        "ulimit -v 4000000;",
        "ulimit -f 100;",
        "ulimit -n 300;",
        "exec taskset -c 0",
        "exec nice -n 1",
        "exec unshare --mount",
    ],
)
def test_others_have_a_server_of_their_own(before: str) -> None:
    if before.startswith("exec taskset") and len(os.sched_getaffinity(0)) == 1:
        pytest.skip("there is but one processor")
    there = f"{before} {SAME.removeprefix('exec ') if before.startswith('exec') else SAME}"
    assert asked(SAME) != asked(there)
