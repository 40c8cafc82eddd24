"""The executed notebook's file: what nbformat would write, to the byte where numbers are spelled the same way."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import nbformat
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode

from cauce.engine.executors.saved import saved

writes: Callable[[NotebookNode], str] = nbformat.writes
from_dict: Callable[[object], NotebookNode] = nbformat.from_dict

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(["", "a\nb", "a\x85b\r\n"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([0.5, -0.0, 1.25]) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
kinds = st.sampled_from(["text/plain", "text/html", "image/svg+xml", "image/png", "application/json"])
bundles = st.dictionaries(kinds, values | texts, max_size=3)
metadata = st.dictionaries(texts | st.just("trusted"), values, max_size=2)
outputs = st.one_of(
    st.fixed_dictionaries({"output_type": st.just("stream"), "name": st.just("stdout"), "text": texts}),
    st.fixed_dictionaries({"output_type": st.just("display_data"), "data": bundles, "metadata": metadata}),
    st.fixed_dictionaries(
        {"output_type": st.just("execute_result"), "data": bundles, "metadata": metadata, "execution_count": st.just(3)}
    ),
    st.fixed_dictionaries(
        {"output_type": st.just("error"), "ename": texts, "evalue": texts, "traceback": st.lists(texts, max_size=2)}
    ),
)
code = st.fixed_dictionaries(
    {
        "cell_type": st.just("code"),
        "execution_count": st.none() | st.integers(1, 9),
        "metadata": metadata,
        "source": texts,
        "outputs": st.lists(outputs, max_size=3),
    }
)
markdown = st.fixed_dictionaries(
    {
        "cell_type": st.just("markdown"),
        "metadata": metadata,
        "source": texts,
        "attachments": st.dictionaries(texts, bundles, max_size=2),
    }
)


@given(st.lists(code | markdown, max_size=3), st.dictionaries(texts | st.just("signature"), values, max_size=2))
def test_is_what_nbformat_writes(cells: list[dict[str, Any]], about: dict[str, Any]) -> None:
    cells = [{**cell, "id": f"c{number}"} for number, cell in enumerate(cells)]
    notebook = from_dict({"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5})
    before = deepcopy(notebook)
    assert saved(notebook).decode("utf-8") == writes(deepcopy(notebook)) + "\n"
    assert notebook == before


def test_numbers_mean_the_same_however_they_are_spelled() -> None:
    numbers = [1e-7, 1e16, 1e300, 5e-324, 123456789012345678901234567890, 2**63]
    output = {"output_type": "display_data", "metadata": {}, "data": {"application/json": {"numbers": numbers}}}
    cell = {"cell_type": "code", "id": "c", "metadata": {}, "source": "", "execution_count": 1, "outputs": [output]}
    notebook = from_dict({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    assert json.loads(saved(notebook)) == json.loads(writes(notebook))


def test_half_a_character_does_not_cost_the_notebook() -> None:
    output = {"output_type": "stream", "name": "stdout", "text": "half: \ud800\nwhole: \U0001f600\n"}
    cell = {"cell_type": "code", "id": "c", "metadata": {}, "source": "", "execution_count": 1, "outputs": [output]}
    notebook = from_dict({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    assert json.loads(saved(notebook))["cells"][0]["outputs"][0]["text"] == ["half: ?\n", "whole: \U0001f600\n"]
