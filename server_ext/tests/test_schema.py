"""The JSON Schemas: what an editor is told is what the parser does."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml
from test_spec import WRONG, parse

from cauce.engine.spec.schema import env_schema, pipeline_schema

PIPELINE = jsonschema.Draft7Validator(pipeline_schema())
ENV = jsonschema.Draft7Validator(env_schema())

SOUND = {
    "smallest": "tasks:\n  - source: a.py\n    product: a.ipynb\n",
    "a list": "- source: a.py\n  product: a.ipynb\n",
    "a factory": "location: pkg.make\n",
    "everything": """\
meta:
  extract_upstream: false
  extract_product: false
  product_relative_to_source: false
  product_default_class: {SQLScript: SQLiteRelation}
  source_loader: {path: sql}
  jupyter_hot_reload: true
  jupyter_functions_as_notebooks: true
config: {outdated_by_code: true, hot_reload: false}
executor: {dotted_path: ploomber.executors.Parallel, processes: 2, start_method: spawn}
task_defaults: {timeout: 2h, silence_timeout: 90, memory: 2GiB, retries: 3, retry_delay: 0.5, start_timeout: null}
clients: {SQLScript: db.get, SQLDump: {dotted_path: db.get, a: 1}, File: null}
serializer: io_.write
unserializer: io_.read
on_render: hooks.render
on_finish: {dotted_path: hooks.finish, loud: true}
on_failure: hooks::failure
tasks:
  - source: a.py
    name: 5
    product: {nb: a.ipynb, page: a.html, data: a.csv}
    nb_product_key: [nb, page]
    nbconvert_exporter_name: {page: webpdf}
    nbconvert_export_kwargs: {exclude_input: '{{exclude}}'}
    kernelspec_name: python3
    executor: ploomber-engine
    executor_params: {execution_timeout: 5}
    start_timeout: 1m 30s
    timeout: null
    memory: null
    static_analysis: strict
    local_execution: '{{local}}'
    check_if_kernel_installed: false
    params: {x: 1, y: mod::f, z: {dotted_path: mod::g, n: 1}, resources_: {r: r.json}}
    on_finish: hooks.check
    upstream: null
  - source: b.sql
    product: ['', b, table]
    client: sqlite:///data.db
    product_class: SQLRelation
    product_client: db.get
    upstream: '5'
  - source: c.sql
    product: c.csv
    chunksize: null
    upstream: [b, a-*]
  - source: mod.d
    product: [d, view]
    serializer: null
    unserializer: io_.other
    upstream: []
  - source: e.py
    class: ScriptRunner
    name: e-[[x]]
    product: e-[[x]].csv
    grid: [{x: [1, 2], y: {}}, {x: 5}]
  - {source: f.sh, product: f.txt}
""",
}


@pytest.mark.parametrize("what", SOUND)
def test_what_the_parser_accepts_the_schema_accepts(what: str) -> None:
    assert (
        parse(SOUND[what], {"env.yaml": "exclude: true\nlocal: false"} if what == "everything" else {}).problems == ()
    )
    assert [error.message for error in PIPELINE.iter_errors(yaml.safe_load(SOUND[what]))] == []


def test_what_the_schema_refuses_the_parser_refuses() -> None:
    refused = 0
    for text, _, _ in WRONG.values():
        if len(text) < 500 and not PIPELINE.is_valid(yaml.safe_load(text)):
            refused += 1
            assert parse(text).problems, text
    assert refused > 30


@pytest.mark.parametrize(
    "text",
    [
        "tsks: []\ntasks: []",
        "tasks: [{source: a.py, prodct: a.ipynb}]",
        "meta: {extract_upstrem: true}\ntasks: []",
        "config: {x: 1}\ntasks: []",
        "task_defaults: {product: x}\ntasks: []",
        "tasks: [{source: a.py, product: a.ipynb, timeout: soon}]",
        "tasks: [{source: a.py, product: a.ipynb, memory: 500}]",
        "clients: {SQLSript: a.b}\ntasks: []",
        "location: a.b\ntasks: []",
        "tasks: [{source: a.py, product: a.ipynb, grid: {x: 1}}]",
        "meta: {}",
    ],
)
def test_unknown_and_missing_keys_are_marked(text: str) -> None:
    assert not PIPELINE.is_valid(yaml.safe_load(text))
    assert parse(text).problems


def test_schemas_are_schemas_and_explain_every_key() -> None:
    for validator in (PIPELINE, ENV):
        jsonschema.Draft7Validator.check_schema(validator.schema)
    whole = PIPELINE.schema["anyOf"][0]["properties"]
    task = PIPELINE.schema["definitions"]["task"]["anyOf"][0]["properties"]
    for key in (*whole.values(), *task.values(), *whole["meta"]["anyOf"][0]["properties"].values()):
        assert key["description"].endswith((".", "…", "?"))
    assert whole["meta"]["anyOf"][0]["properties"]["extract_upstream"]["default"] is True


def test_values_of_env_yaml() -> None:
    for sound in (
        "",
        "a: 1\nb: {c: [1, {d: x}]}\npath: {data: ~/data/}\n_module: pkg\nmeta: {import_from: env.all.yaml}",
    ):
        assert [error.message for error in ENV.iter_errors(yaml.safe_load(sound))] == []
    for wrong in ("[]", "a__b: 1", "a: {b__c: 1}", "_a: 1", "meta: {import_form: x}", "__x: 1"):
        assert not ENV.is_valid(yaml.safe_load(wrong)), wrong


def test_the_examples_of_this_project_fit() -> None:
    found = sorted((Path(__file__).parents[2] / "examples").glob("**/pipeline*.yaml"))
    assert found
    for path in found:
        assert PIPELINE.is_valid(yaml.safe_load(path.read_text()))
