"""Every route of the REST API, as data: the one table that the server and its description share.

`cauce.server.routes` answers exactly these, `cauce.openapi` describes exactly these. A
path is relative to ``{base_url}cauce/api/``. ``{path}`` stands for a pipeline file
relative to the server's root, with its slashes left as slashes and each segment
percent-encoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cauce import contract

__all__ = ["EVENT_SCHEMA_ID", "ROUTES", "Method", "Parameter", "Route"]

EVENT_SCHEMA_ID = "https://events.cauce.dev/revision/v1"
"""Under this id a `RevisionEvent` goes over the Jupyter event bus."""

Method = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True)
class Parameter:
    """One variable part of a request: of its path, or of its query."""

    name: str
    kind: Literal["string", "integer"]
    description: str
    required: bool = True


@dataclass(frozen=True)
class Route:
    """One verb on one path. `reply` is None for a reply without a body."""

    method: Method
    path: str
    summary: str
    operation: str
    """A name for the call, unique in the table."""
    status: int
    reply: type[contract.Contract] | Literal["json-schema"] | None
    body: type[contract.Contract] | None = None
    query: tuple[Parameter, ...] = ()
    errors: tuple[int, ...] = (403,)
    """Statuses with an `ErrorBody` that a client should expect here, beside 5xx."""
    permission: Literal["read", "write", "execute"] = "read"
    """`execute`: it starts or stops code; `write`: it changes files of the project."""


PATH_PARAMETERS: dict[str, Parameter] = {
    "path": Parameter("path", "string", "The pipeline file, relative to the server's root; slashes stay slashes."),
    "name": Parameter("name", "string", "A task's name."),
    "id": Parameter("id", "string", "A run's id."),
    "dialect": Parameter("dialect", "string", "`pipeline` for pipeline.yaml, `env` for env.yaml."),
}
"""What the names in braces stand for."""

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="pipelines",
        summary="The pipelines below the server's root.",
        operation="listPipelines",
        status=200,
        reply=contract.PipelineList,
        query=(Parameter("refresh", "integer", "1 searches again instead of answering from memory.", required=False),),
    ),
    Route(
        method="GET",
        path="pipelines/{path}",
        summary="A pipeline as it stands: tasks, edges, problems, the active or last run.",
        operation="getSnapshot",
        status=200,
        reply=contract.Snapshot,
        errors=(403, 404),
    ),
    Route(
        method="GET",
        path="pipelines/{path}/tasks/{name}",
        summary="What the panel shows of one task beyond the snapshot.",
        operation="getTask",
        status=200,
        reply=contract.TaskDetail,
        errors=(403, 404),
    ),
    Route(
        method="PUT",
        path="pipelines/{path}/tasks/{name}/upstream",
        summary="Edit the names that a task needs, in place: in its source, or in the pipeline file.",
        operation="changeUpstream",
        status=200,
        reply=contract.Changed,
        body=contract.UpstreamChange,
        errors=(400, 403, 404, 409, 422),
        permission="write",
    ),
    Route(
        method="GET",
        path="pipelines/{path}/tasks/{name}/preview",
        summary="The beginning of a product, as far as it can be read without running anything.",
        operation="preview",
        status=200,
        reply=contract.Preview,
        query=(Parameter("product", "string", "Its path, as the snapshot has it."),),
        errors=(400, 403, 404),
    ),
    Route(
        method="POST",
        path="pipelines/{path}/tasks/{name}/preview",
        summary="The beginning of a product that only running code can read: parquet, pickles, tables of a database.",
        operation="previewByCode",
        status=200,
        reply=contract.Preview,
        body=contract.PreviewRequest,
        errors=(400, 403, 404),
        permission="execute",
    ),
    Route(
        method="POST",
        path="pipelines/{path}/tasks",
        summary="One more task: its entry in the pipeline file, and its source where there is none.",
        operation="addTask",
        status=200,
        reply=contract.Changed,
        body=contract.NewTask,
        errors=(400, 403, 404, 409, 422),
        permission="write",
    ),
    Route(
        method="POST",
        path="pipelines/{path}/tasks/{name}/rename",
        summary="Call a task otherwise, wherever its name is written; nothing runs again for that.",
        operation="renameTask",
        status=200,
        reply=contract.Changed,
        body=contract.TaskRename,
        errors=(400, 403, 404, 409, 422),
        permission="write",
    ),
    Route(
        method="POST",
        path="pipelines/{path}/tasks/{name}/remove",
        summary="Take a task out of the pipeline file. What it made stays, and its source unless asked.",
        operation="removeTask",
        status=200,
        reply=contract.Changed,
        body=contract.TaskRemoval,
        errors=(400, 403, 404, 409, 422),
        permission="write",
    ),
    Route(
        method="POST",
        path="pipelines/{path}/undo",
        summary="Take back a change that a reply named, if none of its files was changed since.",
        operation="undo",
        status=200,
        reply=contract.Changed,
        body=contract.UndoRequest,
        errors=(400, 403, 404, 409),
        permission="write",
    ),
    Route(
        method="POST",
        path="create",
        summary="Write a pipeline file whose tasks are these scripts and notebooks.",
        operation="createPipeline",
        status=200,
        reply=contract.Changed,
        body=contract.NewPipeline,
        errors=(400, 403, 404, 409, 422),
        permission="write",
    ),
    Route(
        method="POST",
        path="split/plan",
        summary="What a notebook would become as a pipeline: tasks, what goes between them, the text of each file.",
        operation="planSplit",
        status=200,
        reply=contract.Split,
        body=contract.SplitRequest,
        errors=(400, 403, 404),
    ),
    Route(
        method="POST",
        path="split/apply",
        summary="Write that pipeline, whole or not at all. The notebook stays as it is.",
        operation="applySplit",
        status=200,
        reply=contract.SplitApplied,
        body=contract.SplitApply,
        errors=(400, 403, 404, 409, 422),
        permission="write",
    ),
    Route(
        method="GET",
        path="pipelines/{path}/profile",
        summary="The files of values that the pipeline may have, and the one that it has.",
        operation="getProfile",
        status=200,
        reply=contract.Profiles,
        errors=(403, 404),
    ),
    Route(
        method="PUT",
        path="pipelines/{path}/profile",
        summary="Choose the file of values, for all who work in this copy of the project.",
        operation="chooseProfile",
        status=200,
        reply=contract.Profiles,
        body=contract.ProfileChoice,
        errors=(400, 403, 404, 409),
        permission="write",
    ),
    Route(
        method="POST",
        path="pipelines/{path}/scaffold",
        summary="Create the sources that the pipeline names and that do not exist.",
        operation="scaffold",
        status=201,
        reply=contract.Created,
        errors=(403, 404, 422),
        permission="write",
    ),
    Route(
        method="POST",
        path="pipelines/{path}/clean",
        summary="Move to the trash what the last successful runs have made.",
        operation="clean",
        status=200,
        reply=contract.Cleaned,
        body=contract.CleanRequest,
        errors=(400, 403, 404, 409),
        permission="write",
    ),
    Route(
        method="POST",
        path="check",
        summary="What is wrong with the text of a pipeline file or env.yaml, before it is saved.",
        operation="check",
        status=200,
        reply=contract.Problems,
        body=contract.CheckRequest,
        errors=(400, 403),
    ),
    Route(
        method="GET",
        path="opened",
        summary="What a document shows beyond its file when it is opened as a task's notebook.",
        operation="getOpened",
        status=200,
        reply=contract.Opened,
        query=(Parameter("path", "string", "The document, relative to the server's root."),),
        errors=(400, 403, 404),
    ),
    Route(
        method="PUT",
        path="opened",
        summary="Choose, of the tasks that share a source, the one whose values its notebook shows.",
        operation="showTask",
        status=200,
        reply=contract.Opened,
        body=contract.ShowRequest,
        errors=(400, 403, 404),
        permission="write",
    ),
    Route(
        method="GET",
        path="schema/{dialect}",
        summary="The JSON Schema of a dialect's files, for editors.",
        operation="getSchema",
        status=200,
        reply="json-schema",
        errors=(403, 404),
    ),
    Route(
        method="POST",
        path="pipelines/{path}/runs",
        summary="Start a build. 409 tells who builds already; 422 that the pipeline has errors.",
        operation="startRun",
        status=202,
        reply=contract.Build,
        body=contract.RunRequest,
        errors=(400, 403, 404, 409, 422),
        permission="execute",
    ),
    Route(
        method="POST",
        path="pipelines/{path}/plan",
        summary="What a build with that body would do, and why. Nothing is run.",
        operation="plan",
        status=200,
        reply=contract.BuildPlan,
        body=contract.RunRequest,
        errors=(400, 403, 404, 422),
    ),
    Route(
        method="GET",
        path="builds",
        summary="The builds that are going on below the server's root, whoever started them.",
        operation="listActiveBuilds",
        status=200,
        reply=contract.ActiveBuildList,
    ),
    Route(
        method="GET",
        path="pipelines/{path}/runs",
        summary="The last runs, or those before one of them.",
        operation="listRuns",
        status=200,
        reply=contract.RunList,
        query=(
            Parameter("before", "string", "A run's id: those that are older are told.", required=False),
            Parameter("limit", "integer", "How many, from 1 to 200; 50 when it is not given.", required=False),
        ),
        errors=(400, 403, 404),
    ),
    Route(
        method="GET",
        path="pipelines/{path}/runs/{id}",
        summary="One run.",
        operation="getRun",
        status=200,
        reply=contract.Run,
        errors=(403, 404),
    ),
    Route(
        method="GET",
        path="pipelines/{path}/runs/{id}/attempts",
        summary="One run as it went: what it was asked to do, each attempt, the notebooks that were kept.",
        operation="getAttempts",
        status=200,
        reply=contract.RunDetail,
        errors=(403, 404),
    ),
    Route(
        method="GET",
        path="pipelines/{path}/runs/{id}/comparison",
        summary="What the tasks had come to when a run had ended, compared with another run.",
        operation="compareRuns",
        status=200,
        reply=contract.RunComparison,
        query=(Parameter("with", "string", "The run to compare with: what it left is what was before."),),
        errors=(400, 403, 404),
    ),
    Route(
        method="DELETE",
        path="pipelines/{path}/runs/{id}/record",
        summary="Forget a run that has ended: nothing that is fresh becomes stale. 409 while the project is built.",
        operation="forgetRun",
        status=204,
        reply=None,
        errors=(403, 404, 409),
        permission="write",
    ),
    Route(
        method="DELETE",
        path="pipelines/{path}/runs/{id}",
        summary="Ask a run to stop. Harmless when it has ended, or was asked before.",
        operation="cancelRun",
        status=204,
        reply=None,
        errors=(400, 403, 404),
        permission="execute",
    ),
    Route(
        method="GET",
        path="pipelines/{path}/runs/{id}/log",
        summary="A piece of one task's log.",
        operation="getLog",
        status=200,
        reply=contract.LogChunk,
        query=(
            Parameter("task", "string", "The task whose log it is."),
            Parameter(
                "offset",
                "integer",
                "Where to go on, from `nextOffset`; at first 0 for the beginning, or -n for the last n bytes.",
                required=False,
            ),
            Parameter("limit", "integer", "At most so many bytes.", required=False),
        ),
        errors=(400, 403, 404),
    ),
    Route(
        method="POST",
        path="split/trace",
        summary="Run a notebook once, to see what its cells do. While it runs, asking again changes nothing.",
        operation="traceNotebook",
        status=202,
        reply=contract.SplitRun,
        body=contract.SplitJob,
        errors=(400, 403, 404),
        permission="execute",
    ),
    Route(
        method="GET",
        path="split/trace",
        summary="How far that is, or how it ended.",
        operation="getTrace",
        status=200,
        reply=contract.SplitRun,
        query=(Parameter("notebook", "string", "The notebook, relative to the server's root."),),
        errors=(400, 403, 404),
    ),
    Route(
        method="DELETE",
        path="split/trace",
        summary="Ask it to end. Harmless when it has ended, or was never begun.",
        operation="cancelTrace",
        status=204,
        reply=None,
        query=(Parameter("notebook", "string", "The notebook, relative to the server's root."),),
        errors=(400, 403, 404),
        permission="execute",
    ),
    Route(
        method="POST",
        path="split/proof",
        summary="Build a pipeline, and compare its variables with those of the notebook that it was made of.",
        operation="proveSplit",
        status=202,
        reply=contract.SplitRun,
        body=contract.SplitJob,
        errors=(400, 403, 404),
        permission="execute",
    ),
    Route(
        method="GET",
        path="split/proof",
        summary="How far that is, or what it found.",
        operation="getProof",
        status=200,
        reply=contract.SplitRun,
        query=(Parameter("notebook", "string", "The notebook, relative to the server's root."),),
        errors=(400, 403, 404),
    ),
    Route(
        method="DELETE",
        path="split/proof",
        summary="Ask it to end. Harmless when it has ended, or was never begun.",
        operation="cancelProof",
        status=204,
        reply=None,
        query=(Parameter("notebook", "string", "The notebook, relative to the server's root."),),
        errors=(400, 403, 404),
        permission="execute",
    ),
)
