"""Who may call what: every route and verb, without credentials and with strict authorizers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from jupyter_server.auth import Authorizer
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPResponse
from tornado.web import RequestHandler

from cauce.rest import ROUTES, Route
from cauce.server.routes import PATTERNS

Fetch = Callable[..., Awaitable[HTTPResponse]]


class DenyAll(Authorizer):
    """Knows who you are and lets you do nothing."""

    def is_authorized(self, handler: JupyterHandler, user: Any, action: str, resource: str) -> bool:
        return False


class ReadOnly(Authorizer):
    """Lets everybody look and nobody act, not even write."""

    def is_authorized(self, handler: JupyterHandler, user: Any, action: str, resource: str) -> bool:
        return action == "read"


class NoExecute(Authorizer):
    """May read and write, but start no code."""

    def is_authorized(self, handler: JupyterHandler, user: Any, action: str, resource: str) -> bool:
        return action != "execute"


@pytest.fixture
def authorizer() -> type[Authorizer] | None:
    return None


@pytest.fixture
def jp_server_config(authorizer: type[Authorizer] | None) -> dict[str, Any]:
    server: dict[str, Any] = {"jpserver_extensions": {"cauce": True}, "allow_unauthenticated_access": False}
    if authorizer is not None:
        server["authorizer_class"] = authorizer
    return {"ServerApp": server}


def path_of(route: Route) -> tuple[str, ...]:
    path = route.path.format(path="a project/pipeline.yaml", name="task", id="run", dialect="pipeline")
    return ("cauce", "api", *path.split("/"))


def body_of(route: Route) -> dict[str, Any]:
    return {"method": route.method, **({"body": "{}"} if route.method in ("POST", "PUT") else {})}


async def status(call: Awaitable[HTTPResponse]) -> int:
    try:
        return (await call).code
    except HTTPClientError as error:
        if error.response is not None and error.code != 599:
            json.loads(error.response.body)  # a refusal too is JSON
        return error.code


def test_the_table_of_routes_is_what_is_served() -> None:
    verbs = ("get", "head", "post", "put", "patch", "delete")
    served = {
        (verb.upper(), handler.path)  # type: ignore[attr-defined]  # each concrete handler has one
        for _, handler in PATTERNS
        for verb in verbs
        if getattr(handler, verb) is not getattr(RequestHandler, verb)
    }
    assert served == {(route.method, route.path) for route in ROUTES}


async def test_nobody_without_credentials(
    http_server_client: AsyncHTTPClient, jp_serverapp: Any, jp_base_url: str, jp_http_port: int
) -> None:
    for route in ROUTES:
        url = url_path_join(jp_base_url, *(part.replace(" ", "%20") for part in path_of(route)))
        for headers in ({}, {"Authorization": "token wrong"}):
            code = await status(
                http_server_client.fetch(url, headers=headers, follow_redirects=False, **body_of(route))
            )
            assert code in (401, 403), (route.method, route.path, headers, code)


@pytest.mark.parametrize("authorizer", [DenyAll])
async def test_nothing_when_the_authorizer_denies_all(jp_fetch: Fetch) -> None:
    for route in ROUTES:
        assert await status(jp_fetch(*path_of(route), **body_of(route))) == 403, (route.method, route.path)


@pytest.mark.parametrize(("authorizer", "may"), [(ReadOnly, {"read"}), (NoExecute, {"read", "write"})])
async def test_each_route_asks_for_its_permission(may: set[str], jp_fetch: Fetch) -> None:
    for route in ROUTES:
        code = await status(jp_fetch(*path_of(route), **body_of(route)))
        assert (route.permission in may) == (code != 403), (route.method, route.path, code)
