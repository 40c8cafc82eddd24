"""How Cauce fares with Ploomber's public example projects.

    git clone https://github.com/ploomber/projects
    python scripts/try_examples.py projects [--tests ploomber/tests/assets] [--only TEXT]

Each pipeline is copied to a temporary folder, looked at, and, if it needs neither the network
nor a service, built twice: the second build has nothing to run. What was found is printed as
the table of docs/examples.md, with every problem that was reported on stderr: a reader judges
whether it is true. The status is 1 when something is not as `EXAMPLES` says.

Not run by `make test`: the projects are not ours and want pandas, scikit-learn, pyarrow,
seaborn, matplotlib, statsmodels, SQLAlchemy, faker and sklearn-evaluation.
"""
# ruff: noqa: T201  A script: printing is what it does.

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 900
GIT = ("git", "-c", "user.name=cauce", "-c", "user.email=cauce@example.org", "-c", "commit.gpgsign=false")


TABLE = "create table my_numbers (n); insert into my_numbers values (1)"
NUMBERS = f"import sqlite3; sqlite3.connect('my.db').executescript('{TABLE}')"
RUN_NUMBER = "open('env.yaml', 'w').write('run_number: 1')"


@dataclass(frozen=True)
class Example:
    """One pipeline, and what is expected of it.

    `entry` is what `-e` gets, `folder` where; `options` are more arguments of all commands and
    `tasks` the only ones to build. `prepare` are commands to run before, as the project's own
    description says, in the folder named first. `errors` are the codes of the errors that are
    true. `offline` is empty if the pipeline can be built, else why it cannot; `fails` names the tasks that
    cannot succeed, and `again` those that the second build runs as it should.
    """

    folder: str
    entry: str = "pipeline.yaml"
    options: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    prepare: tuple[tuple[str, ...], ...] = ()
    git: bool = False
    errors: tuple[str, ...] = ()
    offline: str = ""
    fails: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    remark: str = ""

    @property
    def label(self) -> str:
        more = " ".join(self.options)
        plain = self.entry == "pipeline.yaml"
        return " ".join(part for part in (f"{self.folder}", "" if plain else f"`{self.entry}`", more) if part)


EXAMPLES = (
    Example(
        "cookbook/dynamic-params",
        errors=("placeholder_undefined",),
        offline="its `run.py` gives the parameter and builds",
    ),
    Example("cookbook/dynamic-params", prepare=((".", "python", "-c", RUN_NUMBER),), remark="with an `env.yaml` added"),
    Example("cookbook/file-client", remark="products are copied to `backup/`"),
    Example("cookbook/grid"),
    Example("cookbook/hooks"),
    Example("cookbook/hooks", options=("--env--crash", "true"), fails=("do_something",)),
    Example(
        "cookbook/incremental",
        prepare=((".", "python", "insert.py"),),
        again=("load",),
        remark="a parameter says how far it got, so the second build looks for records, and ends early",
    ),
    Example("cookbook/nested-cv"),
    Example("cookbook/python-load"),
    Example("cookbook/python-load", "pipeline.make"),
    Example("cookbook/python-load", "pipeline.delete_tasks", options=("--env--delete_tasks", "true")),
    Example(
        "cookbook/report-generation",
        tasks=("html-report", "another-html-report", "no-report"),
        remark="its PDF reports want TeX and a browser",
    ),
    Example("cookbook/serialization"),
    Example("cookbook/sql-dump", prepare=((".", "python", "-c", NUMBERS),)),
    Example("cookbook/streamlit-sample-app", offline="downloads data"),
    Example("cookbook/variable-number-of-products/basic"),
    Example("cookbook/variable-number-of-products/serializer"),
    Example("guides/cron"),
    Example("guides/debugging", fails=("preprocess",)),
    Example("guides/first-pipeline", offline="downloads data"),
    Example("guides/intro-to-ploomber", offline="downloads data"),
    Example("guides/intro-to-ploomber", "pipeline-params.yaml", offline="downloads data"),
    Example("guides/logging/basic"),
    Example("guides/logging/parametrized"),
    Example("guides/parametrized"),
    Example("guides/parametrized", options=("--env--some_param", "another_value")),
    Example("guides/sql-templating", fails=("sql-task",), remark="its database is empty: it is there to be rendered"),
    Example("guides/testing", prepare=(("setup", "python", "script.py"),)),
    Example("guides/versioning", "pipeline.git.yaml", git=True),
    Example("guides/versioning", "pipeline.git_hash.yaml", git=True),
    Example("guides/versioning", "pipeline.now.yaml", again=("load", "plot")),
    Example("guides/versioning", "pipeline.partial.yaml", git=True),
    Example("templates/etl", errors=("task_unsupported",), offline="downloads data"),
    Example("templates/exploratory-analysis", offline="downloads data"),
    Example("templates/google-cloud", offline="Google Cloud"),
    Example("templates/google-cloud", "pipeline.incremental.yaml", offline="Google Cloud"),
    Example(
        "templates/ml-advanced", fails=("fit-ml-advanced--models--logistic-reg",), remark="wants an older scikit-learn"
    ),
    Example("templates/ml-basic"),
    Example("templates/ml-intermediate"),
    Example(
        "templates/ml-intermediate",
        "pipeline.serve.yaml",
        prepare=((".", "python", "-m", "cauce", "build"),),
        remark="once the other pipeline has made a model",
    ),
    Example("templates/ml-online", "src/ml_online/pipeline.yaml"),
    Example(
        "templates/ml-online",
        "src/ml_online/pipeline-features.yaml",
        errors=("upstream_unknown",),
        offline="is a part of the other",
    ),
    Example("templates/mlflow", offline="wants mlflow"),
    Example(
        "templates/python-api", again=("load", "clean", "plot"), remark="its code removes the products at each load"
    ),
    Example("templates/pytorch", offline="wants torch"),
    Example("templates/shell", offline="downloads data"),
    Example("templates/spec-api-directory", "*.py"),
    Example("templates/spec-api-r", offline="wants R"),
    Example(
        "templates/spec-api-sql",
        prepare=(
            ("setup", "python", "simulate_data.py"),
            ("setup", "mkdir", "../output"),
            ("setup", "mv", "data.db", ".."),
        ),
    ),
    Example("templates/timeseries", fails=("section-6-2-dynamic-forecasts",), remark="wants an older statsmodels"),
)

# Loaded only: they are there for the tests of Ploomber, and not all of them can run.
TESTS = (
    Example("nbs"),
    Example("nbs", "pipeline.extract-upstream.yaml"),
    Example("nbs", "pipeline-w-location.yaml"),
    Example("nbs-nested"),
    Example("nbs-nested", "pipeline.another.yaml"),
    Example("nbs-no-yaml", "*.py"),
    Example("nbs-priority-inject"),
    Example("nbs-priority-inject", "pipeline_with_functions.yaml"),
    Example("simple"),
    Example("spec-with-functions"),
    Example("spec-with-functions-flat"),
    Example("spec-with-functions-no-sources", errors=("module_missing",), remark="has no sources by intent"),
    Example("fns-and-scripts/project"),
    Example("pipeline-sql", "pipeline-sqlite.yaml"),
    Example("pipeline-sql", "pipeline-sqlrelation.yaml"),
    Example("pipeline-sql", "pipeline-postgres.yaml"),
    Example("pipeline-sql", "pipeline-multiple-dbs.yaml"),
    Example("pipeline-sql-products-in-source"),
    Example("pipeline-r"),
    Example("doctests/spec"),
)


@dataclass(frozen=True)
class Row:
    label: str
    tasks: str
    loads: str
    builds: str
    again: str
    remark: str
    surprises: tuple[str, ...]

    def __str__(self) -> str:
        return f"| {self.label} | {self.tasks} | {self.loads} | {self.builds} | {self.again} | {self.remark} |"


def cauce(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # As `pip install -e .` would, which the projects that are packages ask for.
    paths = [str(folder / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PLOOMBER_STATS_ENABLED": "false", "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "cauce", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )


def try_example(example: Example, checkout: Path, *, build: bool) -> Row:
    """What happens to a copy of one example."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve() / Path(example.folder).name
        shutil.copytree(checkout / example.folder, folder)
        # As a checkout is: some projects ask git what they are.
        if example.git:
            for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "Example")):
                subprocess.run([*GIT, *command], cwd=folder, check=True)
        for where, program, *arguments in example.prepare:
            program = sys.executable if program == "python" else program
            subprocess.run([program, *arguments], cwd=folder / where, check=True, capture_output=True)
        return _tried(example, folder, build=build and not example.offline)


def _tried(example: Example, folder: Path, *, build: bool) -> Row:
    arguments = ("-e", example.entry, *example.options)
    surprises: list[str] = []
    looked = cauce(folder, "status", "--json", *arguments)
    if '"unevaluated":true' in looked.stdout.replace(" ", ""):
        cauce(folder, "evaluate", *arguments)
        looked = cauce(folder, "status", "--json", *arguments)
    seen = json.loads(looked.stdout or "{}")
    if "tasks" not in seen:
        return Row(example.label, "", "no", "", "", "", (looked.stdout.strip() or looked.stderr.strip(),))
    errors = {problem["code"] for problem in seen["problems"] if problem["severity"] == "error"}
    for problem in seen["problems"]:
        where = problem["where"] or {}
        print(
            f"{example.label}: {problem['severity']} [{problem['code']}] {where.get('path', '')}:"
            f"{where.get('line', '')} {problem['message']} {problem['hint']}",
            file=sys.stderr,
        )
    if errors != set(example.errors):
        surprises.append(f"errors {sorted(errors)}, expected {sorted(example.errors)}")
    tasks = str(len(seen["tasks"]))
    loads = f"yes, with the error `{', '.join(sorted(errors))}`" if errors else "yes"
    if not build:
        builds = f"not tried: {example.offline}" if example.offline else "not tried"
        return Row(example.label, tasks, loads, builds, "", example.remark, tuple(surprises))
    first = _outcomes(folder, *arguments, *example.tasks)
    second = _outcomes(folder, *arguments, *example.tasks)
    failed = sorted(task for task, outcome in first.items() if outcome == "failed")
    if failed != sorted(example.fails):
        surprises.append(f"failed {failed}, expected {sorted(example.fails)}")
    if not first:
        surprises.append("nothing ran")
    ran = sorted(second)
    if ran != sorted({*example.again, *example.fails}):
        surprises.append(f"ran again {ran}, expected {sorted(example.again)}")
    counts = Counter(first.values())
    builds = "no" if not first else "yes"
    if failed:
        expected = ", as it must" if failed == sorted(example.fails) else ", unexpectedly"
        builds = f"{counts['ok']} of {len(first)}; `{'`, `'.join(failed)}` fails{expected}"
    if example.tasks:
        builds += f", {len(first)} of {tasks}"
    again = "" if not first else "yes" if not ran else f"no: `{'`, `'.join(ran)}`"
    return Row(example.label, tasks, loads, builds, again, example.remark, tuple(surprises))


def _outcomes(folder: Path, *arguments: str) -> dict[str, str]:
    """How each task ended that a build began."""
    done = cauce(folder, "build", "--json", *arguments)
    if done.stderr.strip():
        print(f"{folder.name}: {done.stderr.strip()[-2000:]}", file=sys.stderr)
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    begun = {event["task"] for event in events if event.get("type") == "task_started"}
    return {
        event["task"]: event["outcome"]
        for event in events
        if event.get("type") == "task_finished" and event["task"] in begun
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Try Ploomber's public example projects.")
    parser.add_argument("projects", type=Path, help="a checkout of the examples")
    parser.add_argument("--tests", type=Path, help="the folder tests/assets of a checkout of Ploomber itself")
    parser.add_argument("--only", default="", help="only those whose folder or entry point contains this")
    parser.add_argument("--look", action="store_true", help="build nothing")
    options = parser.parse_args()
    chosen = [(example, options.projects, not options.look) for example in EXAMPLES]
    if options.tests:
        chosen += [(example, options.tests, False) for example in TESTS]
    rows = []
    print("| pipeline | tasks | loads | builds | second build runs nothing | remarks |")
    print("|---|---|---|---|---|---|")
    for example, checkout, build in chosen:
        if options.only in example.label:
            rows.append(try_example(example, checkout, build=build))
            print(rows[-1], flush=True)
    surprises = [f"{row.label}: {surprise}" for row in rows for surprise in row.surprises]
    for surprise in surprises:
        print(f"NOT AS EXPECTED {surprise}", file=sys.stderr)
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
