"""Forked kernels and children are what started ones are: in what they are, do, and leave.

Each check is made where it counts, in a task's own code, with the libraries imported ahead that
could break it. What is compared with a started process says so.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import childbench as child
import pytest
from childbench import ChildBench, bench_in
from kernelbench import Bench, Try, kernel_bench_in

from cauce.engine.executors import Cancelled, Succeeded

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forking is for Linux")

AHEAD = ("joblib", "matplotlib.pyplot", "numpy", "pandas", "pyarrow", "sklearn.cluster")
"""The same in all tests, so that one server serves them."""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with kernel_bench_in(tmp_path, monkeypatch) as bench:
        yield bench


@pytest.fixture
def child_bench(tmp_path: Path) -> Iterator[ChildBench]:
    with bench_in(tmp_path) as bench:
        yield bench


def notebook(
    bench: Bench, source: str, name: str = "task.py", ahead: tuple[str, ...] | None = AHEAD, **more: Any
) -> Try:
    attempt = bench.task(source, name, **more)
    return replace(attempt, job=replace(attempt.job, preload=ahead))


def function(
    bench: ChildBench, source: str, name: str = "f", ahead: tuple[str, ...] | None = AHEAD, product: str = ""
) -> child.Try:
    attempt = bench.task(source, name=name, product=product or f"{name}.json")
    return replace(attempt, job=replace(attempt.job, preload=ahead))


STATE = """
import ctypes, gc, json, locale, logging, os, resource, signal, socket, sys, tempfile, threading, warnings
from pathlib import Path

def files():
    for path in Path("/proc/self/fd").iterdir():
        try:
            yield int(path.name), os.readlink(path)
        except OSError:  # the one that reads this folder
            continue

def named(thing):
    return str(thing).split(" at ")[0]

def parent_death_signal():
    number = ctypes.c_int()
    ctypes.CDLL(None).prctl(2, ctypes.byref(number), 0, 0, 0)
    return number.value

def state():
    streams = (sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__)
    hooks = (sys.excepthook, sys.displayhook, sys.unraisablehook, threading.excepthook, sys.breakpointhook)
    return {
        "arguments": [sys.argv, sys.executable, sys.prefix, list(sys.flags)],
        "path": sys.path,
        "folder": [os.getcwd(), tempfile.gettempdir(), os.umask(0o022)],
        "environment": dict(os.environ),
        "main": [__name__, sorted(name for name in vars(sys.modules["__main__"]) if name.startswith("__"))],
        "signals": {each.name: named(signal.getsignal(each)) for each in signal.Signals if each not in (9, 19)},
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "memory": [gc.isenabled(), gc.get_threshold(), sys.getrecursionlimit(), sys.getswitchinterval()],
        "locale": [locale.getlocale(), locale.setlocale(locale.LC_ALL), sys.getfilesystemencoding()],
        "limits": [resource.getrlimit(number) for number in range(10)] + [os.nice(0), sorted(os.sched_getaffinity(0))],
        "leads": [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()],
        "dies": [parent_death_signal(), Path("/proc/self/oom_score_adj").read_text()],
        "streams": [[type(each).__name__, each.encoding, each.errors, each.isatty()] for each in streams],
        "threads": sorted(each.name for each in threading.enumerate()),
        "logging": [named(each) for each in logging.root.handlers],
        "warnings": [str(each) for each in warnings.filters],
        "hooks": [named(each) for each in hooks] + [sys.gettrace(), sys.getprofile(), socket.getdefaulttimeout()],
        "imports": [getattr(each, "__name__", named(each)) for each in sys.meta_path] + [sys.dont_write_bytecode],
        "files": sorted(path.split(":")[0] for _, path in files()),
    }
"""


def differing(one: Any, two: Any) -> dict[str, Any]:
    return {key: (one.get(key), two.get(key)) for key in one.keys() | two.keys() if one.get(key) != two.get(key)}


def facts(bench: Bench | ChildBench, name: str) -> Any:
    """What a task has written into its JSON file."""
    return json.loads((bench.root / f"{name}.json").read_text())


# --- What they are ------------------------------------------------------------------------


def test_a_forked_kernel_finds_itself_as_a_started_one_does(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    monkeypatch.setenv("ODD", "\udcff=\n")
    monkeypatch.setenv("TMPDIR", str(bench.root))
    code = f"{STATE}\nimport time\njson.dump([state(), time.tzname], open(f'{{me}}.json', 'w'))"
    tries = [notebook(bench, code, f"{me}.py", ahead, params={"me": me}) for me, ahead in (("f", AHEAD), ("s", None))]

    assert bench.run_all(tries) == [Succeeded()] * 2

    (forked, zone), (started, _) = facts(bench, "f"), facts(bench, "s")
    assert zone == ["+0545", "+0545"]
    different = differing(forked, started)
    # What is ours to differ in: no threads and sockets that no task needs, libraries that have been imported.
    assert different.pop("arguments")[0][0][:2] == ["ipykernel_launcher", "-f"]
    environment = differing(*different.pop("environment"))
    assert environment.keys() <= {"JPY_PARENT_PID", "PYDEVD_USE_FRAME_EVAL", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"}
    assert {*different} <= {"threads", "warnings", "files"}
    assert {*forked["threads"]} <= {*started["threads"]}
    assert not {*started["warnings"]} - {*forked["warnings"]}


def test_a_forked_child_finds_itself_as_a_started_one_does(
    child_bench: ChildBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODD", "\udcff=\n")
    child_bench.write("work.py", f"{STATE}\ndef f(product):\n    json.dump(state(), open(product, 'w'))\n")

    assert child_bench.run(function(child_bench, "work.f", "f")) == Succeeded()
    assert child_bench.run(function(child_bench, "work.f", "s", None)) == Succeeded()

    forked, started = facts(child_bench, "f"), facts(child_bench, "s")
    different = differing(forked, started)
    assert differing(*different.pop("environment", ({}, {}))).keys() <= {"KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"}
    assert different.pop("arguments")[0][0] == [""]  # though it has no option -P
    assert {*different} <= {"main", "warnings", "files"}
    files = [path.startswith(tempfile.gettempdir()) or path for path in forked["files"]]
    assert files == ["/dev/null", True, "pipe", "pipe", "pipe"]


def test_children_share_no_descriptor_with_each_other_or_the_server(bench: Bench) -> None:
    code = f"""{STATE}
shared = [path for _, path in files() if path.startswith(("pipe", "socket"))]
json.dump([os.getppid(), shared, [os.readlink(path) for path in Path(f"/proc/{{os.getppid()}}/fd").iterdir()]],
    open(f"{{me}}.json", "w"))
while not all(Path(f"{{name}}.json").exists() for name in "ab"):
    pass
"""
    assert bench.run_all([notebook(bench, code, f"{me}.py", params={"me": me}) for me in "ab"]) == [Succeeded()] * 2

    (server, one, theirs), (same, two, _) = facts(bench, "a"), facts(bench, "b")
    assert server == same
    assert not {*one} & {*two}
    assert not {*one} & {*theirs}


CHANCE = """
import json, multiprocessing, os, random, secrets, tempfile, uuid
import numpy, sklearn.utils
def numbers():
    return [
        random.random(), random.SystemRandom().random(), str(uuid.uuid4()), str(uuid.uuid1()), secrets.token_hex(),
        next(tempfile._get_candidate_names()), multiprocessing.current_process().authkey.hex(),
        numpy.random.rand(), numpy.random.default_rng().random(), float(numpy.random.RandomState().rand()),
        float(sklearn.utils.check_random_state(None).rand()),
    ]
"""


def test_chance_is_another_in_each_kernel(bench: Bench) -> None:
    code = f"{CHANCE}\njson.dump(numbers(), open(f'{{me}}.json', 'w'))"
    assert bench.run_all([notebook(bench, code, f"{me}.py", params={"me": me}) for me in "ab"]) == [Succeeded()] * 2
    assert [len({*same}) for same in zip(facts(bench, "a"), facts(bench, "b"), strict=True)] == [2] * 11


def test_chance_is_another_in_each_child(child_bench: ChildBench) -> None:
    child_bench.write("work.py", f"{CHANCE}\ndef f(product):\n    json.dump(numbers(), open(product, 'w'))\n")
    assert [child_bench.run(function(child_bench, "work.f", me)) for me in "ab"] == [Succeeded()] * 2
    assert [len({*same}) for same in zip(facts(child_bench, "a"), facts(child_bench, "b"), strict=True)] == [2] * 11


# --- What they do -------------------------------------------------------------------------

WORKERS = """
import multiprocessing, os, subprocess, sys
from concurrent.futures import ProcessPoolExecutor
import joblib, numpy, pandas, pyarrow.compute, sklearn.cluster
def work():
    x = numpy.random.default_rng(0).random((500, 500))
    numpy.linalg.inv(x @ x.T)  # OpenBLAS, in threads
    sklearn.cluster.KMeans(3, n_init=1, random_state=0).fit(x[:, :4])  # OpenMP
    table = pandas.DataFrame({"a": [1, 2], "b": ["x", None]})
    table.to_parquet("table.parquet")  # Arrow's threads
    assert pandas.read_parquet("table.parquet").to_dict() == table.to_dict()
    assert pyarrow.compute.sum(pyarrow.array(range(1_000_000))).as_py() == 499_999_500_000
    assert joblib.Parallel(2)(joblib.delayed(abs)(-n) for n in range(4)) == [0, 1, 2, 3]  # loky
    assert joblib.Parallel(2, backend="threading")(joblib.delayed(abs)(-n) for n in range(4)) == [0, 1, 2, 3]
    for method in ("fork", "spawn", "forkserver"):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
            assert [*pool.map(abs, (-1, -2))] == [1, 2], method
    assert subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).stdout == b"1\\n"
"""


def test_threads_and_processes_of_libraries_work_in_a_kernel(bench: Bench) -> None:
    assert bench.run(notebook(bench, f"{WORKERS}\nwork()")) == Succeeded()


def test_threads_and_processes_of_libraries_work_in_a_child(child_bench: ChildBench) -> None:
    child_bench.write("work.py", f"{WORKERS}\ndef f(product):\n    work()\n    open(product, 'w').close()\n")
    assert child_bench.run(function(child_bench, "work.f")) == Succeeded()


def test_classes_of_a_notebook_are_pickled_as_ever(bench: Bench) -> None:
    code = """
import cloudpickle, concurrent.futures, json, multiprocessing, pickle
class Thing:
    n = 1
def double(thing):
    return thing.n * 2
# %%
told = [pickle.loads(pickle.dumps(Thing())).n, cloudpickle.loads(cloudpickle.dumps(Thing))().n]
for method in ("fork", "spawn"):
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        try:
            told.append(pool.submit(double, Thing()).result())
        except Exception as error:
            told.append(type(error).__name__)
json.dump(told, open(f"{me}.json", "w"))
"""
    tries = [notebook(bench, code, f"{me}.py", ahead, params={"me": me}) for me, ahead in (("f", AHEAD), ("s", None))]

    assert bench.run_all(tries) == [Succeeded()] * 2
    assert facts(bench, "f") == facts(bench, "s") == [1, 1, 2, "BrokenProcessPool"]


def test_an_interrupt_reaches_whatever_runs(bench: Bench) -> None:
    codes = {
        "loop": "while True: pass",
        "blas": "import numpy\nx = numpy.ones((400, 400))\nwhile True: x @ x",
        "child": "import subprocess\nsubprocess.run(['sleep', '600'])",
        "await": "import asyncio\nawait asyncio.sleep(600)",
    }
    tries = {
        name: notebook(bench, f"open('{name}', 'w').close()\n{code}", f"{name}.py") for name, code in codes.items()
    }

    async def cancel() -> None:
        for name, attempt in tries.items():
            await bench.appears(name)
            attempt.cancel.set()

    assert bench.run_all([*tries.values()], cancel()) == [Cancelled()] * 4
    # ipykernel 7.4 cannot be interrupted while it waits for what is awaited: it is terminated.
    assert {name for name, attempt in tries.items() if "KeyboardInterrupt" in attempt.log} >= {"loop", "blas", "child"}


DRAW = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint(plt.get_backend(), plt.rcParams['figure.dpi'])\n"


def images(attempt: Try) -> int:
    return sum("image/png" in output.get("data", ()) for output in attempt.outputs[0])


def test_a_kernel_draws_as_if_matplotlib_had_just_been_imported(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    magic, plain = (
        notebook(bench, f"{line}{DRAW}", f"{name}.py")
        for name, line in (("magic", "# %matplotlib inline\n"), ("plain", ""))
    )
    assert bench.run_all([magic, plain]) == [Succeeded()] * 2
    assert [images(magic), images(plain)] == [1, 1]

    (bench.root / "matplotlibrc").write_text("figure.dpi: 42\nbackend: svg\n")
    own = notebook(bench, DRAW, "own.py")
    assert bench.run(own) == Succeeded()
    assert (images(own), own.log) == (1, f"{plain.log.split()[0]} 42.0\n")

    monkeypatch.setenv("MPLBACKEND", "agg")
    agg = notebook(bench, DRAW, "agg.py")
    assert bench.run(agg) == Succeeded()
    assert (images(agg), agg.log) == (0, "agg 42.0\n")


def test_a_child_draws_as_if_matplotlib_had_just_been_imported(child_bench: ChildBench) -> None:
    lines = f"{DRAW}plt.savefig(product)\nprint(plt.rcParams['timezone'], plt.rcParamsDefault['figure.dpi'])\n"
    child_bench.write("work.py", f"def f(product):\n    {'    '.join(lines.splitlines(True))}")
    attempt = function(child_bench, "work.f", "plain", product="plain.png")
    assert child_bench.run(attempt) == Succeeded()
    assert attempt.log == "agg 100.0\nUTC 100.0\n"

    child_bench.write("matplotlibrc", "figure.dpi: 42\nbackend: svg\ntimezone: Asia/Kathmandu\n")
    attempt = function(child_bench, "work.f", "own", product="own.svg")
    assert child_bench.run(attempt) == Succeeded()
    assert attempt.log == "svg 42.0\nAsia/Kathmandu 100.0\n"


# --- What they import ---------------------------------------------------------------------


def test_modules_of_the_project_are_preferred_to_those_imported_ahead(child_bench: ChildBench) -> None:
    own = ("comm", "decorator", "traitlets", "packaging", "pytz", "tornado", "psutil", "six", "joblib")
    child_bench.write("joblib/__init__.py", "name = 'ours'")
    for name in own[:-1]:
        child_bench.write(f"{name}.py", "name = 'ours'")
    names = ", ".join(own)
    body = f"    print({{each.name for each in ({names})}})\n    open(product, 'w').close()\n"
    child_bench.write("work.py", f"import {names}\ndef f(product):\n{body}")
    attempt = function(child_bench, "work.f")

    assert child_bench.run(attempt) == Succeeded()
    assert attempt.log == "{'ours'}\n"


def test_modules_beside_a_notebook_are_preferred_to_those_imported_ahead(bench: Bench) -> None:
    for name in ("six", "joblib", "work"):
        (bench.root / f"{name}.py").write_text("name = 'ours'")
    attempt = notebook(bench, "import joblib, six, work\nprint({joblib.name, six.name, work.name})")

    assert bench.run(attempt) == Succeeded()
    assert attempt.log == "{'ours'}\n"


def test_a_folder_of_data_that_is_named_like_a_package_is_no_module(bench: Bench) -> None:
    for name in ("numpy", "pandas", "matplotlib"):
        (bench.root / name).mkdir()
        (bench.root / name / "data.csv").touch()
    code = "import numpy, pandas, matplotlib.pyplot\nassert pandas.Series([1.0]).sum() == numpy.float64(1)\n"

    assert bench.run(notebook(bench, code)) == Succeeded()


def test_modules_that_are_not_installed_are_read_anew_by_each_task(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, library = bench.root / "site-packages/shelf.py", bench.root / "lib/book.py"
    for path in (package, library):
        path.parent.mkdir()
        monkeypatch.setenv("PYTHONPATH", f"{os.environ.get('PYTHONPATH', '')}:{path.parent}")
    package.write_text("import book")
    for name in ("one", "other"):  # of another length: else Python may take what it has compiled for current
        library.write_text(f"name = {name!r}")
        attempt = notebook(bench, "import shelf\nprint(shelf.book.name)", f"{name}.py", ahead=("shelf", "book"))
        assert bench.run(attempt) == Succeeded()
        assert attempt.log == f"{name}\n"


# --- What they leave ----------------------------------------------------------------------

LEFT = """
import atexit, bz2, gzip, io, os, subprocess, tempfile, threading, time, weakref, zipfile
def leave():
    global kept
    class Loose:
        pass
    kept = [open("text", "w"), open("bytes", "wb"), gzip.open("text.gz", "wt"), zipfile.ZipFile("files.zip", "w"),
        tempfile.TemporaryDirectory(dir="."), bz2.open("text.bz2", "wb"), Loose()]
    kept[0].write("text")
    kept[1].write(b"bytes")
    kept[2].write("zipped")
    kept[3].writestr("file", "zipped")
    kept[5].write(b"zipped")
    weakref.finalize(kept[6], open, "finalized", "w")
    # As a tracker of multiprocessing's does; whoever waits for it is killed before the rest is done.
    subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 600"])
    atexit.register(lambda: open("exited", "w").write("exited"))
    def late():
        time.sleep(0.5)
        open("late", "w").write("late")
    threading.Thread(target=late).start()
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
"""


def left(folder: Path) -> dict[str, int]:
    """Names and sizes of what has been made."""
    return {path.name: path.stat().st_size for path in folder.iterdir()}


def test_what_a_kernel_leaves_open_is_finished(bench: Bench) -> None:
    for me, ahead in (("forked", AHEAD), ("started", None)):
        (bench.root / me).mkdir()
        assert bench.run(notebook(bench, f"{LEFT}\nos.chdir('{me}')\nleave()", f"{me}.py", ahead)) == Succeeded()
    assert left(bench.root / "forked") == left(bench.root / "started")


def test_what_a_child_leaves_open_is_finished(child_bench: ChildBench) -> None:
    for me, ahead in (("forked", AHEAD), ("started", None)):
        (child_bench.root / me).mkdir()
        child_bench.write(
            f"{me}.py", f"{LEFT}\ndef f(product):\n    open(product, 'w').close()\n    os.chdir('{me}')\n    leave()\n"
        )
        assert child_bench.run(function(child_bench, f"{me}.f", me, ahead)) == Succeeded()
    assert left(child_bench.root / "forked") == left(child_bench.root / "started")
