"""`grid`: one entry, a task for each combination, with the names that Ploomber gives them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cauce.contract import Problem, Where
from cauce.engine.document import Value
from cauce.engine.spec import Entry, PipelineSpec, parse_spec
from cauce.engine.spec.grid import MAX_TASKS
from cauce.engine.spec.products import check_products, with_products


def parse(entry: str, evaluated: Mapping[str, Value] | None = None) -> PipelineSpec:
    text = f"clients: {{SQLScript: db.get}}\ntasks:\n  - {entry}\n  - source: m.last\n    product: last.txt\n"
    root = Path("/project")
    spec = parse_spec(
        Entry("file", root, root / "pipeline.yaml"),
        lambda path: text.encode() if path == "pipeline.yaml" else None,
        evaluated or {},
    )
    assert spec.tasks[-1].name == "last"
    assert check_products(spec.tasks, "pipeline.yaml", spec.files) == []
    return spec


def problem_of(entry: str) -> Problem:
    spec = parse(entry)
    [problem] = spec.problems
    assert problem.severity == "error"
    assert "last" not in spec.unsound
    return problem


@pytest.mark.case("G7")
def test_two_lists_of_two_make_four_tasks() -> None:
    spec = parse("{source: m.f, name: f-, product: some_file.txt, grid: {a: [1, 2], b: [3, 4]}, params: {c: 0}}")
    assert spec.problems == ()
    *tasks, _ = spec.tasks
    assert [task.name for task in tasks] == ["f-0", "f-1", "f-2", "f-3"]
    assert [task.products[0].path for task in tasks] == [f"some_file-{index}.txt" for index in range(4)]
    assert [task.params for task in tasks] == [{"a": a, "b": b, "c": 0} for a in (1, 2) for b in (3, 4)]
    assert {task.where.line for task in tasks} == {3}


@pytest.mark.case("G8")
def test_a_parameter_in_the_name_leaves_the_number_in_the_products() -> None:
    spec = parse("{source: a.py, name: 'm-[[a]]', product: 'p-[[a]].ipynb', grid: {a: 1}}")
    assert spec.problems == ()
    assert [(task.name, task.products[0].path) for task in spec.tasks[:-1]] == [("m-1", "p-1-0.ipynb")]


@pytest.mark.case("G9")
def test_a_parameter_is_in_the_grid_or_in_the_params() -> None:
    problem = problem_of("{source: m.f, name: f-, product: f.txt, params: {x: 1}, grid: [{x: 1, y: 2}, {x: 3}]}")
    assert problem.code == "grid_overlap"
    assert "'x'" in problem.message


@pytest.mark.case("G11")
def test_a_grid_that_is_computed_has_no_tasks_until_it_was() -> None:
    entry = "{source: m.f, name: f-, product: f.txt, grid: {a: 'm::values', b: 1}}"
    spec = parse(entry)
    [problem] = spec.problems
    assert (problem.severity, problem.code) == ("warning", "grid_unevaluated")
    assert len(spec.tasks) == 1
    [need] = spec.needs
    spec = parse(entry, {need.key: ["x", {"y": 1}]})
    assert spec.problems == ()
    assert [task.params for task in spec.tasks[:-1]] == [{"a": "x", "b": 1}, {"a": {"y": 1}, "b": 1}]


def test_numbers_count_over_all_mappings_and_what_one_lacks_is_nothing() -> None:
    spec = parse(
        "{source: a.py, name: 'fit-[[ model ]]-[[rate]][[kind.name]]', product: {nb: 'o/[[model]].x.ipynb', d: o/dir},"
        " grid: [{model: [a, true], rate: 0.5}, {model: null, kind: [{name: z}]}]}"
    )
    assert spec.problems == ()
    *tasks, _ = spec.tasks
    assert [task.name for task in tasks] == ["fit-a-0.5", "fit-True-0.5", "fit-None-z"]
    assert [[product.path for product in task.products] for task in tasks] == [
        ["o/a-0.x.ipynb", "o/dir-0"],
        ["o/True-1.x.ipynb", "o/dir-1"],
        ["o/None-2.x.ipynb", "o/dir-2"],
    ]
    assert tasks[2].params == {"model": None, "kind": {"name": "z"}}


def test_tables_have_the_number_in_their_names_and_the_task_gives_its_own() -> None:
    spec = parse("{source: a.sql, name: t, product: [s, 'tab_[[x]]', table], grid: {x: [1, 2]}}")
    assert [task.relations[0].qualified for task in spec.tasks[:-1]] == ["s.tab_1-0", "s.tab_2-1"]
    spec = parse("{source: m.f, name: 't.[[x]]', product: 'o/{{name}}.txt', grid: {x: [1, 2]}}")
    assert [task.products[0].path for task in spec.tasks[:-1]] == ["o/t-0.1.txt", "o/t-1.2.txt"]
    spec = parse("{source: m.f, name: 't.[[x]]', product: {a: 'o/{{name}}.txt'}, grid: {x: [1, 2]}}")
    assert [task.products[0].path for task in spec.tasks[:-1]] == ["o/t.1-0.txt", "o/t.2-1.txt"]


def test_a_source_names_the_products_of_each_task_of_its_grid() -> None:
    text = "meta: {extract_product: true}\ntasks: [{source: a.py, name: 'm-[[x]]', grid: {x: [a, b], y: [[1, 2]]}}]"
    root = Path("/project")
    spec = parse_spec(
        Entry("file", root, root / "pipeline.yaml"),
        lambda path: text.encode() if path == "pipeline.yaml" else None,
        {},
    )
    assert spec.problems == ()
    made = [with_products(task, {"nb": "o/[[x]].ipynb"}, Where(path="a.py", line=1))[0] for task in spec.tasks]
    assert [task.products[0].path for task in made] == ["o/a-0.ipynb", "o/b-1.ipynb"]


WRONG = {
    "no name": ("{source: m.f, product: f.txt, grid: {x: [1]}}", "Add 'name: f-'"),
    "no parameters": ("{source: m.f, name: f, product: f.txt, grid: {}}", "[values]"),
    "no values": ("{source: m.f, name: f, product: f.txt, grid: {x: []}}", "at least one"),
    "no mapping": ("{source: m.f, name: f, product: f.txt, grid: [x]}", "must be a mapping"),
    "a number": ("{source: m.f, name: f, product: f.txt, grid: 5}", "a list of mappings"),
    "an odd parameter": ("{source: m.py, name: f, product: f.ipynb, grid: {a-b: [1]}}", "letters, digits"),
    "a reserved parameter": ("{source: m.f, name: f, product: f.txt, grid: {product: [1]}}", "another name"),
    "an unknown placeholder": ("{source: m.f, name: 'f-[[mode]]', product: f.txt, grid: {model: [1]}}", "'model'?"),
    "an expression": ("{source: m.f, name: 'f-[[x + 1]]', product: f.txt, grid: {x: [1]}}", "Only names"),
    "names that are the same": ("{source: m.f, name: 'f-[[x]]', product: f.txt, grid: {x: [1], y: [1, 2]}}", "'f-1'"),
    "too many": ("{source: m.f, name: f, product: f.txt, grid: {" + ", ".join(
        f"x{n}: [1, 2, 3, 4]" for n in range(40)) + "}}", "fewer values"),
    "a long value": ("{source: m.f, name: 'f-[[x]]', product: f.txt, grid: {x: [" + "y" * 1000 + "]}}", "short"),
    "a product outside": ("{source: m.f, name: f, product: '../[[x]]/f', grid: {x: [1, 2, 3]}}", "below the folder"),
    "no product": ("{source: m.f, name: f, grid: {x: [1, 2, 3]}}", "Add 'product:"),
    "another key": ("{source: m.f, name: f, product: f.txt, on_finsh: a.b, grid: {x: [1, 2, 3]}}", "'on_finish'?"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_grid_is_said_once(what: str) -> None:
    entry, advice = WRONG[what]
    problem = problem_of(entry)
    assert advice in f"{problem.message} {problem.hint}"
    assert problem.where is not None
    assert problem.where.line == 3


def test_all_tasks_of_an_entry_with_a_mistake_are_unsound() -> None:
    spec = parse("{source: m.f, name: f-, product: f.txt, on_finish: [], grid: {x: [1, 2]}}")
    assert spec.unsound == {"f-0", "f-1"}
    assert [problem.task for problem in spec.problems] == ["f-0"]


names = st.sampled_from("x y name m-[[x]] [[y]] p".split())
values = st.lists(st.integers(0, 3) | st.sampled_from(["a", "b/c", ".."]), max_size=3) | st.integers()


@given(st.lists(st.dictionaries(st.sampled_from("xyz"), values, max_size=3), max_size=3), names, names)
def test_tasks_are_as_many_as_there_are_combinations(grid: list[dict[str, Value]], name: str, product: str) -> None:
    spec = parse(f"{{source: m.f, name: '{name}', product: 'o/{product}.txt', grid: {grid}}}")
    made = spec.tasks[:-1]
    assert len(made) <= MAX_TASKS
    assert len({task.name for task in made}) == len(made)
    if not spec.problems:
        expected = 0
        for axes in grid:
            number = 1 if axes else 0
            for axis in axes.values():
                number *= len(axis) if isinstance(axis, list) else 1
            expected += number
        assert len(made) == expected
        assert all(not task.products[0].path.startswith("..") for task in made)


@pytest.mark.timeout(100)  # some take hours, and all memory, when nobody counts
@pytest.mark.parametrize(
    ("rest", "code"),
    [
        (f"name: 'g-[[a]]-{'y' * 100_000}', product: o.ipynb", "task_name"),
        ("name: 'g-[[a]][[long]]', product: o.ipynb", "grid_names"),
        (f"name: g-, product: '{'[[long]]' * 500}.ipynb'", "path_too_long"),
        (f"name: g-, product: '{'{{name}}[[long]]' * 200_000}.ipynb'", "path_too_long"),
        (
            "name: g-, product: {nb: o.ipynb, " + ", ".join(f"k{n}: k{n}.txt" for n in range(10_000)) + "}",
            "grid_too_large",
        ),
        (f"name: g-, product: o.ipynb, params: {{p: '{'x' * 1_000_000}'}}", "grid_too_large"),
        (
            "name: g-, product: o.ipynb, params: {" + ", ".join(f"p{n}: 1" for n in range(20_000)) + "}",
            "grid_too_large",
        ),
    ],
)
def test_a_grid_that_would_expand_to_too_much(rest: str, code: str) -> None:
    values = f"a: [{', '.join(map(str, range(10_000)))}], long: ['{'z' * 400}']"
    spec = parse(f"{{source: s.py, {rest}, grid: {{{values}}}}}")
    assert code in {problem.code for problem in spec.problems}
    assert sum(len(problem.message) for problem in spec.problems) < 10_000
    assert sum(len(task.name) + len(task.products[0].path if task.products else "") for task in spec.tasks) < 60_000_000
