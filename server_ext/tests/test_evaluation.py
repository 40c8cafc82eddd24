"""What only running code can tell: evaluated in a child process, written down, and shown from there."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from evaluating import evaluate, write

from cauce.contract import Where
from cauce.engine.evaluated import evaluated_path
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import load
from cauce.engine.spec import find_entry

PIPELINE = """\
meta: {extract_upstream: false}
tasks:
  - source: tasks.run
    product: out.txt
    params: PARAMS
"""


def project(folder: Path, params: str, module: str = "") -> Path:
    return write(folder, {"pipeline.yaml": PIPELINE.replace("PARAMS", params), "params.py": module, "tasks.py": TASKS})


TASKS = "def run(product, **params):\n    pass\n"


@pytest.mark.case("G11", note="shown without running anything, from what the last build found out")
def test_a_parameter_is_what_its_function_returns(tmp_path: Path) -> None:
    module = "def three():\n    return 3\n\ndef up_to(n, start=0):\n    return range(start, n)\n"
    params = "{n: 'params::three', r: {dotted_path: 'params::up_to', n: 3}, also: params::three, plain: 1}"
    folder = project(tmp_path, params, module)
    before = load(find_entry(None, folder, {}), ParseCache())
    assert before.tasks["run"].params == {"plain": 1}
    assert list(before.tasks["run"].computed) == ["n", "r", "also"]
    assert len(before.spec.needs) == 2
    after, problems = evaluate(folder)
    assert problems == ()
    assert after.tasks["run"].params == {"n": 3, "r": [0, 1, 2], "also": 3, "plain": 1}


@pytest.mark.case("B6", note="written down as plain data, and compared so")
def test_values_become_plain_data(tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    module = """\
        import datetime
        from collections import namedtuple
        from pathlib import Path

        import numpy as np

        def value():
            return {
                1: (1, 2), None: {3, 1}, False: Path("a") / "b", "number": np.float64(0.5), "whole": np.int64(2),
                "flag": np.bool_(True), "array": np.arange(3), "day": datetime.date(2030, 1, 2),
                "pair": namedtuple("Pair", "x y")(1, None), "big": 2 ** 100, "text": "é\\u2028",
            }
        """
    after, problems = evaluate(project(tmp_path, "{v: 'params::value'}", module))
    assert problems == ()
    assert after.tasks["run"].params["v"] == {
        "1": [1, 2],
        "None": [1, 3],
        "False": "a/b",
        "number": 0.5,
        "whole": 2,
        "flag": True,
        "array": [0, 1, 2],
        "day": "2030-01-02",
        "pair": [1, None],
        "big": 2**100,
        "text": "é\u2028",
    }


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("return None", "returned None, which is no value for a parameter."),
        ("return object()", "is or holds object, which is neither text, number, list nor mapping."),
        ("return [b'x']", "is or holds bytes"),
        ("return {1: 'a', '1': 'b'}", "has several keys that are the same text."),
        ("return float('nan')", "holds nan, which is no number that can be written down."),
        ("x = []; x.append(x); return x", "is too large or too deep. Write it to a file, and give its path."),
        ("return 'x' * 10_000_000 + 'y', 1", "is too large or too deep."),
        ("raise ValueError('no luck')", "ValueError: no luck."),
        ("import sys; sys.exit(3)", "exit(3) was called."),
        ("import ploomber.exceptions as e; raise e.DAGBuildEarlyStop('enough')", "DAGBuildEarlyStop: enough."),
    ],
)
def test_what_goes_wrong_is_a_problem_of_the_task_and_spoils_no_other_value(
    tmp_path: Path, code: str, said: str
) -> None:
    module = f"def bad():\n    {code}\n\ndef good():\n    return 1\n"
    after, [problem] = evaluate(project(tmp_path, "{a: 'params::bad', b: 'params::good'}", module))
    assert said in problem.message
    assert problem.message.startswith("params.bad could not be evaluated: ")
    assert problem.message.endswith(".")
    assert not problem.message.endswith("..")
    assert problem.task == "run"
    assert after.tasks["run"].params == {"b": 1}


def test_the_line_that_raised_is_named(tmp_path: Path) -> None:
    module = "def bad():\n    return helper()\n\ndef helper():\n    return 1 / 0\n"
    _, [problem] = evaluate(project(tmp_path, "{a: 'params::bad'}", module))
    assert problem.where == Where(path="params.py", line=5)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ("{a: 'params::god'}", "'params' has no 'god'. Did you mean 'good'?"),
        ("{a: 'parms::good'}", "There is no module 'parms'"),
        ("{a: 'params::number'}", "'params.number' is no function but int."),
        ("{a: {dotted_path: 'params::good', z: 1}}", "'params.good' does not take 'z'."),
        ("{a: 'params::needs'}", "'params.needs' needs 'x'. Write it beside 'dotted_path'."),
    ],
)
def test_what_is_no_function_that_can_be_called_so_is_told(tmp_path: Path, params: str, said: str) -> None:
    module = "number = 1\n\ndef good():\n    return 1\n\ndef needs(x):\n    return x\n"
    _, [problem] = evaluate(project(tmp_path, params, module))
    assert said in problem.message


def test_a_process_that_dies_is_told_of_each_value(tmp_path: Path) -> None:
    module = "import os\n\ndef bad():\n    os._exit(1)\n"
    after, problems = evaluate(project(tmp_path, "{a: 'params::bad', b: 'params::good'}", module))
    assert len(problems) == 2
    assert after.tasks["run"].params == {}


def test_code_finds_the_project_and_changes_nothing_for_the_next(tmp_path: Path) -> None:
    module = """\
        import os
        from pathlib import Path

        def here():
            found = Path("params.py").resolve().parent.as_posix()
            os.chdir("/")
            return found

        def there():
            print("said")
            return os.getcwd()
        """
    after, problems = evaluate(project(tmp_path, "{a: 'params::here', b: 'params::there'}", module))
    assert problems == ()
    assert set(after.tasks["run"].params.values()) == {str(tmp_path.resolve())}
    assert any("said" in log.read_text() for log in tmp_path.glob(".cauce/logs/*/evaluation.log"))


def test_values_of_a_grid_may_be_computed(tmp_path: Path) -> None:
    pipeline = """\
        meta: {extract_upstream: false}
        tasks:
          - source: tasks.run
            name: fit-
            product: out.txt
            grid: {n: 'params::values'}
        """
    files = {"pipeline.yaml": pipeline, "params.py": "def values():\n    return (1, 2)\n", "tasks.py": TASKS}
    after, problems = evaluate(write(tmp_path, files))
    assert problems == ()
    assert [task.params for task in after.tasks.values()] == [{"n": 1}, {"n": 2}]


@pytest.mark.case("G5")
def test_git_and_the_clock_are_asked_by_the_builder(tmp_path: Path) -> None:
    pipeline = """\
        meta: {extract_upstream: false}
        tasks:
          - source: tasks.run
            product: 'out/{{git}}/{{git_hash}}/{{now}}.txt'
        """
    folder = write(tmp_path, {"pipeline.yaml": pipeline, "tasks.py": TASKS})
    (folder / ".git").mkdir()  # a repository by its looks alone
    _, problems = evaluate(folder)
    assert {problem.message for problem in problems} == {
        "{{git}} could not be evaluated: No git repository: Git finds no commit here. Run 'git init' and commit once.",
        "{{git_hash}} could not be evaluated: No git repository: Git finds no commit here. "
        "Run 'git init' and commit once.",
    }
    (folder / ".git").rmdir()
    _git(folder, "init", "--quiet", "--initial-branch", "trunk")
    _git(folder, "add", "tasks.py")
    _git(folder, "commit", "--quiet", "--message", "x")
    after, problems = evaluate(folder)
    assert problems == ()
    [product] = after.tasks["run"].products
    _, branch, commit, stamp = product.path.split("/")
    assert branch == "trunk"
    assert _git(folder, "rev-parse", "HEAD").startswith(commit.removesuffix("-dirty"))
    datetime.fromisoformat(stamp.removesuffix(".txt"))
    _git(folder, "tag", "v1")
    _git(folder, "checkout", "--quiet", "--detach")
    (folder / "tasks.py").write_text(TASKS + "# changed\n")
    after, _ = evaluate(folder)
    assert after.tasks["run"].products[0].path.startswith("out/v1-dirty/v1-dirty/")


def _git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    asked = ["git", *who, *arguments]
    return subprocess.run(asked, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_what_is_written_down_is_plain_json(tmp_path: Path) -> None:
    folder = project(tmp_path, "{a: 'params::value'}", "def value():\n    return (1, 'x')\n")
    evaluate(folder)
    written = json.loads((folder / evaluated_path(find_entry(None, folder, {}))).read_text())
    assert written["values"] == {"call params.value {}": [1, "x"]}
