"""The zoo: odd paths and odd YAML, all in one project; it is loaded, shown, drawn and, where it can be, built.

What is odd and allowed works like anything else. What cannot be is said, and hurts nobody else.
"""

from __future__ import annotations

import os
import socket
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from drawn import Workshop

from cauce.contract import Snapshot, encode
from cauce.engine.evaluated import evaluated_path
from cauce.engine.spec import entry_of_file
from cauce.engine.spec.model import Dotted, Need
from cauce.plot.html import plot_page, report_page
from cauce.plot.mermaid import markdown
from cauce.plot.svg import svg
from cauce.terminal import print_status, shown

Draw = Callable[[str], Workshop]

ODD = {
    "spaces": "a b  c",
    "quotes": 'it\'s "quoted"',
    "command": "$(touch pwned)",
    "backticks": "`touch pwned`",
    "semicolon": "a; touch pwned",
    "percent": "100%s %(x)s %2e%2e",
    "hash": "#hash # comment",
    "dash": "-rf",
    "longer dash": "--force",
    "long": "n" * 240,
    "composed": "caf\u00e9",
    "decomposed": "cafe\u0301",
    "rtl": "a\u202egpj.exe",
    "arabic": "\u0645\u0631\u062d\u0628\u0627",
    "emoji": "\U0001f469\u200d\U0001f4bb",
    "html": "<script>alert(1)<",
    "cdata": "]]>&amp;--><",
    "braces": "{x} [y] {%d",
    "glob": "a?b[!c]",
    "device": "con",
    "star less": "..hidden",
    "ansi": "x\u009b31m",
    "yaml": "a: b - c | > & ! @",
    "mermaid": 'end"]; click t0 "x',
}
"""What a file, a folder, a value or (without control characters) a task may be called."""


def source(number: int) -> str:
    return f'# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n# %%\nnumber = {number}\n'


def all_pictures(snapshot: Snapshot) -> None:
    """All ways to show it work, and take nothing from it for their own."""
    encode(snapshot)
    for products in (False, True):
        root = ET.fromstring(svg(snapshot, products=products))  # noqa: S314 - our own picture
        assert not [each for each in root.iter() if each.tag.endswith(("script", "foreignObject", "}a"))]
        assert "<script>alert" not in report_page(snapshot, products=products)
        assert plot_page(snapshot, products=products).count("<script") == 1
        text = markdown(snapshot, products=products)
        assert text.count("```") == 2
        assert not any(line.lstrip().startswith(("click", "end", "%%")) for line in text.splitlines())
        for page in (text, report_page(snapshot, products=products)):
            assert "\u202e" not in page
            assert "\x9b" not in page


@pytest.fixture
def zoo(workshop: Draw) -> Workshop:
    """A project whose tasks are called, made of, given and making all that is odd."""
    project = workshop("load")
    tasks = []
    for number, (what, odd) in enumerate(ODD.items()):
        path = f"tasks/{odd}/{odd}.py" if what != "long" else f"tasks/{odd}.py"
        project.write(path, source(number))
        name = odd if what not in {"ansi"} else what
        product = {"nb": f"out/{odd}.ipynb", "text": f"out/deep/{odd}/{odd}.txt"}
        tasks.append({"source": path, "name": name, "product": product, "params": {"value": odd, odd: odd}})
    for task in tasks:  # a parameter must be a name; a value may be anything
        task["params"] = {"value": task["params"]["value"]}  # type: ignore[index]
    project.write("pipeline.yaml", yaml.safe_dump({"tasks": tasks}, allow_unicode=True, sort_keys=False))
    return project


def test_odd_names_are_names(zoo: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    snapshot = zoo.status()
    assert [problem.message for problem in snapshot.problems if problem.severity == "error"] == []
    assert {task.name for task in snapshot.tasks} == {name if key != "ansi" else key for key, name in ODD.items()}
    all_pictures(snapshot)
    print_status(snapshot)
    said = capsys.readouterr().out
    assert said == shown(said, "\n")
    built = zoo.build()
    assert built.state == "ok"
    assert len(built.ran) == len(ODD)
    assert zoo.build().ran == []
    assert not list(zoo.root.rglob("pwned"))
    all_pictures(zoo.status())


def test_two_names_that_look_alike_are_two(zoo: Workshop) -> None:
    project = zoo.load()
    assert {ODD["composed"], ODD["decomposed"]} <= project.tasks.keys()
    paths = [product.path for task in project.tasks.values() for product in task.products]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("fifo", "source_unreadable"),
        ("socket", "source_unreadable"),
        ("folder", "source_unreadable"),
        ("loop", "source_unreadable"),
        ("dangling", "source_missing"),
        ("deep", "source_missing"),
        ("too long", "source_unreadable"),
        ("file as folder", "source_missing"),
        ("newline", "task_name"),
        ("nothing", "task_no_source"),
    ],
)
def test_what_is_no_source_is_said_and_spoils_no_other(
    workshop: Draw, what: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = workshop("load")
    place, path = project.root / "odd.py", "odd.py"
    match what:
        case "fifo":
            os.mkfifo(place)
        case "socket":
            monkeypatch.chdir(project.root)  # the name of a socket must be short
            with socket.socket(socket.AF_UNIX) as server:
                server.bind("odd.py")
        case "folder":
            place.mkdir()
        case "loop":
            place.symlink_to("odd.py")
        case "dangling":
            place.symlink_to("nowhere.py")
        case "deep":
            path = "d/" * 200 + "odd.py"
        case "too long":
            path = "d" * 300 + ".py"
        case "file as folder":
            path = "pipeline.yaml/odd.py"
        case "newline":
            path = "a\nb.py"
            (project.root / path).write_text(source(1))
        case "nothing":
            path = ""
    entry = yaml.safe_dump([{"source": path, "product": "out/odd.ipynb"}])
    project.write("pipeline.yaml", project.path.read_text() + entry)
    snapshot = project.status()
    assert code in {problem.code for problem in snapshot.problems}
    all_pictures(snapshot)
    assert project.build("load").state == "ok"


def test_a_source_that_becomes_a_folder_and_back(workshop: Draw) -> None:
    project = workshop("load ─► fit")
    project.build()
    text = project.source("fit").read_bytes()
    project.source("fit").unlink()
    project.source("fit").mkdir()
    assert {problem.code for problem in project.status().problems} == {"source_unreadable"}
    project.source("fit").rmdir()
    project.source("fit").write_bytes(text)
    assert project.build().ran == []


def test_depth_is_no_limit_of_ours(workshop: Draw) -> None:
    project = workshop("load")
    folder = "d/" * 200
    project.write(f"{folder}deep.py", source(3))
    spec = f"tasks:\n- {{source: {folder}deep.py, product: {{nb: {folder}o.ipynb, text: {folder}o.txt}}}}\n"
    project.write("pipeline.yaml", spec)
    assert project.build().ran == ["deep"]
    assert project.build().ran == []
    all_pictures(project.status())


# --- Texts that are no text


def case(name: str, files: dict[str, str | bytes], codes: set[str]) -> object:
    return pytest.param(files, codes, id=name)


SQL = "clients: {SQLScript: db.client}\ntasks:\n- {source: a.sql, product: [t, table]}\n"
SAYS = "meta: {extract_product: true}\nclients: {SQLScript: db.client}\ntasks:\n- {source: a.sql}\n"
SCRIPT = "meta: {extract_product: true}\ntasks:\n- {source: a.py}\n"
FUNCTION = "tasks:\n- {source: m.f, product: x.csv}\n"
HEAD = '# %% tags=["parameters"]\nupstream = None\nproduct = '
UNREADABLE = {"source_unreadable"}
BIG = "0x" + "f" * 10_000


@pytest.mark.parametrize(
    ("files", "codes"),
    [
        case("upstream in SQL", {"pipeline.yaml": SQL, "a.sql": r'{{ upstream["\ud800"] }}'}, {"upstream_unknown"}),
        case("include", {"pipeline.yaml": SQL, "a.sql": r'{% include "\ud800" %}'}, {"template_missing"}),
        case("import", {"pipeline.yaml": SQL, "a.sql": r'{% import "a\ud800/b" as m %}'}, {"template_missing"}),
        case("include NUL", {"pipeline.yaml": SQL, "a.sql": r'{% include "a\0b" %}'}, {"template_missing"}),
        case(
            "product in SQL",
            {"pipeline.yaml": SAYS, "a.sql": r'{% set product = SQLRelation(["\ud800", "table"]) %}'},
            {"product_shape"},
        ),
        case(
            "number in SQL",
            {"pipeline.yaml": SAYS, "a.sql": f"{{% set product = SQLRelation([{BIG}, 'table']) %}}"},
            {"product_missing_in_source"},
        ),
        case("product", {"pipeline.yaml": SCRIPT, "a.py": HEAD + r'{"nb": "\ud800.ipynb"}'}, {"product_shape"}),
        case("key", {"pipeline.yaml": SCRIPT, "a.py": HEAD + r'{"\ud800": "a.ipynb"}'}, {"product_shape"}),
        case("number", {"pipeline.yaml": SCRIPT, "a.py": HEAD + BIG}, {"product_not_literal"}),
        case(
            "function",
            {"pipeline.yaml": FUNCTION, "m.py": 'def f(product, upstream):\n  upstream["\\ud800"]\n'},
            {"upstream_unknown"},
        ),
        case("number in a cell", {"pipeline.yaml": SCRIPT, "a.py": HEAD + '"a.ipynb"\n# %%\nx = ' + BIG}, set()),
        case(
            "number in a module",
            {"pipeline.yaml": FUNCTION, "m.py": f"P = {BIG}\ndef f(product, p={BIG}):\n  P\n"},
            set(),
        ),
        case(
            "script in punycode",
            {"pipeline.yaml": SCRIPT, "a.py": b"# coding: punycode\n" + b"z" * 900_000},
            UNREADABLE,
        ),
        case("script undefined", {"pipeline.yaml": SCRIPT, "a.py": b"# coding: undefined\n"}, UNREADABLE),
        case(
            "punycode", {"pipeline.yaml": FUNCTION, "m.py": b"# coding: punycode\n" + b"z" * 900_000}, {"module_broken"}
        ),
        case("undefined", {"pipeline.yaml": FUNCTION, "m.py": b"# coding: undefined\n"}, {"module_broken"}),
        case("zip", {"pipeline.yaml": FUNCTION, "m.py": b"# coding: zip\n"}, {"module_broken"}),
    ],
)
def test_halves_of_characters_and_endless_numbers_are_said(
    workshop: Draw, files: dict[str, str | bytes], codes: set[str]
) -> None:
    project = workshop("load")
    for name, content in files.items():
        (project.root / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    snapshot = project.status()
    assert codes <= {problem.code for problem in snapshot.problems}
    all_pictures(snapshot)


def test_what_ploomber_recorded_may_be_anything(workshop: Draw) -> None:
    project = workshop("load")
    project.write("pipeline.yaml", FUNCTION)
    project.write("m.py", "def f(product):\n    pass\n")
    project.write("x.csv", "1")
    recorded = project.root / ".x.csv.metadata"
    long = '"def f(product):\\n' + " x\\n" * 900_000 + '"'
    for code in (long, "5", "null", '"\\ud800"', "[" * 100_000, '"("'):
        for moment in ("1", "1e308", "-1e300", "9" * 5000, "null"):
            recorded.write_text(f'{{"timestamp": {moment}, "params": {{}}, "stored_source_code": {code}}}')
            snapshot = project.status()
            assert snapshot.tasks[0].freshness.state != "fresh"
            all_pictures(snapshot)
    recorded.unlink()
    os.mkfifo(recorded)
    all_pictures(project.status())


@pytest.mark.parametrize("used", ["'{{n}}'", "'{{never}}'", "'{{ env.NEVER_SET }}'", "x"])
def test_aliases_of_aliases_cost_what_they_name(workshop: Draw, used: str) -> None:
    project = workshop("load")
    project.write("env.yaml", "n: 1\n")
    bomb = f"a0: &a0 [{used}]" + "".join(f", a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 50))
    project.write("pipeline.yaml", f"tasks:\n- {{source: tasks/load.py, product: o.ipynb, params: {{{bomb}}}}}\n")
    snapshot = project.status()
    assert "params_too_large" in {problem.code for problem in snapshot.problems}
    all_pictures(snapshot)


# --- YAML

YAML_ZOO: dict[str, tuple[bytes, str | None]] = {
    "tabs": (b"tasks:\n\t- source: a.py\n", "yaml_syntax"),
    "BOM": (b"\xef\xbb\xbftasks:\n- {source: tasks/load.py, product: o.ipynb}\n", None),
    "UTF-16": ("tasks: []\n".encode("utf-16"), "yaml_encoding"),
    "latin-1": (b"tasks:\n- {source: caf\xe9.py, product: o.ipynb}\n", "yaml_encoding"),
    "CRLF": (b"tasks:\r\n- source: tasks/load.py\r\n  product: o.ipynb\r\n", None),
    "NUL": (b"tasks:\n- {source: 'a\0.py'}\n", "yaml_syntax"),
    "duplicate keys": (b"tasks: []\ntasks: []\n", "yaml_duplicate_key"),
    "documents": (b"tasks: []\n---\ntasks: []\n", "yaml_refused"),
    "tag": (b"tasks: !!python/object/apply:os.system [x]\n", "yaml_refused"),
    "brackets": (b"[" * 60_000, "yaml_refused"),
    "braces": (b"{a: " * 60_000, "yaml_refused"),
    "sequence marks": (b"- " * 60_000, "yaml_refused"),
    "itself": (b"tasks: &a [*a]\n", "yaml_refused"),
    "unknown alias": (b"tasks: *a\n", "yaml_refused"),
    "many aliases": (b"x: &a 1\ntasks: [" + b"*a, " * 200 + b"]\n", "yaml_refused"),
    "long scalar": (b"tasks:\n- {source: '" + b"x" * 1_000_000 + b"', product: o.ipynb}\n", "path_too_long"),
    "merge": (
        b"tasks:\n- &t {source: tasks/load.py, product: o.ipynb}\n- {<<: *t, name: b, product: p.ipynb}\n",
        None,
    ),
    "no": (b"tasks:\n- {source: tasks/load.py, product: no}\n", "product_no_notebook"),
    "date": (b"tasks:\n- {source: tasks/load.py, product: 2020-01-01}\n", "product_no_notebook"),
    "number": (b"tasks:\n- {source: 1e999, product: " + b"9" * 10_000 + b"}\n", "task_kind"),
    "empty": (b"", "spec_empty"),
    "comment": (b"# nothing\n", "spec_empty"),
    "scalar": (b"tasks\n", "spec_shape"),
    "directive": (b"%YAML 9.9\n---\ntasks: []\n", "yaml_syntax"),
}


@pytest.mark.parametrize(("content", "code"), YAML_ZOO.values(), ids=YAML_ZOO.keys())
def test_odd_yaml_is_understood_or_said_with_its_line(workshop: Draw, content: bytes, code: str | None) -> None:
    project = workshop("load")
    for name in ("pipeline.yaml", "env.yaml"):
        (project.root / name).write_bytes(content)
    project.path.write_bytes(content)
    (project.root / "env.yaml").unlink()
    snapshot = project.status()
    all_pictures(snapshot)
    if code is None:
        assert snapshot.problems == ()
    else:
        [problem, *_] = [problem for problem in snapshot.problems if problem.code == code]
        assert problem.where is not None
        assert problem.where.path == "pipeline.yaml"
        assert len(problem.message) < 2_000
    project.write("pipeline.yaml", "tasks:\n- {source: tasks/load.py, product: o.ipynb}\n")
    (project.root / "env.yaml").write_bytes(content)
    all_pictures(project.status())


def test_what_a_builder_wrote_down_may_be_anything(workshop: Draw) -> None:
    project = workshop("load")
    project.write("pipeline.yaml", "location: m.make\n")
    entry = entry_of_file(project.path)
    place = project.root / evaluated_path(entry)
    place.parent.mkdir(parents=True)
    key = Need("factory", Dotted("m.make", {})).key.replace('"', '\\"')
    for value in (
        "[" * 500_000,
        "5",
        '"x"',
        "[5, null, [], {}]",
        '[{"source": "a\\u0000.py", "product": ""}]',
        "1e999",
    ):
        place.write_text(f'{{"version": 1, "pipeline": "pipeline.yaml", "values": {{"{key}": {value}}}}}')
        all_pictures(project.status())
    place.unlink()
    os.mkfifo(place)
    all_pictures(project.status())


def test_scripts_whose_names_are_no_text_are_said(workshop: Draw) -> None:
    from cauce.engine.spec import find_entry

    project = workshop("load")
    (project.root / os.fsdecode(b"caf\xe9.py")).write_text(source(1))
    (project.root / "good.py").write_text(source(2).replace("product = None", 'product = "good.ipynb"'))
    project.path.unlink()
    from cauce.engine.parsecache import ParseCache
    from cauce.engine.project import load

    found = load(find_entry("*.py", project.root, {}), ParseCache())
    assert list(found.tasks) == ["good"]
    [problem] = [problem for problem in found.problems if problem.code == "path_not_text"]
    encode(problem)


def test_links_go_nowhere(workshop: Draw) -> None:
    project = workshop("load")
    secret = Path(project.root.parent / "secret.yaml")
    secret.write_text("- {source: secret.py, product: secret.ipynb}\n")
    (project.root / "more.yaml").symlink_to(secret)
    (project.root / "env.yaml").symlink_to(secret)
    project.write("pipeline.yaml", "meta: {import_tasks_from: more.yaml}\n" + project.path.read_text())
    snapshot = project.status()
    assert {"env_unreadable", "import_unreadable"} <= {problem.code for problem in snapshot.problems}
    assert b"secret" not in encode(snapshot)
