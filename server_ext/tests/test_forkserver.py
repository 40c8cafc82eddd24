"""The life of fork servers: who shares one, when it ends, what happens when it does not do its part.

All of it in a runtime folder of its own, in which nothing may be left.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from childbench import until
from kernelbench import Bench, Try, kernel_bench_in
from patience import PATIENCE, eventually

from cauce.engine.executors import Cancelled, Crashed, Succeeded
from cauce.engine.process import is_alive, record_of
from cauce.forkserver.address import address_of, runtime_folder
from cauce.forkserver.client import Request, ask, connect

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forking is for Linux")


def servers(folder: Path) -> list[int]:
    """Those that listen in this folder, found by what they were started with."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if f"{folder}/".encode() in path.read_bytes() and b"forkserver/server.py" in path.read_bytes():
                found.append(int(path.parent.name))
    return found


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the servers of a test listen. They are ended with it."""
    base = Path(tempfile.mkdtemp(prefix="run-", dir="/tmp"))  # pytest's own would be too long for a socket
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(base))
    monkeypatch.setenv("CAUCE_FORKSERVER_IDLE", "1000")  # none ends while a test goes on, unless that says so
    try:
        yield base / f"cauce-{os.getuid()}"
        for pid in servers(base):
            with suppress(ProcessLookupError):  # one may be about to end by itself
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGTERM)
        assert eventually(lambda: not servers(base))
    finally:
        shutil.rmtree(base)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: Path) -> Iterator[Bench]:
    with kernel_bench_in(tmp_path, monkeypatch) as bench:
        yield bench


TELL = "import os, sys\nprint(os.getppid())\n"


def task(bench: Bench, code: str = TELL, name: str = "task.py", ahead: tuple[str, ...] | None = ()) -> Try:
    attempt = bench.task(code, name)
    return replace(
        attempt, job=replace(attempt.job, preload=ahead, log=bench.root / f"{name}-{time.monotonic_ns()}.log")
    )


def parent(bench: Bench, ahead: tuple[str, ...] | None = ()) -> int:
    """The process that a new kernel is a child of."""
    attempt = task(bench, ahead=ahead)
    assert bench.run(attempt) == Succeeded()
    return int(attempt.log)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, for this process and those that it starts."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    return folder


# --- Who shares one -----------------------------------------------------------------------


def test_processes_that_would_be_the_same_have_the_same_server(
    bench: Bench, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = parent(bench)
    assert first == parent(bench)
    monkeypatch.setenv("SOMETHING", "else")
    assert first == parent(bench)
    others = [first, parent(bench, ("sqlite3",))]
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    others.append(parent(bench))
    monkeypatch.delenv("OMP_NUM_THREADS")
    (packages / "new.py").touch()
    others.append(parent(bench))
    old = os.umask(0o027)
    try:
        others.append(parent(bench))
    finally:
        os.umask(old)
    assert len({*others, os.getpid()}) == 6
    assert parent(bench, None) == os.getpid()
    monkeypatch.setenv("CAUCE_FORKSERVER", "off")
    assert parent(bench) == os.getpid()


def test_a_server_has_the_variables_of_whom_it_serves_and_not_of_who_starts_it(
    bench: Bench, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench.root / "lib").mkdir()
    (bench.root / "lib/shelf.py").write_text("name = 'shelf'")
    monkeypatch.chdir(bench.root)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["lib", os.environ.get("PYTHONPATH", "")]))
    attempt = task(bench, "import os, shelf\nprint(shelf.name, os.getppid())")
    assert bench.run(attempt) == Succeeded()
    name, server = attempt.log.split()
    assert name == "shelf"
    assert int(server) in servers(runtime)

    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    given = {name: value for name, value in os.environ.items() if name != "MKL_NUM_THREADS"} | {"OMP_NUM_THREADS": "3"}
    with closing(ask(connect(address_of(given, ())), Request("hello"))) as forked:
        while not forked.settled and forked.wait(60):
            forked.receive()
        environ = Path(f"/proc/{forked.about['server']}/environ").read_bytes().split(b"\0")
    assert b"OMP_NUM_THREADS=3" in environ
    assert b"MKL_NUM_THREADS=7" not in environ


def test_how_many_files_a_task_may_open_is_as_for_whom_it_runs(bench: Bench, runtime: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    tell = "import os, resource\nprint(os.getppid(), *resource.getrlimit(resource.RLIMIT_NOFILE))"
    told = []
    try:
        for most in (soft // 2, soft):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            attempt = task(bench, tell)
            assert bench.run(attempt) == Succeeded()
            told.append([int(word) for word in attempt.log.split()])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert told == [[server := told[0][0], soft // 2, hard], [server, soft, hard]]
    assert server in servers(runtime)


def test_many_who_want_a_server_at_the_same_moment_get_one(runtime: Path) -> None:
    def server(_: int) -> object:
        forked = ask(connect(address_of(os.environ, ())), Request("hello"))
        with closing(forked):
            while not forked.settled and forked.wait(60):
                forked.receive()
            return forked.about["server"]

    for _ in range(3):
        with ThreadPoolExecutor(6) as pool:
            (pid,) = {*pool.map(server, range(6))}
        assert isinstance(pid, int)
        assert servers(runtime) == [pid]
        record = record_of(pid)
        assert record is not None
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda dying=record: not is_alive(dying))
    connect(address_of(os.environ, ("sqlite3",))).close()
    assert len([*runtime.glob("*.sock")]) == 1  # whoever starts one removes what others have left


def test_a_server_that_ends_at_once_is_missed_by_nobody(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUCE_FORKSERVER_IDLE", "0")
    told = []

    def visit(_: int) -> None:
        for _ in range(4):
            forked = ask(connect(address_of(os.environ, ())), Request("hello"))
            with closing(forked):
                while not forked.settled and forked.wait(60):
                    forked.receive()
                told.append(forked.refused)

    with ThreadPoolExecutor(3) as pool:
        [*pool.map(visit, range(3))]
    assert told == [""] * 12
    assert eventually(lambda: not servers(runtime))
    assert [*runtime.iterdir()] == []


# --- Its end ------------------------------------------------------------------------------


def test_a_server_that_nobody_needs_ends_and_leaves_nothing(
    bench: Bench, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUCE_FORKSERVER_IDLE", "0.2")
    first = parent(bench)
    assert eventually(lambda: not servers(runtime))
    assert [*runtime.iterdir()] == []
    assert parent(bench) != first


def test_who_only_looks_whether_a_server_is_there_does_not_keep_it(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUCE_FORKSERVER_IDLE", "1")
    address = address_of(os.environ, ())
    connect(address).close()

    def has_gone() -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(address.socket))
        return not servers(runtime)

    assert eventually(has_gone)


def test_a_server_may_be_told_to_stay_for_ever(bench: Bench, runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUCE_FORKSERVER_IDLE", "inf")
    server = parent(bench)
    assert server in servers(runtime)
    assert parent(bench) == server


def test_a_builder_that_is_killed_takes_its_children_along_but_not_the_server(runtime: Path, tmp_path: Path) -> None:
    code = "import os, subprocess, time\nfrom pathlib import Path\n"
    wait = "Path({0!r}).write_text(f'{{os.getppid()}} {{os.getpid()}} {{child.pid}}')\n    time.sleep(600)\n"
    child = "    child = subprocess.Popen(['sleep', '600'])\n"
    (tmp_path / "work.py").write_text(f"{code}def f(product):\n{child}    {wait.format('function')}")
    (tmp_path / "book.py").write_text(f"upstream = None\n# %%\n{code}if True:\n{child}    {wait.format('notebook')}")
    (tmp_path / "pipeline.yaml").write_text(
        "tasks: [{source: work.f, product: a.txt}, {source: book.py, product: b.ipynb}]\n"
    )
    told = [tmp_path / "function", tmp_path / "notebook"]
    with subprocess.Popen([sys.executable, "-m", "cauce", "build", "--jobs", "2"], cwd=tmp_path) as builder:
        try:
            assert eventually(lambda: all(path.exists() and path.read_text() for path in told))
        finally:
            builder.kill()
    (server, *one), (same, *two) = ([record_of(int(pid)) for pid in path.read_text().split()] for path in told)
    assert server is not None
    assert server == same
    assert eventually(lambda: not any(is_alive(each) for each in (*one, *two) if each is not None))
    assert is_alive(server)


def test_a_server_that_is_killed_is_the_end_of_its_tasks_and_no_more(bench: Bench) -> None:
    attempt = task(bench, f"{TELL}open('began', 'w').close()\nimport subprocess\nsubprocess.run(['sleep', '600'])")
    killed = []

    async def kill() -> None:
        await bench.appears("began")
        await until(lambda: bool(attempt.log))
        killed.append(int(attempt.log))
        os.kill(killed[0], signal.SIGKILL)

    (outcome,) = bench.run_all([attempt], kill())

    assert isinstance(outcome, Crashed)
    assert "killed by SIGKILL" in outcome.error.message
    assert parent(bench) not in (killed[0], os.getpid())


# --- When it does not do its part ---------------------------------------------------------


def test_a_server_that_does_not_answer_is_done_without(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    server = parent(bench)
    os.kill(server, signal.SIGSTOP)

    async def cancelled() -> None:
        """Whoever does not want the task any more need not wait either."""
        attempt = task(bench, "print('ran')")
        running = asyncio.ensure_future(bench.go(attempt))
        await asyncio.sleep(0.5)
        attempt.cancel.set()
        assert await asyncio.wait_for(running, PATIENCE) == Cancelled()
        assert attempt.log == ""

    asyncio.run(cancelled())
    monkeypatch.setenv("CAUCE_FORKSERVER_PATIENCE", "0.2")
    assert parent(bench) == os.getpid()
    monkeypatch.delenv("CAUCE_FORKSERVER_PATIENCE")
    assert parent(bench) == os.getpid()  # nor is it waited for again


def test_a_server_that_does_not_start_is_not_waited_for_by_whom_nobody_wants(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bench.root / "lib"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    hang = "import sys, time\nif any('forkserver/server.py' in word for word in sys.orig_argv):\n    time.sleep(600)"
    (folder / "sitecustomize.py").write_text(hang)

    async def cancelled() -> None:
        attempt = task(bench, "print('ran')")
        running = asyncio.ensure_future(bench.go(attempt))
        await asyncio.sleep(1)
        attempt.cancel.set()
        assert await asyncio.wait_for(running, 8) == Cancelled()

    asyncio.run(cancelled())
    assert parent(bench) == os.getpid()  # nor is it tried again


@pytest.mark.parametrize("answer", [b"", b"what?\n", b'{"error": "no"}\n', b'["pid", 1]\n', b"\xff\n"])
def test_a_server_that_talks_nonsense_is_done_without(bench: Bench, answer: bytes, runtime: Path) -> None:
    address = address_of(os.environ, ())
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(address.socket))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 20)
                connection.send(answer)

        server = threading.Thread(target=serve)
        server.start()
        assert parent(bench) == os.getpid()
        server.join()
    address.socket.unlink()


def test_a_client_that_talks_nonsense_harms_nobody(bench: Bench, runtime: Path) -> None:
    server = parent(bench)
    address = address_of(os.environ, ())
    for nonsense in (
        b"",
        b"what?\n",
        b"[]\n",
        b"{}\n",
        b'{"op": "kernel"}\n',
        b'{"op": "run", "argv": ["x"], "cwd": 3}\n',
    ):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(str(address.socket))
            client.send(nonsense)
            client.shutdown(socket.SHUT_WR)
            client.settimeout(PATIENCE)
            while client.recv(1000):
                pass
    reader, writer = os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:  # one that has said only half of it
        client.connect(str(address.socket))
        socket.send_fds(client, [b'{"op": "ke'], [writer])
        pipe = str(Path(f"/proc/self/fd/{writer}").readlink())
        os.close(writer)
        code = "import subprocess\nprint(subprocess.getoutput(f'ls -l /proc/{os.getpid()}/fd'))"
        attempt = task(bench, f"{TELL}{code}")
        assert bench.run(attempt) == Succeeded()
        assert attempt.log.startswith(f"{server}\n")
        assert pipe not in attempt.log
    os.close(reader)


def test_kernels_that_import_what_may_be_edited_are_started(
    bench: Bench, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bench.root / "lib"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    for name in ("one", "other"):  # of another length: else Python may take what it has compiled for current
        (folder / "sitecustomize.py").write_text(f"import builtins\nbuiltins.edited = {name!r}")
        attempt = task(bench, "print(edited)")
        assert bench.run(attempt) == Succeeded()
        assert attempt.log == f"{name}\n"
    assert parent(bench) == os.getpid()
    assert not servers(runtime)


def test_what_cannot_be_imported_ahead_is_left_to_the_tasks(bench: Bench, packages: Path) -> None:
    (packages / "calm.py").write_text("")
    (packages / "broken.py").write_text("raise SystemExit(3)")
    (packages / "busy.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
    )
    tell = f"{TELL}print(sorted({{'calm', 'busy', 'broken', 'absent'}} & {{*sys.modules}}))\n"
    for ahead, there in ((("calm", "broken", "absent"), ["calm"]), (("busy", "calm"), [])):
        attempt = task(bench, f"{tell}import calm", ahead=ahead)
        assert bench.run(attempt) == Succeeded()
        assert attempt.log.splitlines()[1] == str(there)
        assert not attempt.log.startswith(f"{os.getpid()}\n")  # it was forked all the same


def test_pipeline_yaml_says_what_is_imported_ahead(runtime: Path, packages: Path, tmp_path: Path) -> None:
    (packages / "calm.py").write_text("")
    root = tmp_path / "project"
    root.mkdir()
    code = "import sys\ndef f(product):\n    open(product, 'w').write(str('calm' in sys.modules))\n"
    (root / "work.py").write_text(code)
    for preload, there in (("[calm]", "True"), ("[]", "False")):
        (root / "pipeline.yaml").write_text(f"preload: {preload}\ntasks: [{{source: work.f, product: a.txt}}]\n")
        command = [sys.executable, "-m", "cauce", "build", "--force"]
        subprocess.run(command, cwd=root, check=True, capture_output=True)
        assert (root / "a.txt").read_text() == there
    assert len(servers(runtime)) == 2


# --- Where it listens ---------------------------------------------------------------------


def test_only_a_folder_of_our_own_is_used(runtime: Path) -> None:
    assert runtime_folder() == runtime
    assert runtime.stat().st_mode & 0o777 == 0o700

    runtime.chmod(0o770)
    assert runtime_folder() != runtime
    runtime.rmdir()
    (runtime.parent / "real").mkdir(mode=0o700)
    runtime.symlink_to(runtime.parent / "real")
    assert runtime_folder() != runtime
    runtime.unlink()
    runtime.write_text("")
    assert runtime_folder() != runtime
    runtime.unlink()
    if os.getuid() == 0:
        runtime.mkdir(mode=0o700)
        os.chown(runtime, 12345, 12345)
        assert runtime_folder() != runtime
        runtime.rmdir()


def test_a_folder_whose_path_is_too_long_is_not_used(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = runtime.parent / ("x" * 50)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    assert runtime_folder().parent != long
