"""The committed description of the API is the one the contract makes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import cauce.openapi
from cauce import contract
from cauce.rest import ROUTES

COMMITTED = Path(cauce.openapi.__file__).with_name("openapi.json")


def references(value: Any) -> set[str]:
    """Every `$ref` in a piece of the document."""
    if isinstance(value, dict):
        found = {value["$ref"]} if "$ref" in value else set()
        return found.union(*(references(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(references(part) for part in value))
    return set()


def test_committed_file_is_current() -> None:
    current = cauce.openapi.render()
    if COMMITTED.read_bytes() != current:
        pytest.fail("openapi.json is behind the contract: run `npm run contract` and commit what it wrote")


def test_every_reference_leads_somewhere() -> None:
    document = cauce.openapi.describe()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= known


def test_replies_promise_every_field_and_requests_do_not() -> None:
    schemas = json.loads(COMMITTED.read_bytes())["components"]["schemas"]
    snapshot = schemas["Snapshot"]
    assert snapshot["required"] == list(snapshot["properties"])
    assert "required" not in schemas["RunRequest"] or schemas["RunRequest"]["required"] == []
    assert schemas["RunRequest"]["additionalProperties"] is False


def test_what_is_written_below_a_field_describes_it() -> None:
    products = cauce.openapi.describe()["components"]["schemas"]["Product"]["properties"]
    assert products["notebook"]["description"] == "Is it the executed notebook of this task?"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_routes_are_whole(route: cauce.rest.Route) -> None:
    names = re.findall(r"\{(\w+)\}", route.path)
    described = cauce.openapi.describe()["paths"][f"/{route.path}"][route.method.lower()]
    assert [p["name"] for p in described["parameters"] if p["in"] == "path"] == names
    assert ("requestBody" in described) == (route.body is not None)
    of_runs = "/runs" in route.path and route.operation != "forgetRun"  # which stops nothing
    acts = route.method in ("POST", "DELETE") and (
        of_runs or route.operation == "previewByCode" or route.path in ("split/trace", "split/proof")
    )
    assert (route.permission == "execute") == acts
    assert route.permission != "read" or route.method == "GET" or route.operation in ("check", "plan", "planSplit")
    assert not isinstance(route.reply, type) or issubclass(route.reply, contract.Contract)


def test_operations_have_names_of_their_own() -> None:
    assert len({route.operation for route in ROUTES}) == len(ROUTES)
