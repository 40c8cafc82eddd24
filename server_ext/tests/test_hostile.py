"""A project made to harm who only looks at it: links, pipes, devices, floods, other people's files.

Looking at it must end, within the project, with an answer in words.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from drawn import Workshop

from cauce.contract import BuildEvent, Holder, Problem, TaskStarted, encode
from cauce.engine.build import Stop
from cauce.engine.errors import NotFound, NotPermitted, PipelineHasErrors, ProjectUnwritable
from cauce.engine.files import MAX_ENTRIES
from cauce.engine.lock import holder_of
from cauce.engine.lookup import SourceIndex
from cauce.engine.parsecache import ParseCache
from cauce.engine.process import record_of
from cauce.engine.project import load
from cauce.engine.spec import entry_of_file
from cauce.engine.store import Store, read_history, state_folder
from cauce.server.workspace import Workspace

Draw = Callable[[str], Workshop]
Reply = TypeVar("Reply")
ENDLESS = Path("/dev/zero")


def pipe(place: Path) -> None:
    os.mkfifo(place)


def device(place: Path) -> None:
    place.symlink_to(ENDLESS)


def folder(place: Path) -> None:
    place.mkdir()


def problem_of(project: Workshop) -> Problem:
    [problem] = project.status().problems
    return problem


# --- Files that never end -------------------------------------------------------------------


@pytest.mark.parametrize("odd", [pipe, device, folder])
def test_what_is_no_file_is_not_read(workshop: Draw, odd: Callable[[Path], None]) -> None:
    project = workshop("load ─► fit")
    project.use("fit", "import helpers")
    project.build()
    for place in (state_folder(project.root) / "lock", state_folder(project.root) / "state.db"):
        place.unlink()
        odd(place)
    odd(project.root / "helpers.py")
    assert holder_of(state_folder(project.root)) is None
    assert project.status().run is None

    project.source("load").unlink()
    odd(project.source("load"))
    codes = {problem.task: problem.code for problem in project.status().problems}
    assert codes == {None: "state_damaged", "load": "path_outside" if odd is device else "source_unreadable"}

    project.path.unlink()
    odd(project.path)
    assert SourceIndex(project.root).sources_in(project.root / "tasks") == frozenset()
    with pytest.raises(NotFound):
        project.status()


def test_what_is_too_large_is_told_and_not_parsed(workshop: Draw) -> None:
    project = workshop("load ─► fit\n plot")
    project.use("fit", "import helpers")
    helpers = project.write("helpers.py", "x = [\n" + "1,\n" * 700_000 + "]\n")
    project.build()
    assert project.fresh == set(project.tasks)
    helpers.write_text(helpers.read_text() + "# a comment counts in what is not parsed\n")
    assert project.why("fit") == ["module_changed helpers.py"]

    project.comment("plot", "1" * 2_000_000)
    problem = problem_of(project)
    assert (problem.code, problem.task) == ("source_too_large", "plot")
    assert "2 MB" in problem.message
    assert "Keep data" in problem.hint
    assert project.build("load").state == "ok"
    with pytest.raises(PipelineHasErrors):
        project.build("plot")

    project.write("pipeline.yaml", project.path.read_text() + "#" * 8_000_000)
    assert problem_of(project).code == "yaml_too_large"


# --- Products elsewhere ---------------------------------------------------------------------


@pytest.mark.parametrize("link", ["out", "out/load.txt"])
def test_a_product_that_a_link_would_put_elsewhere_is_refused(workshop: Draw, link: str) -> None:
    project = workshop("load\n other")
    project.move("other", "more/other.txt")
    project.write("pipeline.yaml", project.path.read_text().replace("out/other.ipynb", "more/other.ipynb"))
    elsewhere = project.root.parent / "elsewhere"
    elsewhere.mkdir()
    (project.root / link).parent.mkdir(exist_ok=True)
    (project.root / link).symlink_to(elsewhere if link == "out" else elsewhere / "precious.txt")

    problems = project.status().problems
    assert {(problem.code, problem.task) for problem in problems} == {("path_outside", "load")}
    assert problems[0].hint
    assert not project.task("load").products[1].exists
    with pytest.raises(PipelineHasErrors):
        project.build("load")
    assert project.build("other").state == "ok"
    assert list(elsewhere.iterdir()) == []


def test_a_link_that_appears_during_the_build_is_not_followed_either(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    project.move("fit", "later/fit.txt")
    elsewhere = project.root.parent / "elsewhere"
    elsewhere.mkdir()

    def put_link(event: BuildEvent, _: Stop) -> None:
        if isinstance(event, TaskStarted) and event.task == "load":
            (project.root / "later").symlink_to(elsewhere)

    built = project.build(when=put_link)
    assert built.ends == {"load": "ok", "fit": "failed"}
    assert "later/fit.txt: it leads out of the project" in built.finished("fit").cause
    assert list(elsewhere.iterdir()) == []


def test_a_folder_as_product(workshop: Draw) -> None:
    project = workshop("load")
    inside = project.write("inside.txt", "1")
    outside = project.root.parent / "outside.txt"
    outside.write_text("1")
    project.write("data/part.txt", "1")
    (project.root / "data/a link in").symlink_to(inside)
    (project.root / "data/a link out").symlink_to(outside)
    (project.root / "data/a loop").symlink_to(project.root / "data")
    text = project.path.read_text()
    project.write("pipeline.yaml", text.replace("text: out/load.txt", "text: out/load.txt\n    data: data"))
    assert project.build().state == "ok"

    outside.write_text("not ours: neither read nor followed")
    assert project.why("load") == []
    inside.write_text("22")
    assert project.why("load") == ["product_changed data"]

    for number in range(MAX_ENTRIES):
        (project.root / f"data/{number}").touch()
    problem = problem_of(project)
    assert (problem.code, problem.severity, problem.task) == ("product_unreadable", "warning", "load")
    assert "more than 100,000 files" in problem.message
    built = project.build()
    assert "data: it holds more than 100,000 files" in built.finished("load").cause


# --- The state of somebody else -------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW attempts AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x AS id, "
        "'r' AS run, 'pipeline.yaml' AS pipeline, 'load' AS task, 'ok' AS outcome, 1.0 AS started, 2.0 AS ended, "
        "'' AS cause, NULL AS error, x'' AS fingerprint, NULL AS process, 0 AS done, 0 AS total FROM c",
        "CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM runs; END",
    ],
)
def test_a_database_with_more_than_tables_is_not_read(workshop: Draw, statement: str) -> None:
    project = workshop("load")
    project.build()
    database = state_folder(project.root) / "state.db"
    with contextlib.closing(sqlite3.connect(database)) as db:
        if "VIEW" in statement:
            db.execute("DROP TABLE attempts")
        db.execute(statement)
        db.commit()
    assert problem_of(project).code == "state_damaged"
    assert project.build().ran == ["load"]
    assert problem_of(project).code == "state_set_aside"


def test_a_store_about_to_be_born_is_not_damaged(workshop: Draw) -> None:
    project = workshop("load")
    project.write(".cauce/state.db", "")
    assert project.status().problems == ()
    assert project.build().state == "ok"
    assert project.build().ran == []


def test_links_in_place_of_the_state_are_not_followed(workshop: Draw) -> None:
    project = workshop("load")
    other = Workshop(project.root.parent / "other", "load")
    project.build()
    theirs = project.root.parent / "theirs"
    state_folder(project.root).rename(theirs)
    before = {path.name: path.read_bytes() for path in theirs.iterdir() if path.is_file()}
    state_folder(other.root).symlink_to(theirs)
    assert problem_of(other).code == "state_linked"
    with pytest.raises(ProjectUnwritable) as refused:
        other.build()
    assert "Remove it" in refused.value.hint

    state_folder(other.root).unlink()
    state_folder(other.root).mkdir()
    (state_folder(other.root) / "state.db").symlink_to(theirs / "state.db")
    (state_folder(other.root) / ".gitignore").symlink_to(theirs / "made")
    assert problem_of(other).code == "state_damaged"
    assert other.build().state == "ok"
    (state_folder(other.root) / "logs").rename(theirs / "logs of ours")
    (state_folder(other.root) / "logs").symlink_to(theirs)
    assert "leads out of the project" in other.build(force=True).finished("load").cause
    assert {path.name: path.read_bytes() for path in theirs.iterdir() if path.is_file()} == before


@contextlib.contextmanager
def without_access(project: Workshop, place: Path) -> Iterator[None]:
    """May read all of the project but that."""
    mode = place.stat().st_mode
    place.chmod(0)
    root = os.geteuid() == 0
    if root:
        project.root.parent.chmod(0o755)
        os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        if root:
            os.setresuid(0, 0, 0)
        place.chmod(mode)


def test_what_belongs_to_another_user_is_said_to(workshop: Draw) -> None:
    project = workshop("load")
    project.build()
    assert project.fresh == {"load"}
    for place in (state_folder(project.root) / "state.db", state_folder(project.root)):
        with without_access(project, place):
            elsewhere, problem = project.status().problems
            assert (elsewhere.code, problem.code) == ("state_elsewhere", "state_denied")
            assert "another user" in problem.message
            assert project.status().run is None
    with without_access(project, project.source("load")):
        [problem] = [problem for problem in project.status().problems if problem.task == "load"]
    assert (problem.code, problem.message) == (
        "source_unreadable",
        "The source tasks/load.py cannot be read: Permission denied.",
    )


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours that is in nobody's way."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        yield process
        process.kill()


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="takes two users, and processes with records")
@pytest.mark.parametrize("foreign", ["state.db", "running.json", "lock", ""])
def test_looking_kills_only_what_we_have_written_down_ourselves(
    workshop: Draw, bystander: subprocess.Popen[bytes], foreign: str
) -> None:
    project = workshop("load")
    project.build()
    folder = state_folder(project.root)
    fingerprint = read_history(folder, "pipeline.yaml").tasks["load"].last.fingerprint
    killed = Store(folder)  # never closed
    killed.begin_run("killed", "pipeline.yaml", ("load",), 1.0, "host", "user")
    attempt = killed.claim("killed", "pipeline.yaml", "load", fingerprint, 1.0)
    process = record_of(bystander.pid)
    assert process is not None
    killed.process(attempt, process)
    if foreign:
        os.chown(folder / foreign, 65534, 65534)
    seen = shown(project.root.parent, lambda server: server.snapshot("project/pipeline.yaml"))
    assert seen.run is not None
    assert seen.run.state == "crashed"
    project.build()
    if foreign:
        assert bystander.poll() is None
    else:
        assert bystander.wait() == -signal.SIGKILL


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="takes two users, and processes with records")
def test_cancelling_ends_no_process_that_somebody_else_has_named(
    workshop: Draw, bystander: subprocess.Popen[bytes]
) -> None:
    project = workshop("load")
    project.build()
    holder = Holder(run="theirs", pid=bystander.pid, host=socket.gethostname(), user="ann", since=1.0)
    lock = state_folder(project.root) / "lock"
    lock.write_bytes(msgspec.json.encode({"holder": holder, "process": record_of(bystander.pid)}))
    os.chown(lock, 65534, 65534)
    with pytest.raises(NotPermitted):
        shown(project.root.parent, lambda server: server.cancel("project/pipeline.yaml", "theirs"))
    assert bystander.poll() is None


# --- Floods ---------------------------------------------------------------------------------


def pipeline(count: int, upstream: Callable[[int], str]) -> str:
    tasks = "".join(
        f"- {{source: s.py, name: task{number}, product: o/{number}.ipynb, upstream: {upstream(number)}}}\n"
        for number in range(count)
    )
    return f"meta: {{extract_upstream: false}}\ntasks:\n{tasks}"


def test_thousands_of_tasks_that_need_what_is_not_there(workshop: Draw) -> None:
    project = workshop("load")
    project.write("s.py", "x = 1\n")
    project.write("pipeline.yaml", pipeline(3000, lambda number: "[]" if number == 2999 else "[tusk1]"))
    problems = project.status().problems
    assert len(problems) == 100
    assert (problems[0].code, problems[0].hint) == ("upstream_unknown", "Did you mean 'task1'?")
    assert "2900 more" in problems[-1].message
    buildable = {task.name for task in project.status().tasks if task.buildable}
    assert buildable == {"task2999"}
    with pytest.raises(PipelineHasErrors) as refused:
        project.build("task2998")
    assert "more problems" in refused.value.message

    project.write("pipeline.yaml", pipeline(3000, lambda number: f"[tusk{number}x]"))
    assert len(project.status().problems) == 100


def test_a_cycle_of_thousands_is_one_problem(workshop: Draw) -> None:
    project = workshop("load")
    project.write("s.py", "x = 1\n")
    project.write("pipeline.yaml", pipeline(3000, lambda number: f"[task{(number + 1) % 3000}]"))
    problem = problem_of(project)
    assert problem.message.count("task") < 20
    assert "3000 tasks" in problem.message
    assert not any(task.buildable or task.sound for task in project.status().tasks)
    with pytest.raises(PipelineHasErrors):
        project.build("task7")


@pytest.mark.parametrize("upstream", [lambda _: "'task*'", lambda number: f"['x{number}*', 'y{number}*']"])
def test_too_many_dependencies(workshop: Draw, upstream: Callable[[int], str]) -> None:
    project = workshop("load")
    project.write("s.py", "x = 1\n")
    project.write("pipeline.yaml", pipeline(2000, upstream))
    snapshot = project.status()
    assert "too_many_dependencies" in {problem.code for problem in snapshot.problems}
    assert len(snapshot.edges) <= 50_000
    assert not any(task.buildable for task in snapshot.tasks)
    assert not project.task("task1999").sound


def test_what_is_no_longer_there_is_not_remembered(workshop: Draw) -> None:
    project = workshop("load ─► fit\n plot")
    cache = ParseCache()
    load(entry_of_file(project.path), cache)
    assert len(cache) == 1 + 3
    for task in ("fit", "plot"):
        del project.tasks[task]
    project.comment("load", "edited")
    project.move("load", "elsewhere/load.txt")
    load(entry_of_file(project.path), cache)
    assert len(cache) == 1 + 1


# --- Names and logs, as the server shows them -----------------------------------------------


def shown(root: Path, ask: Callable[[Workspace], Awaitable[Reply]], *, allow_hidden: bool = False) -> Reply:
    async def go() -> Reply:
        server = Workspace(root, lambda _: None, logging.getLogger(), allow_hidden=allow_hidden)
        try:
            return await ask(server)
        finally:
            await server.close()

    return asyncio.run(go())


def test_a_name_that_is_no_text_hides_no_other_pipeline(workshop: Draw) -> None:
    project = workshop("load")
    for name in (b"caf\xe9", b"pipeline.\xe9.yaml"):
        odd = project.root / os.fsdecode(name)
        if odd.suffix:
            odd.write_text("tasks: []")
        else:
            odd.mkdir()
            (odd / "pipeline.yaml").write_text("tasks: []")
    found = shown(project.root.parent, lambda server: server.pipelines())
    encode(found)
    assert [pipeline.path for pipeline in found.pipelines] == ["project/pipeline.yaml"]


def test_a_hidden_project_keeps_its_name(workshop: Draw) -> None:
    project = workshop("load")
    hidden = project.root.rename(project.root.parent / ".h")
    seen = shown(hidden.parent, lambda server: server.snapshot(".h/pipeline.yaml"), allow_hidden=True)
    assert seen.root == ".h"
    assert shown(hidden, lambda server: server.snapshot("pipeline.yaml")).root == ""


@pytest.mark.parametrize("link", ["0.log", ".", ".."])
def test_a_log_that_is_a_link_shows_nothing_else(workshop: Draw, link: str) -> None:
    project = workshop("load")
    project.build()
    run = project.status().run
    assert run is not None

    def log() -> str:
        return shown(project.root.parent, lambda server: server.log("project/pipeline.yaml", run.id, "load", 0)).text

    elsewhere = project.root.parent / "elsewhere"
    logs = state_folder(project.root) / "logs" / run.id
    assert (logs / "0.log").exists()
    place = {"0.log": logs / "0.log", ".": logs, "..": logs.parent}[link]
    (elsewhere / run.id).mkdir(parents=True)
    for secret in (elsewhere / "0.log", elsewhere / run.id / "0.log"):
        secret.write_text("secret")
    (logs / "0.log").write_text("said")
    assert log() == "said"
    place.rename(project.root / "aside")
    place.symlink_to(elsewhere / "0.log" if link == "0.log" else elsewhere)
    assert log() == ""


def test_a_name_may_be_as_long_as_the_system_allows(workshop: Draw) -> None:
    project = workshop("load")
    name = "数" * 80 + ".ipynb"
    project.write("pipeline.yaml", project.path.read_text().replace("load.ipynb", name))
    assert project.build().state == "ok"
    assert (project.root / "out" / name).exists()
