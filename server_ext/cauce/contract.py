"""The REST contract: every reply, request body and event, written once.

The browser (``src/contract.ts``, generated through ``openapi.py``), the command line
(``--json``) and the server speak in these structures and in no others. Names are
snake_case here and camelCase on the wire. This module imports nothing of ours.

Two questions, two types: `Freshness` answers "is it current?", `Activity` answers
"what is it doing now?". `Attempt` tells what happened the last time.

Paths are POSIX. Those of a task (source, products, problems) are relative to the
project root; `Snapshot.root` says where that is for whoever asked: relative to the
server's root in the browser, absolute on the command line. Times are seconds since
the epoch (UTC), durations are seconds.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

__all__ = [
    "ActiveBuild",
    "ActiveBuildList",
    "Activity",
    "Attempt",
    "Build",
    "BuildEvent",
    "BuildPlan",
    "CellError",
    "Changed",
    "CheckRequest",
    "CleanRequest",
    "Cleaned",
    "Column",
    "Created",
    "Edge",
    "ErrorBody",
    "Estimate",
    "FileEdit",
    "FilledCell",
    "Freshness",
    "Holder",
    "Input",
    "LogChunk",
    "MetricChange",
    "Mistake",
    "Mistakes",
    "NewPipeline",
    "NewTask",
    "Opened",
    "Piece",
    "Pipeline",
    "PipelineList",
    "PlannedTask",
    "Preview",
    "PreviewRequest",
    "Problem",
    "Problems",
    "Product",
    "ProductChange",
    "ProfileChoice",
    "Profiles",
    "Progress",
    "ProvedTask",
    "ProvedValue",
    "Reason",
    "ReasonHow",
    "Result",
    "RevisionEvent",
    "Run",
    "RunAttempt",
    "RunComparison",
    "RunDetail",
    "RunFinished",
    "RunList",
    "RunRequest",
    "RunStarted",
    "ShowRequest",
    "Snapshot",
    "Split",
    "SplitApplied",
    "SplitApply",
    "SplitCell",
    "SplitChange",
    "SplitDefinition",
    "SplitEdge",
    "SplitFile",
    "SplitJob",
    "SplitLevel",
    "SplitProduct",
    "SplitProof",
    "SplitProposal",
    "SplitRemark",
    "SplitRequest",
    "SplitRun",
    "SplitTask",
    "SplitVariable",
    "Task",
    "TaskComparison",
    "TaskDetail",
    "TaskFinished",
    "TaskKind",
    "TaskProgress",
    "TaskRef",
    "TaskRemoval",
    "TaskRename",
    "TaskRetry",
    "TaskStarted",
    "TaskUnchanged",
    "UndoRequest",
    "UpstreamChange",
    "ValueChange",
    "Where",
]


class Contract(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of every structure on the wire: immutable, named fields, unknown fields refused.

    `frozen` and `kw_only` stand on each class again: type checkers do not inherit them.
    """


# --- What is wrong, and where -------------------------------------------------------------


class Where(Contract, frozen=True, kw_only=True):
    """A place in a text file. Line and column count from 1; None where unknown."""

    path: str
    line: int | None = None
    column: int | None = None


class Problem(Contract, frozen=True, kw_only=True):
    """Something in the project that the user should mend (or know of)."""

    code: str
    message: str
    severity: Literal["error", "warning"]
    hint: str = ""
    where: Where | None = None
    task: str | None = None
    """The task concerned, '#2' for a second entry without a name; None when the whole pipeline is."""


class ErrorBody(Contract, frozen=True, kw_only=True):
    """The body of every 4xx and 5xx reply. Never holds a traceback."""

    code: str
    message: str
    hint: str = ""
    where: Where | None = None
    holder: Holder | None = None
    """With 409: who is building this project now."""


class Holder(Contract, frozen=True, kw_only=True):
    """Who holds the project's build lock."""

    run: str
    pid: int
    host: str
    user: str
    since: float


# --- Is it current? -----------------------------------------------------------------------

ReasonKind = Literal[
    "never_run",
    "code_changed",
    "module_changed",
    "params_changed",
    "resource_changed",
    "options_changed",
    "upstream_changed",
    "upstream_stale",
    "product_missing",
    "product_changed",
    "last_run_failed",
]


ReasonHow = Literal[
    "changed",
    "added",
    "removed",
    "computed",
    "filled_in",
    "pickled",
    "running",
    "failed",
    "cancelled",
    "crashed",
    "stopped",
]


class Reason(Contract, frozen=True, kw_only=True):
    """One reason why a task is stale: in English, and by what it takes to say it in another language."""

    kind: ReasonKind
    message: str
    subject: str = ""
    """The upstream task, product path, module path or parameter concerned; '' for none."""
    how: ReasonHow = "changed"
    """In which of the ways of its kind. computed: a parameter that only running code can tell; filled_in: what the
    injected cell says; pickled: a module whose objects `task` may have pickled; the rest: how the last run ended."""
    before: str | None = None
    """The value then, shortened, as a Python literal; None where there was none."""
    after: str | None = None
    """The value now; None where there is none."""
    task: str = ""
    """The upstream task that made what the subject is used for, if that is another."""


class Freshness(Contract, frozen=True, kw_only=True):
    """Is the task current? `unknown` when problems keep us from telling."""

    state: Literal["fresh", "stale", "unknown"]
    reasons: tuple[Reason, ...] = ()


# --- What is it doing, and what happened last time ----------------------------------------


class Progress(Contract, frozen=True, kw_only=True):
    """Code cells finished, of all code cells."""

    done: int
    total: int


class Activity(Contract, frozen=True, kw_only=True):
    """What the task is doing in the active run; `idle` when in none, or already through."""

    state: Literal["idle", "waiting", "running"]
    run: str | None = None
    started: float | None = None
    progress: Progress | None = None
    retry: str = ""
    """While it waits to be tried again: which attempt comes next, and why. '' when it does not wait."""


class CellError(Contract, frozen=True, kw_only=True):
    """The error that ended a notebook task. All fields are plain text, to be shown as text."""

    name: str
    """Exception class, or the kind of death ('kernel died')."""
    message: str
    traceback: str = ""
    """As the kernel wrote it; may contain ANSI colour sequences."""
    cell: int | None = None
    """Index of the failing cell in the executed notebook, from 0, Markdown cells included."""
    number: int | None = None
    """What the executed notebook shows beside that cell, as in ``In [4]``; None when it shows nothing."""
    line: int | None = None
    """Line within that cell, from 1."""
    where: Where | None = None
    """The failing line in the task's source file, where it could be found."""
    notebook: str | None = None
    """The partial notebook, relative to the project root."""


Outcome = Literal["ok", "failed", "cancelled", "crashed", "stopped", "skipped"]
"""`stopped`: the task's own code asked the whole build to end early, in good order."""


class Attempt(Contract, frozen=True, kw_only=True):
    """One try at one task."""

    run: str
    outcome: Literal["running", "ok", "failed", "cancelled", "crashed", "stopped", "skipped"]
    started: float
    ended: float | None = None
    cause: str = ""
    """Why it ended as it did, in one line; '' for ok."""
    error: CellError | None = None


TaskKind = Literal["notebook", "script", "function", "sql", "dump", "shell"]
"""What runs a task. `script`: as a script, without a notebook of its run; `dump`: a query's result as a file."""


class Product(Contract, frozen=True, kw_only=True):
    """Something that a task declares to make."""

    key: str
    """'' for a task with a single unnamed product."""
    kind: Literal["file", "table", "view"] = "file"
    path: str
    """Of a table or view its name, with the schema if it has one."""
    exists: bool
    """Of a table or view: whether the last run has made it. Databases are not opened to look."""
    notebook: bool
    """Is it the executed notebook of this task?"""
    size: int | None = None
    modified: float | None = None


class Task(Contract, frozen=True, kw_only=True):
    """One node of the graph."""

    name: str
    kind: TaskKind
    source: str
    """A path; of a function its dotted path."""
    where: Where
    """Where pipeline.yaml declares it."""
    definition: Where | None = None
    """Where its code is: the source file, or the line at which a function begins. None outside of the project."""
    notebook_path: str | None = None
    """Of a function: the path at which it opens as a notebook, relative to `root`. No file is there."""
    upstream: tuple[str, ...]
    products: tuple[Product, ...]
    freshness: Freshness
    activity: Activity
    given: str
    """A word that becomes another when the task is given other parameters, inputs or products."""
    sound: bool
    """False when the task itself has errors; see the snapshot's problems."""
    buildable: bool
    """False while problems of the task, of what it needs or of the whole file forbid running it."""
    computed: tuple[str, ...] = ()
    """Parameters whose value a function gives when the pipeline is built; what is shown is the last value."""
    last_attempt: Attempt | None = None
    last_ok: float | None = None
    """When the task last succeeded."""
    last_duration: float | None = None
    """How long that success took."""


class Edge(Contract, frozen=True, kw_only=True):
    """`target` uses the products of `source`."""

    source: str
    target: str


class Run(Contract, frozen=True, kw_only=True):
    """One build. `tasks` maps each task that it planned to what became of it."""

    id: str
    state: Literal["running", "ok", "failed", "cancelled", "crashed"]
    started: float
    ended: float | None
    tasks: dict[
        str, Literal["waiting", "running", "ok", "failed", "cancelled", "crashed", "stopped", "skipped", "unchanged"]
    ]
    host: str
    user: str
    message: str
    """One line for a human: 'Everything is up to date', '3 ran, 1 failed, 2 skipped'."""
    action: Literal["build", "mark", "evaluate"] | None
    """What it is for; None where that is not known."""


class Snapshot(Contract, frozen=True, kw_only=True):
    """A pipeline, whole. Revisions of one pipeline only grow; equal revision, equal content."""

    pipeline: str
    name: str
    root: str
    revision: int
    tasks: tuple[Task, ...]
    """In build order: stable, upstream first, ties in the order of pipeline.yaml."""
    edges: tuple[Edge, ...]
    problems: tuple[Problem, ...]
    run: Run | None
    """The active run, else the last one."""
    holder: Holder | None = None
    """Who builds this project now: another pipeline's run counts too."""
    files: tuple[str, ...] = ()
    """What the tasks are made of beside their sources, relative to the project root: the pipeline file, env
    files, modules that tasks load."""
    evaluable: bool = False
    """Is there anything that only running code can tell: a factory's tasks, parameters that functions give?"""
    profile: str = ""
    """The NAME of the env.NAME.yaml whose values are used; '' for env.yaml."""
    profiles: tuple[str, ...] = ()
    """What can be chosen; empty when there is nothing to choose."""
    unevaluated: bool = False
    """The tasks are made by code that was never run: ask for a run with action `evaluate` to see them."""


class Pipeline(Contract, frozen=True, kw_only=True):
    """A pipeline file below the server's root."""

    path: str
    name: str


class PipelineList(Contract, frozen=True, kw_only=True):
    """What was found; `truncated` when the search stopped at its limit."""

    pipelines: tuple[Pipeline, ...]
    truncated: bool


class TaskDetail(Contract, frozen=True, kw_only=True):
    """What the panel shows of one task beyond the snapshot."""

    pipeline: str
    task: str
    revision: int
    diff: str
    """Unified diff of the code cells since the last success; '' when equal or never run."""
    params: dict[str, str]
    """Parameter name → value as a Python literal."""
    params_before: dict[str, str] | None
    """The same as they were at the last success; None when there was none."""
    attempts: tuple[Attempt, ...]
    """Newest first, at most 20."""
    notebooks: dict[str, str]
    """Run → the path at which the task's executed notebook of that run opens, relative to `Snapshot.root`."""


class RunList(Contract, frozen=True, kw_only=True):
    """Newest first; `more` when there are older ones."""

    runs: tuple[Run, ...]
    durations: dict[str, dict[str, float]]
    """Run → task → seconds from its first attempt to the end of its last; without tasks that did not run."""
    more: bool


class RunAttempt(Contract, frozen=True, kw_only=True):
    """One try at one task in a run."""

    task: str
    number: int
    """Which try in this run, from 1."""
    outcome: Literal["running", "ok", "failed", "cancelled", "crashed", "stopped"]
    started: float
    ended: float | None
    cause: str
    upstream: tuple[str, ...]
    """The tasks whose products it was given."""


class RunDetail(Contract, frozen=True, kw_only=True):
    """One run, as it went."""

    run: Run
    request: RunRequest | None
    """What it was asked to do; None where that is not known."""
    attempts: tuple[RunAttempt, ...]
    """In the order in which they began."""
    notebooks: dict[str, str]
    """Task → the path at which its executed notebook of this run opens, relative to `Snapshot.root`."""


class Result(Contract, frozen=True, kw_only=True):
    """What a task had come to when a run had ended: by that run, or by one before it."""

    run: str
    """The run that made it."""
    outcome: Literal["running", "ok", "failed", "cancelled", "crashed", "stopped"]
    started: float
    ended: float | None
    notebook: str | None = None
    """The path at which the executed notebook opens, relative to `Snapshot.root`; None where none was kept."""
    notebook_file: str | None = None
    """Where that is on the disk, relative to `Snapshot.root`, for programs that compare files."""


class ValueChange(Contract, frozen=True, kw_only=True):
    """A value by its name, as it was and as it is; None where there is none."""

    name: str
    before: str | None
    after: str | None


class MetricChange(Contract, frozen=True, kw_only=True):
    """A number in a JSON product, by the keys that lead to it; None where there is none."""

    path: str
    name: str
    before: float | None
    after: float | None


class ProductChange(Contract, frozen=True, kw_only=True):
    """A product of two runs, by its content."""

    path: str
    change: Literal["same", "changed", "added", "removed"]
    before: int | None
    """Its size then; None for a table or view, and where there is none."""
    after: int | None


ChangeKind = Literal["outcome", "code", "params", "modules", "resources", "options", "upstream", "metrics", "products"]


class TaskComparison(Contract, frozen=True, kw_only=True):
    """One task, as one run left it and as another did."""

    task: str
    before: Result | None
    """None where nothing is known of it."""
    after: Result | None
    changes: tuple[ChangeKind, ...]
    """What differs. That an executed notebook does is not counted: it tells its times."""
    code: str
    """Unified diff of its code; '' when equal."""
    code_left_out: bool
    """There were too many changes of code to tell all of them."""
    params: tuple[ValueChange, ...]
    """Parameters that differ, as Python literals."""
    options: tuple[ValueChange, ...]
    """What else counts and differs, such as the paths of products."""
    modules: tuple[str, ...]
    """Paths of modules that it loads, and that differ."""
    resources: tuple[str, ...]
    upstream: tuple[str, ...]
    """Tasks of which it was given something else."""
    metrics: tuple[MetricChange, ...]
    """All that are known, also those that are equal."""
    products: tuple[ProductChange, ...]


class RunComparison(Contract, frozen=True, kw_only=True):
    """Two runs, and what came of each task."""

    before: Run
    after: Run
    tasks: tuple[TaskComparison, ...]
    """In build order, as far as the newer run says, then by name; only those that differ, or were run anew."""


class RunRequest(Contract, frozen=True, kw_only=True):
    """Body of ``POST …/runs``. The defaults build whatever is stale."""

    action: Literal["build", "mark", "evaluate"] = "build"
    """mark: take stale tasks whose products exist for current, without running them; evaluate: only compute
    what running code alone can tell (a factory's tasks, parameters that functions give)."""
    tasks: tuple[str, ...] = ()
    """Tasks to build; empty for all."""
    mode: Literal["up_to", "from", "only"] = "up_to"
    """up_to: the tasks and what they need; from: the tasks and what depends on them; only: just them."""
    force: bool = False
    """Run the named tasks (all, when none are named) though they are fresh."""
    jobs: Annotated[int, Meta(ge=1, le=64)] | None = None
    fail_fast: bool = False


class Build(Contract, frozen=True, kw_only=True):
    """Reply to ``POST …/runs``: the run that was started."""

    run: str


class PlannedTask(Contract, frozen=True, kw_only=True):
    """A task that a build would come to, and why."""

    name: str
    verdict: Literal["run", "maybe"]
    """maybe: only if one of `after` makes something else than the last time."""
    forced: bool
    """Asked for, however current it is."""
    reasons: tuple[Reason, ...]
    """Why it is stale as it stands; none for a task that is current, and only comes after others."""
    after: tuple[str, ...]
    """What it uses of the other tasks of the plan."""
    duration: float | None
    """How long its last success took."""


class Estimate(Contract, frozen=True, kw_only=True):
    """How long a build would take, by how long its tasks took the last time."""

    least: float
    """Where no task has to run that only may."""
    most: float
    """Where all of them have to."""
    unknown: int
    """Tasks that have never succeeded: they are expected to take as long as others usually do."""


class BuildPlan(Contract, frozen=True, kw_only=True):
    """What a build would do, if all went well: reply to ``POST …/plan``."""

    pipeline: str
    root: str
    """The project root, as in `Snapshot`."""
    tasks: tuple[PlannedTask, ...]
    """In build order."""
    fresh: tuple[str, ...]
    """What was asked for too, but is current and stays so."""
    caveats: tuple[Literal["evaluation", "tables"], ...]
    """What looking cannot tell, and a build finds out first. evaluation: values that functions give, tasks that
    a factory makes; tables: whether what was made in a database is still there."""
    jobs: int
    """Tasks at a time."""
    estimate: Estimate | None
    """None where nothing is to be done, or no task has ever succeeded."""
    command: str
    """What does the same in a terminal, in the project's root."""


class ActiveBuild(Contract, frozen=True, kw_only=True):
    """A build that is going on somewhere below the server's root, whoever started it."""

    pipeline: str
    name: str
    run: str
    started: float
    done: int
    """Tasks that are through, of `total`."""
    total: int
    failed: int
    host: str
    user: str


class ActiveBuildList(Contract, frozen=True, kw_only=True):
    """Oldest first."""

    builds: tuple[ActiveBuild, ...]


class CheckRequest(Contract, frozen=True, kw_only=True):
    """Body of ``POST check``: a pipeline file or env.yaml as it stands in an editor, saved or not."""

    path: str
    """The file, relative to the server's root."""
    text: str


class Problems(Contract, frozen=True, kw_only=True):
    """What is wrong with a text; only places in that very file have a `where`."""

    problems: tuple[Problem, ...]


class Mistake(Contract, frozen=True, kw_only=True):
    """Something in a notebook or script that fails when it runs, or may; found by looking."""

    code: str
    message: str
    severity: Literal["error", "warning"]
    """error: it fails for sure."""
    hint: str
    path: str
    """The file, as it was named."""
    cell: int | None
    """Among all cells, from 0; None for what has lines of its own."""
    line: int
    """From 1: within the cell; of the file where `cell` is None."""
    column: int
    """From 1."""


class Mistakes(Contract, frozen=True, kw_only=True):
    """What ``cauce nb lint --json`` prints."""

    mistakes: tuple[Mistake, ...]


class FilledCell(Contract, frozen=True, kw_only=True):
    """A cell that an open notebook has and its file has not: it says what the pipeline gives the task."""

    source: str
    digest: str
    """Goes into the cell's mark: a marked cell with another source is taken for the user's own."""


class Input(Contract, frozen=True, kw_only=True):
    """Something that upstream made, as the task's code finds it."""

    keys: tuple[str, ...]
    """The way to it inside of `upstream`."""
    value: str
    """What is there: a path as the task's working directory sees it, or the name of a table."""


class TaskRef(Contract, frozen=True, kw_only=True):
    """A task of some pipeline."""

    pipeline: str
    """The pipeline file, relative to the server's root."""
    task: str


class Opened(Contract, frozen=True, kw_only=True):
    """What a document shows beyond its file when it is opened as a task's notebook now."""

    pipeline: str
    root: str
    task: str
    """The task whose values are filled in."""
    language: str
    choices: tuple[TaskRef, ...]
    """The tasks whose source it is, the shown one included."""
    cells: tuple[FilledCell, ...]
    """In the order in which they stand."""
    inputs: tuple[Input, ...]
    trouble: str = ""
    """Why nothing is filled in; '' when it is."""


class ShowRequest(Contract, frozen=True, kw_only=True):
    """Body of ``PUT opened``: of the tasks that share a source, the one whose values to fill in."""

    path: str
    """The document, relative to the server's root."""
    pipeline: str
    task: str


class UpstreamChange(Contract, frozen=True, kw_only=True):
    """Body of ``PUT …/upstream``: names to add to, and to remove from, what a task needs."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    dry_run: bool = False
    """Only say what would be written."""


class NewTask(Contract, frozen=True, kw_only=True):
    """Body of ``POST …/tasks``: one more task. Its source is created where there is none."""

    source: str
    """A path relative to the project root, or the dotted path of a function."""
    name: str = ""
    """'' for the name that the source gives it."""
    products: dict[str, str] = {}
    """Key → path (of SQL: the name of a table); '' as the only key for one without. Empty for a proposal."""
    upstream: tuple[str, ...] = ()
    """Tasks that it is to need."""
    after: str = ""
    """The task behind which it is written in the pipeline file; '' for the end."""
    client: str = ""
    """Of SQL: what gives the database, such as ``sqlite:///data.db``; '' for what the pipeline says."""
    dry_run: bool = False
    """Only say what would be written."""


class TaskRename(Contract, frozen=True, kw_only=True):
    """Body of ``POST …/tasks/{name}/rename``: another name, for those that need it, too. Its history moves along."""

    name: str
    dry_run: bool = False


class TaskRemoval(Contract, frozen=True, kw_only=True):
    """Body of ``POST …/tasks/{name}/remove``: the pipeline no longer has the task. What it made stays."""

    detach: bool = False
    """Have the tasks that need it no longer say so; else they forbid it."""
    trash: bool = False
    """Move its source to the trash, if no other task has it."""
    dry_run: bool = False


class NewPipeline(Contract, frozen=True, kw_only=True):
    """Body of ``POST create``: a pipeline file whose tasks are these scripts and notebooks."""

    path: str
    """The file to write, relative to the server's root. Its folder becomes the project."""
    files: tuple[str, ...]
    """Relative to the server's root."""
    dry_run: bool = False


class FileEdit(Contract, frozen=True, kw_only=True):
    """What becomes of one file."""

    path: str
    """Relative to the project root."""
    kind: Literal["created", "edited", "removed"]
    diff: str
    """Unified."""


class Changed(Contract, frozen=True, kw_only=True):
    """What was written, or would be."""

    files: tuple[FileEdit, ...]
    """Empty when nothing had to change."""
    said: tuple[str, ...] = ()
    """What that means, and what is left to do by hand: sentences."""
    problems: tuple[Problem, ...] = ()
    """What is to be mended afterwards and was not before."""
    task: str = ""
    """The task that it was about, by its name now; '' for none."""
    source: str = ""
    """Where its code is, relative to the project root; '' for none."""
    undo: str = ""
    """Ask for ``POST …/undo`` with this; '' when it cannot be undone, or was no more than asked about."""


class UndoRequest(Contract, frozen=True, kw_only=True):
    """Body of ``POST …/undo``: take a change back, if none of its files was changed since."""

    undo: str


class Profiles(Contract, frozen=True, kw_only=True):
    """Which files of values a pipeline may have, and which it has."""

    profile: str
    """'' for env.yaml, else the NAME of env.NAME.yaml."""
    profiles: tuple[str, ...]
    fixed: str = ""
    """Why it cannot be chosen here: what decides instead. '' when it can."""


class ProfileChoice(Contract, frozen=True, kw_only=True):
    """Body of ``PUT …/profile``."""

    profile: str


class Created(Contract, frozen=True, kw_only=True):
    """Files that were made, relative to the project root."""

    files: tuple[str, ...]


class CleanRequest(Contract, frozen=True, kw_only=True):
    """Body of ``POST …/clean``: move what tasks have made to the trash."""

    tasks: tuple[str, ...] = ()
    """Whose products; empty for all."""
    force: bool = False
    """Also those that were changed since they were made."""
    dry_run: bool = False
    """Only say what would be moved."""


class Cleaned(Contract, frozen=True, kw_only=True):
    """What was moved to the trash, and what was not, with the reason."""

    moved: tuple[str, ...]
    kept: dict[str, str]


class Column(Contract, frozen=True, kw_only=True):
    """A column of a table. `type` is how the file calls it; '' where it does not say."""

    name: str
    type: str = ""


class Piece(Contract, frozen=True, kw_only=True):
    """Something that a notebook shows. `text` is that of an image in base64."""

    kind: Literal["heading", "text", "image", "error"]
    text: str
    media_type: str = ""
    """Of an image."""


class Preview(Contract, frozen=True, kw_only=True):
    """The beginning of what a product holds.

    `code`: only running code can read it; ask for that by ``POST …/preview``. `none`: it cannot be shown,
    `note` says why. All of it is plain data: nothing in it may be taken for trusted HTML.
    """

    product: str
    kind: Literal["table", "json", "text", "image", "html", "notebook", "folder", "code", "none"]
    text: str = ""
    """Of `json`, `text` and `html` the text, of `image` the file in base64, of `folder` a name a line."""
    media_type: str = ""
    """Of an image."""
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    """The first of a table; None for a value that is missing."""
    total: int | None = None
    """How many rows (of a table) or cells (of a notebook) there are; None where counting would take long."""
    pieces: tuple[Piece, ...] = ()
    """Of a notebook."""
    cut: bool = False
    """Is there more than is shown?"""
    note: str = ""
    """What else there is to say of it."""


class PreviewRequest(Contract, frozen=True, kw_only=True):
    """Body of ``POST …/preview``: read a product by running what its format needs, in a process of its own."""

    product: str
    """Its path, or the name of a table or view, as the snapshot has it."""


class LogChunk(Contract, frozen=True, kw_only=True):
    """A piece of a task's log. Ask again from `next_offset`; `complete` when no more will come."""

    text: str
    offset: int
    next_offset: int
    complete: bool


# --- From one notebook to a pipeline ------------------------------------------------------

SplitFormat = Literal["parquet", "csv", "npy", "json", "joblib", "png", "pickle", "cloudpickle", "dill", "recreate"]
"""How a variable is stored. png: a picture beside a pickle. recreate: not at all, the statements that make it are
repeated where it is used."""


class SplitRequest(Contract, frozen=True, kw_only=True):
    """Body of ``POST split/plan``: how a notebook is to be split. Everything but the notebook may be left to us.

    Sections are told by the number of their first cell, from 0, which renaming does not change; variables of a
    section by 'CELL:NAME', such as '4:df'.
    """

    notebook: str
    """Relative to the server's root; on the command line, to the working folder."""
    level: int | None = None
    """Headings of this level begin sections, 1 to 6; None: of the level that divides it best, 2 where there is one."""
    cuts: tuple[int, ...] | None = None
    """Cells at which sections begin, instead of headings."""
    names: dict[str, str] = {}
    """First cell → name of the task."""
    source_format: Literal["", "py", "ipynb"] = ""
    """Of the tasks; '' for the notebook's own."""
    formats: dict[str, SplitFormat] = {}
    """Variable → how it is stored, where that is not to follow from its type."""
    keys: dict[str, str] = {}
    """Variable → key of its product."""
    df_format: Literal["", "parquet", "csv"] = ""
    """Of tables; '' for parquet where one is known to be a table."""
    serializer: Literal["", "pickle", "cloudpickle", "dill"] = ""
    """Of what has no format of its own; '' for pickle, or cloudpickle where it takes that."""
    edges: tuple[SplitChange, ...] = ()
    """What the user knows better of what crosses the cuts."""
    definitions: dict[str, Literal["module", "parameters", "copied"]] = {}
    """Function or class → where it goes."""
    repeated: dict[str, bool] = {}
    """Cell → whether it is set-up, to be repeated in each task."""
    prefix: str = "output"
    """Folder of the products; may be absolute."""
    folder: str = ""
    """Where the pipeline goes, relative to the notebook's folder."""
    pipeline: str = "pipeline.yaml"
    module: str = "definitions"
    """The module of functions and classes, a name without '.py'."""
    tests: bool = False
    """Write stubs of tests for that module?"""
    single: bool = False
    """No split: the notebook as the one task of a pipeline."""


class SplitChange(Contract, frozen=True, kw_only=True):
    """An edge that the user adds or takes away."""

    target: int
    """First cell of the section that uses the variable."""
    name: str
    """The variable."""
    source: int | None
    """First cell of the section that makes it; None: the target does not take it from anywhere."""


class SplitLevel(Contract, frozen=True, kw_only=True):
    """Headings of one level."""

    level: int
    count: int


class SplitCell(Contract, frozen=True, kw_only=True):
    """A cell of the notebook, as it is shown."""

    number: int
    kind: Literal["code", "markdown", "raw"]
    text: str
    heading: int | None = None
    """The level of its first heading."""


class SplitProduct(Contract, frozen=True, kw_only=True):
    """A variable that a task stores."""

    id: str
    """'CELL:NAME', as the request tells it."""
    key: str
    names: tuple[str, ...]
    """Several: they are one object, or share parts."""
    path: str
    format: SplitFormat
    choices: tuple[SplitFormat, ...]
    """What it can be stored as."""
    type: str
    """'' when not known."""
    summary: str = ""
    size: int | None = None
    """Bytes, roughly; None when it was not traced."""
    evidence: Literal["static", "traced", "user"]
    trouble: str = ""
    """Why no file can hold it."""


class SplitTask(Contract, frozen=True, kw_only=True):
    """A section as a task."""

    name: str
    title: str
    first: int
    """The section's first cell."""
    end: int
    """The cell after its last."""
    source: str
    """Relative to the pipeline's folder."""
    upstream: tuple[str, ...]
    products: tuple[SplitProduct, ...]
    files: tuple[str, ...] = ()
    """What its code writes by itself, and is a product then."""
    repeated: tuple[str, ...] = ()
    """Code of other sections that stands at its top: set-up, definitions. Imports are left out."""


class SplitVariable(Contract, frozen=True, kw_only=True):
    """What crosses a cut."""

    id: str
    """Of the product, as in `SplitProduct`; '' for a file."""
    name: str
    """The variable, or the file's path."""
    evidence: Literal["static", "traced", "user"]


class SplitEdge(Contract, frozen=True, kw_only=True):
    """`target` uses what `source` makes."""

    source: str
    target: str
    variables: tuple[SplitVariable, ...]


class SplitDefinition(Contract, frozen=True, kw_only=True):
    """A function or class of the notebook."""

    name: str
    cell: int
    goes: Literal["module", "parameters", "copied"]
    """module: into a module that tasks import from. parameters: there, too, with the names that it reads as further
    parameters. copied: into each task that uses it."""
    choices: tuple[Literal["module", "parameters", "copied"], ...]
    why: str = ""
    parameters: tuple[str, ...] = ()


class SplitProposal(Contract, frozen=True, kw_only=True):
    """A way out: what to ask for instead. What is None or empty stays as it was asked for."""

    message: str
    level: int | None = None
    cuts: tuple[int, ...] | None = None
    formats: dict[str, SplitFormat] = {}
    definitions: dict[str, Literal["module", "parameters", "copied"]] = {}
    repeated: dict[str, bool] = {}
    single: bool = False
    trace: bool = False
    """Run the notebook to find out."""
    folder: str = ""
    pipeline: str = ""


class SplitRemark(Contract, frozen=True, kw_only=True):
    """What the user should know. An error keeps the plan from being applied."""

    code: str
    severity: Literal["error", "warning", "note"]
    message: str
    hint: str = ""
    cell: int | None = None
    line: int | None = None
    """Within the cell, from 1."""
    names: tuple[str, ...] = ()
    proposals: tuple[SplitProposal, ...] = ()


class SplitFile(Contract, frozen=True, kw_only=True):
    """What becomes of one file."""

    path: str
    """Relative to the pipeline's folder."""
    kind: Literal["created", "edited", "same", "kept"]
    """same: it is there already, as it would be written. kept: it is there with something else, and stays."""
    text: str
    """As it would be: whole, shortened when it is long."""
    diff: str = ""
    """Unified; of what is edited."""


class Split(Contract, frozen=True, kw_only=True):
    """A pipeline that a notebook would become. Nothing is written yet."""

    notebook: str
    digest: str
    """Of the notebook's file: what is applied has to be of the same."""
    pipeline: str
    """The pipeline file, as the server names it: relative to its root."""
    levels: tuple[SplitLevel, ...]
    level: int | None
    """The level that sections were made by; None when by cuts, or not at all."""
    cuts: tuple[int, ...]
    cells: tuple[SplitCell, ...]
    tasks: tuple[SplitTask, ...]
    """In the order of the notebook."""
    edges: tuple[SplitEdge, ...]
    definitions: tuple[SplitDefinition, ...] = ()
    files: tuple[SplitFile, ...]
    remarks: tuple[SplitRemark, ...]
    traced: bool
    """Is there a trace of this very code?"""
    applicable: bool
    """False while a remark is an error."""


class SplitApply(Contract, frozen=True, kw_only=True):
    """Body of ``POST split/apply``."""

    request: SplitRequest
    digest: str
    """The plan's: 409 when the notebook has changed since."""


class SplitApplied(Contract, frozen=True, kw_only=True):
    """It was written."""

    pipeline: str
    """The pipeline file, as the server names it."""
    changed: Changed
    """With what takes it back."""


class SplitJob(Contract, frozen=True, kw_only=True):
    """Body of ``POST split/trace`` and ``POST split/proof``: run a notebook; run what became of it, and compare."""

    notebook: str
    pipeline: str = ""
    """Of a proof: the pipeline file."""


class SplitRun(Contract, frozen=True, kw_only=True):
    """How far a trace has come, or a proof."""

    state: Literal["none", "running", "done", "failed", "cancelled"]
    cell: int | None = None
    """The cell that is running, or that failed."""
    done: int = 0
    total: int = 0
    """Of a trace code cells, of a proof tasks."""
    message: str = ""
    """Why it failed; else what it found, in a sentence."""
    proof: SplitProof | None = None


class ProvedValue(Contract, frozen=True, kw_only=True):
    """A variable that is not what it was in the notebook."""

    name: str
    expected: str
    """In the notebook: type and a short word of the value."""
    found: str
    """'' when there is none."""


class ProvedTask(Contract, frozen=True, kw_only=True):
    """One task beside its section of the notebook."""

    task: str
    state: Literal["same", "differs", "failed", "unknown"]
    compared: int
    """Variables that could be compared, and were."""
    differs: tuple[ProvedValue, ...] = ()
    uncompared: tuple[str, ...] = ()
    """Variables whose content cannot be compared."""
    message: str = ""


class SplitProof(Contract, frozen=True, kw_only=True):
    """Does the pipeline compute what the notebook does?"""

    same: bool
    message: str
    """'It behaves the same: …', or what differs."""
    tasks: tuple[ProvedTask, ...]


# --- Events -------------------------------------------------------------------------------


class RunStarted(Contract, frozen=True, kw_only=True, tag="run_started"):
    """First line of a build that holds the lock. `tasks` are those it may run, in build order."""

    run: str
    pipeline: str
    time: float
    tasks: tuple[str, ...]


class TaskStarted(Contract, frozen=True, kw_only=True, tag="task_started"):
    """The task was claimed; its kernel is starting."""

    run: str
    task: str
    time: float
    reasons: tuple[Reason, ...]
    attempt: int = 1
    """Which try in this run, from 1."""


class TaskRetry(Contract, frozen=True, kw_only=True, tag="task_retry"):
    """An attempt did not succeed, and the task is tried again: it has not ended, and `task_started` comes next.

    Should the run be cancelled before, `task_finished` comes with how this attempt ended.
    """

    run: str
    task: str
    time: float
    attempt: int
    """The one to come, of `attempts`."""
    attempts: int
    delay: float
    """Seconds until then; longer where no place is free."""
    outcome: Literal["failed", "crashed"]
    cause: str
    error: CellError


class TaskProgress(Contract, frozen=True, kw_only=True, tag="task_progress"):
    """A code cell finished."""

    run: str
    task: str
    time: float
    progress: Progress


class TaskFinished(Contract, frozen=True, kw_only=True, tag="task_finished"):
    """The task ended."""

    run: str
    task: str
    time: float
    outcome: Outcome
    duration: float
    """Of all its attempts in this run, with the time between them."""
    cause: str = ""
    error: CellError | None = None


class TaskUnchanged(Contract, frozen=True, kw_only=True, tag="task_unchanged"):
    """It looked stale for its upstream alone, which turned out to make the same bytes: not run."""

    run: str
    task: str
    time: float


class RunFinished(Contract, frozen=True, kw_only=True, tag="run_finished"):
    """Last line of a build."""

    run: str
    time: float
    state: Literal["ok", "failed", "cancelled", "crashed"]
    message: str


class RunRefused(Contract, frozen=True, kw_only=True, tag="run_refused"):
    """The only line of a build that could not start: locked, or the pipeline has errors."""

    error: ErrorBody
    problems: tuple[Problem, ...] = ()


BuildEvent = (
    RunStarted | TaskStarted | TaskRetry | TaskProgress | TaskFinished | TaskUnchanged | RunFinished | RunRefused
)
"""One line of ``cauce build --json``, told apart by `type`."""


class RevisionEvent(Contract, frozen=True, kw_only=True):
    """All that goes over the Jupyter event bus: fetch the snapshot if you care."""

    pipeline: str
    revision: int


def encode(value: Contract) -> bytes:
    """JSON of a structure, in declared field order."""
    return msgspec.json.encode(value)
