"""The REST API: each handler finds the workspace, calls it, and answers.

The table of routes is `cauce.rest.ROUTES`; a test holds the two against each other. Every
verb is authenticated *and* authorized; starting or stopping code takes the permission
`execute` on `cauce:runs`, changing files `write` and looking `read` on `cauce:pipelines`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from cauce.contract import (
    CheckRequest,
    CleanRequest,
    Contract,
    ErrorBody,
    NewPipeline,
    NewTask,
    Preview,
    PreviewRequest,
    ProfileChoice,
    RunRequest,
    ShowRequest,
    SplitApply,
    SplitJob,
    SplitRequest,
    TaskRemoval,
    TaskRename,
    UndoRequest,
    UpstreamChange,
    encode,
)
from cauce.engine.errors import (
    CauceError,
    FileChanged,
    NotFound,
    NotPermitted,
    PathRefused,
    PipelineHasErrors,
    ProjectLocked,
    ProjectUnwritable,
    UsageError,
)
from cauce.engine.spec.schema import env_schema, pipeline_schema
from cauce.rest import PATH_PARAMETERS
from cauce.server.builder import BuilderFailed
from cauce.server.previews import PreviewFailed
from cauce.server.splitjobs import Verb as SplitVerb
from cauce.server.underway import Stopping
from cauce.server.workspace import Workspace

__all__ = ["PATTERNS", "status_of"]

Verb = TypeVar("Verb", bound=Callable[..., Awaitable[None]])
Body = TypeVar("Body", bound=Contract)

STATUS: dict[str, int] = {
    UsageError.code: 400,
    PathRefused.code: 403,
    NotPermitted.code: 403,
    ProjectUnwritable.code: 403,
    NotFound.code: 404,
    ProjectLocked.code: 409,
    FileChanged.code: 409,
    PipelineHasErrors.code: 422,
    BuilderFailed.code: 500,
    PreviewFailed.code: 500,
    Stopping.code: 503,
}
"""Error code → HTTP status: the one place where that is decided."""


def status_of(body: ErrorBody) -> int:
    return STATUS.get(body.code, 500)


def may_execute(method: Verb) -> Verb:
    """As `authorized`, for verbs that start or stop code: POST alone would mean `write`."""
    checked: Verb = authorized("execute", resource="cauce:runs")(method)
    return checked


def may_read(method: Verb) -> Verb:
    """As `authorized`, for a question that is too long for an address."""
    checked: Verb = authorized("read", resource="cauce:pipelines")(method)
    return checked


class CauceHandler(APIHandler):
    """What all have in common: where the workspace is, how to answer, how to refuse."""

    auth_resource = "cauce:pipelines"
    # Panels that look must not keep an idle server from being culled.
    _track_activity = False

    @property
    def workspace(self) -> Workspace:
        workspace: Workspace = self.settings["cauce_workspace"]
        return workspace

    def answer(self, value: Contract, status: int = 200) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.set_header("Cache-Control", "no-store")
        self.finish(encode(value))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Every refusal is an `ErrorBody`; never a traceback."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        if isinstance(error, CauceError):
            body = error.body()
            status_code = status_of(body)
        elif isinstance(error, web.MissingArgumentError):
            body = ErrorBody(code=f"http_{status_code}", message=f"'{error.arg_name}' is missing.")
        elif isinstance(error, web.HTTPError):
            # Its message is for the log: it may tell what is nobody's business.
            body = ErrorBody(code=f"http_{status_code}", message=f"{self._reason}.")
        else:
            body = ErrorBody(
                code="internal",
                message="Something went wrong in the server.",
                hint="Its log tells more; please report it.",
            )
        self.answer(body, status_code)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if isinstance(value, CauceError) and not isinstance(value, BuilderFailed):
            self.log.debug("%s: %s", self.request.path, value)
        else:
            super().log_exception(typ, value, tb)

    def name_in(self, name: str) -> str:
        """A path or a name in the query, to the letter: one may begin with a space."""
        return self.get_argument(name, strip=False)

    def number(self, name: str, default: str) -> int:
        """A number in the query. Raises `UsageError`."""
        try:
            return int(self.get_argument(name, default))
        except ValueError:
            raise UsageError(f"'{name}' must be a number.", hint=f"Leave it out to have {default}.") from None

    def body_as(self, structure: type[Body]) -> Body:
        """The request's body.

        Raises:
            UsageError: It is not JSON, or not of that structure.
        """
        if self.request.headers.get("Content-Type", "").split(";")[0].strip() != "application/json":
            raise UsageError("The body must be JSON.", hint="Send Content-Type: application/json.")
        try:
            return msgspec.json.decode(self.request.body, type=structure)
        except msgspec.MsgspecError as error:
            hint = "The reference of the API says what each request takes: cauce/openapi.json."
            raise UsageError(f"The body is not what was expected: {error}.", hint=hint) from error


class PipelinesHandler(CauceHandler):
    path: ClassVar = "pipelines"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.answer(await self.workspace.pipelines(refresh=self.get_argument("refresh", "0") == "1"))


class PipelineHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}"

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        self.answer(await self.workspace.snapshot(path))


class TaskHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/tasks/{name}"

    @web.authenticated
    @authorized
    async def get(self, path: str, name: str) -> None:
        self.answer(await self.workspace.detail(path, name))


class PreviewHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/tasks/{name}/preview"
    _asked: asyncio.Task[Preview] | None = None

    @web.authenticated
    @authorized
    async def get(self, path: str, name: str) -> None:
        self.answer(await self.workspace.preview(path, name, self.name_in("product")))

    @web.authenticated
    @may_execute
    async def post(self, path: str, name: str) -> None:
        product = self.body_as(PreviewRequest).product
        self._asked = asyncio.create_task(self.workspace.preview_by_code(path, name, product))
        with suppress(asyncio.CancelledError):
            self.answer(await self._asked)

    def on_connection_close(self) -> None:
        """Nobody waits for it any more."""
        super().on_connection_close()
        if self._asked is not None:
            self._asked.cancel()


class UpstreamHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/tasks/{name}/upstream"

    @web.authenticated
    @authorized
    async def put(self, path: str, name: str) -> None:
        self.answer(await self.workspace.change_upstream(path, name, self.body_as(UpstreamChange)))


class TasksHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/tasks"

    @web.authenticated
    @authorized
    async def post(self, path: str) -> None:
        self.answer(await self.workspace.add_task(path, self.body_as(NewTask)))


class RenameHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/tasks/{name}/rename"

    @web.authenticated
    @authorized
    async def post(self, path: str, name: str) -> None:
        self.answer(await self.workspace.rename_task(path, name, self.body_as(TaskRename)))


class RemoveHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/tasks/{name}/remove"

    @web.authenticated
    @authorized
    async def post(self, path: str, name: str) -> None:
        self.answer(await self.workspace.remove_task(path, name, self.body_as(TaskRemoval)))


class UndoHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/undo"

    @web.authenticated
    @authorized
    async def post(self, path: str) -> None:
        self.answer(await self.workspace.undo(path, self.body_as(UndoRequest).undo))


class ProfileHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/profile"

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        self.answer(await self.workspace.profiles(path))

    @web.authenticated
    @authorized
    async def put(self, path: str) -> None:
        self.answer(await self.workspace.choose_profile(path, self.body_as(ProfileChoice).profile))


class CreateHandler(CauceHandler):
    path: ClassVar = "create"

    @web.authenticated
    @authorized
    async def post(self) -> None:
        self.answer(await self.workspace.create(self.body_as(NewPipeline)))


class SplitPlanHandler(CauceHandler):
    path: ClassVar = "split/plan"

    @web.authenticated
    @may_read
    async def post(self) -> None:
        self.answer(await self.workspace.plan_split(self.body_as(SplitRequest)))


class SplitApplyHandler(CauceHandler):
    path: ClassVar = "split/apply"

    @web.authenticated
    @authorized
    async def post(self) -> None:
        self.answer(await self.workspace.apply_split(self.body_as(SplitApply)))


class ScaffoldHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/scaffold"

    @web.authenticated
    @authorized
    async def post(self, path: str) -> None:
        self.answer(await self.workspace.scaffold(path), 201)


class CleanHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/clean"

    @web.authenticated
    @authorized
    async def post(self, path: str) -> None:
        self.answer(await self.workspace.clean(path, self.body_as(CleanRequest)))


class PlanHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/plan"

    @web.authenticated
    @may_read
    async def post(self, path: str) -> None:
        self.answer(await self.workspace.plan(path, self.body_as(RunRequest)))


class BuildsHandler(CauceHandler):
    path: ClassVar = "builds"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.answer(await self.workspace.builds())


class CheckHandler(CauceHandler):
    path: ClassVar = "check"

    @web.authenticated
    @may_read
    async def post(self) -> None:
        self.answer(await self.workspace.check(self.body_as(CheckRequest)))


class OpenedHandler(CauceHandler):
    path: ClassVar = "opened"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.answer(await self.workspace.opened(self.name_in("path")))

    @web.authenticated
    @authorized
    async def put(self) -> None:
        self.answer(await self.workspace.show(self.body_as(ShowRequest)))


class SplitRunHandler(CauceHandler):
    """What both kinds of such runs have in common: only what they are called differs."""

    verb: ClassVar[SplitVerb]

    @web.authenticated
    @may_execute
    async def post(self) -> None:
        self.answer(await self.workspace.run_split(self.verb, self.body_as(SplitJob)), 202)

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.answer(await self.workspace.split_run(self.verb, self.name_in("notebook")))

    @web.authenticated
    @may_execute
    async def delete(self) -> None:
        await self.workspace.cancel_split(self.verb, self.name_in("notebook"))
        self.set_status(204)
        self.finish()


class TraceHandler(SplitRunHandler):
    path: ClassVar = "split/trace"
    verb: ClassVar[SplitVerb] = "trace"


class ProofHandler(SplitRunHandler):
    path: ClassVar = "split/proof"
    verb: ClassVar[SplitVerb] = "prove"


class SchemaHandler(CauceHandler):
    path: ClassVar = "schema/{dialect}"

    @web.authenticated
    @authorized
    async def get(self, dialect: str) -> None:
        self.set_header("Content-Type", "application/schema+json; charset=UTF-8")
        schemas = {"pipeline": pipeline_schema, "env": env_schema}
        if dialect not in schemas:
            raise NotFound(f"There is no schema '{dialect}'.", hint="There are: pipeline, env.")
        self.finish(msgspec.json.encode(schemas[dialect]()))


class RunsHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/runs"

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        limit = self.number("limit", "50")
        if not 1 <= limit <= 200:
            raise UsageError("'limit' must be from 1 to 200.", hint="Leave it out to get 50.")
        self.answer(await self.workspace.runs(path, before=self.get_argument("before", ""), limit=limit))

    @web.authenticated
    @may_execute
    async def post(self, path: str) -> None:
        self.answer(await self.workspace.start(path, self.body_as(RunRequest)), 202)


class RunHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/runs/{id}"

    @web.authenticated
    @authorized
    async def get(self, path: str, id: str) -> None:
        self.answer(await self.workspace.run(path, id))

    @web.authenticated
    @may_execute
    async def delete(self, path: str, id: str) -> None:
        await self.workspace.cancel(path, id)
        self.set_status(204)
        self.finish()


class AttemptsHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/runs/{id}/attempts"

    @web.authenticated
    @authorized
    async def get(self, path: str, id: str) -> None:
        self.answer(await self.workspace.attempts(path, id))


class ComparisonHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/runs/{id}/comparison"

    @web.authenticated
    @authorized
    async def get(self, path: str, id: str) -> None:
        self.answer(await self.workspace.compare(path, self.get_argument("with"), id))


class RecordHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/runs/{id}/record"

    @web.authenticated
    @authorized
    async def delete(self, path: str, id: str) -> None:
        await self.workspace.forget(path, id)
        self.set_status(204)
        self.finish()


class LogHandler(CauceHandler):
    path: ClassVar = "pipelines/{path}/runs/{id}/log"

    @web.authenticated
    @authorized
    async def get(self, path: str, id: str) -> None:
        limit = self.number("limit", "0") if "limit" in self.request.query_arguments else None
        self.answer(await self.workspace.log(path, id, self.name_in("task"), self.number("offset", "0"), limit))


def _pattern(template: str) -> str:
    """A route's template as a regular expression. A pipeline's path holds slashes, names do not."""
    groups = {"{path}": r"(?P<path>.+\.ya?ml)"}
    groups |= {f"{{{name}}}": f"(?P<{name}>[^/]+)" for name in PATH_PARAMETERS if name != "path"}
    for name, group in groups.items():
        template = template.replace(name, group)
    return template


# The longest first: a pipeline's path would swallow what follows it.
_HANDLERS = (
    *(LogHandler, AttemptsHandler, ComparisonHandler, RecordHandler, RunHandler, RunsHandler),
    *(UpstreamHandler, RenameHandler, RemoveHandler, PreviewHandler, TaskHandler, TasksHandler),
    *(ScaffoldHandler, CleanHandler, PlanHandler, UndoHandler, ProfileHandler),
    *(PipelineHandler, PipelinesHandler, BuildsHandler, CheckHandler, CreateHandler, SchemaHandler),
    *(OpenedHandler, SplitPlanHandler, SplitApplyHandler, TraceHandler, ProofHandler),
)
PATTERNS: tuple[tuple[str, type[CauceHandler]], ...] = tuple((_pattern(handler.path), handler) for handler in _HANDLERS)
"""Below ``{base_url}cauce/api/``."""
