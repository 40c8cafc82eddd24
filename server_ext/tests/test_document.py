"""YAML as it may come: hostile, broken in the middle, or merely odd. Never an exception."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cauce.engine.document import Document, Mapping, Node, Scalar, Sequence, TooLarge, plain, read_document


def read(text: str | bytes) -> Document:
    return read_document(text if isinstance(text, bytes) else text.encode(), "pipeline.yaml")


def value(text: str) -> object:
    document = read(text)
    assert document.problems == ()
    assert document.root is not None
    return plain(document.root)


def chain_of_aliases(levels: int, depth: int) -> str:
    """Each anchor holds the one before, `depth` brackets deep: text of few levels, data of many."""
    lines = ["a0: &a0 1"]
    lines += [f"a{n}: &a{n} {'[' * depth}*a{n - 1}{']' * depth}" for n in range(1, levels)]
    return "\n".join(lines)


def laughs() -> str:
    """A few hundred bytes that stand for ten to the ninth."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    return "\n".join(lines)


HOSTILE: dict[str, tuple[str | bytes, int | None]] = {
    "60 KB of brackets": ("[" * 60_000, 1),
    "60 KB of dashes": ("- " * 30_000, 1),
    "60 KB of braces": ("{" * 60_000, 1),
    "12 MB": (b"x: 1\n" * 2_400_000, None),
    "many values": ("a: [" + "1," * 400_000 + "]", 1),
    "many aliases": ("a: &a 1\nb: [" + "*a, " * 101 + "]", 2),
    "an alias of itself": ("a: 1\nb: &b [1, *b]", 2),
    "an alias of nothing": ("a: 1\nb: *nobody", 2),
    "python object": ("a: 1\nb: !!python/object/apply:os.system [id]", 2),
    "python name": ("a: 1\nb: !!python/name:os.system", 2),
    "own tag": ("a: !mine 1", 1),
    "binary": ("a: !!binary aGVsbG8=", 1),
    "several documents": ("tasks: []\n---\ntasks: []", 2),
    "tab as indentation": ("tasks:\n\t- source: a.py", 2),
    "NUL": (b"tasks:\n  - a\x00b", 2),
    "NULs from far": ("# é\ntasks:\n  - ä\n".encode() + b"\x00", 4),
    "UTF-16": ("tasks: []".encode("utf-16"), 1),
    "UTF-16 without a mark": ("tasks: []".encode("utf-16-le"), 1),
    "latin-1": ("tasks: []\n# größer".encode("latin-1"), 2),
    "unclosed quote": ("tasks:\n  - source: 'a.py", 2),
    "mapping as a key": ("a: 1\n{b: 2}: 3", 2),
    "twice": ("a: 1\nb: 2\na: 3", 3),
    "merge bomb": (
        "a: &a {" + ", ".join(f"k{n}: 1" for n in range(40_000)) + "}\nb:\n" + "- {<<: *a, x: 1}\n" * 99,
        None,
    ),
}


@pytest.mark.timeout(60)  # a bomb takes minutes, or the memory
@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_text_gives_a_problem_with_its_line(what: str) -> None:
    text, line = HOSTILE[what]
    document = read(text)
    assert document.problems
    problem = document.problems[0]
    assert problem.severity == "error"
    assert problem.message.endswith(".")
    assert "\n" not in problem.message
    assert problem.hint or problem.code == "yaml_syntax"
    assert problem.where is not None
    assert problem.where.path == "pipeline.yaml"
    if line is not None:
        assert problem.where.line == line


@pytest.mark.parametrize("text", [laughs(), chain_of_aliases(90, 50)], ids=["wide", "deep"])
def test_a_small_text_that_means_too_much_is_read_but_not_written_out(text: str) -> None:
    #  400 bytes ──► nodes that share ──► plain(): refused
    document = read(text)
    assert document.problems == ()
    assert document.root is not None
    with pytest.raises(TooLarge):
        plain(document.root)


@pytest.mark.timeout(60)  # to base 60 these would take minutes
@pytest.mark.parametrize(
    "number", ["1" + ":1" * 400_000, "1" + ":1" * 400_000 + ".5", "!!int '1" + ":1" * 400_000 + "'"]
)
def test_a_number_too_long_to_be_one_is_text(number: str) -> None:
    assert value(f"a: {number}\nb: 1:30") == {"a": number.removeprefix("!!int ").strip("'"), "b": 90}


def test_what_stands_above_a_broken_line_is_kept() -> None:
    document = read(
        "tasks:\n"
        "  - source: a.py\n"
        "    product: a.ipynb\n"
        "  - source: b.py\n"
        "    product: {nb: b.ipynb}\n"
        "  - source: c.py\n"
        "    product: 'c.ipynb\n"
        "  - source: d.py\n"
    )
    assert [problem.where and problem.where.line for problem in document.problems] == [7]
    assert document.root is not None
    assert plain(document.root) == {
        "tasks": [
            {"source": "a.py", "product": "a.ipynb"},
            {"source": "b.py", "product": {"nb": "b.ipynb"}},
        ]
    }


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("\ufefftasks: []", {"tasks": []}),
        ("a: yes\r\nb: 'yes'\r\n", {"a": True, "b": "yes"}),
        ("a: 2026-01-31", {"a": "2026-01-31"}),  # as written, not a date
        ("a: 0x1f\nb: 1e3\nc: 1_000", {"a": 31, "b": "1e3", "c": 1000}),
        ("a: ~\nb:\nc: ''", {"a": None, "b": None, "c": ""}),
        ("a: !!str 1\nb: !!int '2'\nc: !!int x", {"a": "1", "b": 2, "c": "x"}),
        ("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}", {"a": {"x": 1, "y": 2}, "b": {"y": 3, "x": 1}}),
        (
            "a: &a {x: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b]}",
            {"a": {"x": 1}, "b": {"x": 2, "z": 2}, "c": {"x": 1, "z": 2}},
        ),
        ("a: &a [1]\nb: [*a, *a]", {"a": [1], "b": [[1], [1]]}),
        ("1: a\ntrue: b", {"1": "a", "true": "b"}),
        ("a: " + "9" * 6000, {"a": "9" * 6000}),  # Python itself refuses to print such a number
        ("a: 0x" + "f" * 6000, {"a": "0x" + "f" * 6000}),
    ],
)
def test_what_yaml_means(text: str, meant: object) -> None:
    assert value(text) == meant


def test_an_empty_text_is_nothing_and_no_problem() -> None:
    for text in ("", "# only a comment\n", "---\n", "\ufeff"):
        document = read(text)
        assert document.problems == ()
        assert document.root is None or plain(document.root) is None


def test_every_node_knows_its_place() -> None:
    root = read("tasks:\n  - source: a.py\n    params: {depth: 3}\n").root
    assert isinstance(root, Mapping)
    tasks = root.get("tasks")
    assert isinstance(tasks, Sequence)
    [task] = tasks.items
    assert isinstance(task, Mapping)
    params = task.get("params")
    assert isinstance(params, Mapping)
    [(key, depth)] = params.entries
    places = [(node.line, node.column) for node in (task, params, key, depth)]
    assert places == [(2, 5), (3, 13), (3, 14), (3, 21)]
    assert root.get("nothing") is None


# --- Whatever comes -------------------------------------------------------------------------

fragment = st.sampled_from(
    "a|: |- |\n|  |[|]|{|}|, |&x |*x|<<: |'|\"|>|? |!!int |!|#|---|\t|%|1|\\u0000|é|\x00|\ufeff".split("|")
)
anything = st.one_of(st.binary(max_size=60), st.lists(fragment, max_size=40).map(lambda parts: "".join(parts).encode()))


@given(anything)
@example(b"? ")
@example(b"a: *x")
@example(b"&x [*x]")
def test_any_bytes_are_read_or_refused_in_words(content: bytes) -> None:
    document = read(content)
    for problem in document.problems:
        assert problem.message
        assert problem.where is not None
        assert problem.where.line is not None
    if document.root is not None:
        plain(document.root)


simple = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text("abc :#-'\"\n\\", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdef", min_size=2, max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(simple, st.booleans(), st.sampled_from([None, '"']))
@settings(max_examples=60)
def test_what_another_program_wrote_is_read_as_it_meant(data: object, flow: bool, quotes: str | None) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow, default_style=quotes)
    expected = yaml.safe_load(text)
    document = read(text)
    assert document.problems == ()
    assert document.root is not None
    assert plain(document.root) == expected


@given(simple, st.data())
@settings(max_examples=60)
def test_a_text_cut_off_anywhere_gives_what_is_whole_or_a_problem(data: object, draw: st.DataObject) -> None:
    text = yaml.safe_dump({"tasks": data}).encode()
    document = read(text[: draw.draw(st.integers(0, len(text)))])

    def whole(node: Node) -> bool:
        match node:
            case Scalar():
                return node.line >= 1
            case Sequence():
                return all(map(whole, node.items))
            case Mapping():
                return all(whole(inner) for _, inner in node.entries)

    assert document.root is None or whole(document.root)
