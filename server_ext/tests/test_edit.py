"""Editing what a task needs, where it is written: only that changes, and it is what was asked."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.engine.editing import Change, apply, edit_upstream
from cauce.engine.editing.literal import with_name, without_name
from cauce.engine.editing.yamltext import read_yaml_text
from cauce.engine.errors import CauceError, NotFound, UsageError
from cauce.engine.parsecache import ParseCache
from cauce.engine.project import Project, load
from cauce.engine.source import read_facts
from cauce.engine.spec import entry_of_file

NAMES = ["load", "clean", "fit-0", "fit-1"]
MAKES = '\n# %%\nfrom pathlib import Path\n\nPath(product["nb"])\n'


def make(root: Path, sources: dict[str, str | bytes], spec: str | None = None) -> Path:
    """A project of these sources (name of the file → content), beside `NAMES`."""
    for name in NAMES:
        sources.setdefault(f"{name}.py", '# %% tags=["parameters"]\nupstream = None\nproduct = None\n' + MAKES)
    for name, content in sources.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if spec is None:
        spec = "tasks:\n" + "".join(
            f"  - source: {name}\n    product: {{nb: out/{Path(name).stem}.ipynb}}\n" for name in sources
        )
    (root / "pipeline.yaml").write_bytes(spec.encode())
    return root / "pipeline.yaml"


def look(path: Path) -> Project:
    return load(entry_of_file(path), ParseCache())


def edit(path: Path, task: str, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> Change:
    change = edit_upstream(look(path), task, add=add, remove=remove)
    apply(change)
    return change


def upstream(path: Path, task: str) -> tuple[str, ...]:
    project = look(path)
    spec = project.tasks[task]
    assert task not in project.unsound
    return project.facts[task].upstream if spec.upstream is None else spec.upstream


def cell(text: str) -> str:
    return f'# %% tags=["parameters"]\n{text}\nproduct = None\n{MAKES}'


# --- The literal ---------------------------------------------------------------------------

names = st.lists(st.sampled_from(["load", "fit-*", "clean data", "it's", 'so "called"', "é", "a\\b"]), unique=True)
comments = st.sampled_from(["", "  # why", "  # it, ['is'] \"so\""])


@st.composite
def literals(draw: st.DrawFn) -> tuple[str, list[str]]:
    """An assignment to `upstream` as somebody may have laid it out, and the names in it."""
    found = draw(names)
    annotation = draw(st.sampled_from(["", ": list", " : 'object' "]))
    left = (
        f"upstream{annotation} = "
        if annotation
        else draw(st.sampled_from(["upstream = ", "upstream=", "x = upstream = "]))
    )
    kind = draw(st.sampled_from(["list", "tuple", "bare", "set", "dict"]))
    quote = draw(st.sampled_from(["'", '"', ""]))
    written = [repr(name) if not quote or quote in name or "\\" in name else f"{quote}{name}{quote}" for name in found]
    if not found:
        return f"{left}None{draw(comments)}", found
    if kind == "dict":
        written = [f"{item}: {draw(st.sampled_from(['None', '1', '(2, 3)', '{4: [5,]}']))}" for item in written]
    if kind == "bare":
        return left + ", ".join(written) + ("," if len(found) == 1 else "") + draw(comments), found
    opening, closing = {"list": "[]", "set": "{}", "dict": "{}", "tuple": "()"}[kind]
    trailing = draw(st.booleans()) or (kind == "tuple" and len(found) == 1)
    layout = draw(st.sampled_from(["flat", "tight", "lines", "hanging", "mixed"]))
    if layout in ("flat", "tight"):
        inner = (", " if layout == "flat" else ",").join(written) + ("," if trailing else "")
        return f"{left}{opening}{inner}{closing}{draw(comments)}", found
    indent = " " * draw(st.integers(0, 6))
    lines = []
    for position, item in enumerate(written):
        last = position == len(written) - 1
        lines.append(f"{indent}{item}{',' if not last or trailing else ''}{draw(comments)}")
        if draw(st.booleans()):
            lines.append(draw(st.sampled_from([f"{indent}# a line, of [its own]", ""])))
    body = "\n".join(lines)
    if layout == "hanging":
        body = body.lstrip(" ")
        return f"{left}{opening}{body}\n{closing}{draw(comments)}", found
    if layout == "mixed" and "#" not in lines[-1] and lines[-1]:
        return f"{left}{opening}\n{body}{closing}{draw(comments)}", found
    return f"{left}{opening}{draw(comments)}\n{body}\n{closing}{draw(comments)}", found


around = st.sampled_from(["", "x = 1\n", "# a comment\n\n", "%matplotlib inline\n", "upstream = ['former']\n"])


@given(
    literals(),
    around,
    st.sampled_from(["", "\nproduct = None", "\nx = 2  # after\n"]),
    st.sampled_from(["new", "m-*", "d'ô"]),
)
def test_a_name_added_is_seen_and_removed_again_leaves_the_text_as_it_was(
    literal: tuple[str, list[str]], before: str, after: str, name: str
) -> None:
    text, found = literal
    whole = before + text + after
    script = f'# %% tags=["parameters"]\n{{}}\n{MAKES}'

    def seen(cell: str) -> tuple[str, ...]:
        facts = read_facts(script.format(cell).encode(), "fit.py", "fit", extract_upstream=True)
        assert not facts.problems
        return facts.upstream

    added = with_name(whole, name)
    assert seen(added) == (*found, name)
    assert without_name(added, name) == whole
    comments = text.count("# a line, of [its own]")
    for gone in found:
        less = without_name(whole, gone)
        assert set(seen(less)) == set(found) - {gone}
        assert less.count("# a line, of [its own]") == comments
        assert less.startswith(before)
        assert less.endswith(after)


# --- Sources -------------------------------------------------------------------------------

LIGHT = "# + tags=['parameters']\nupstream = ['load']\nproduct = None\n# -\n\nx  =  1\n"
MARKDOWN = (
    '# Title\n\n```python tags=["parameters"]\nupstream = ("load",)\nproduct = None\n```\n\n'
    "Some *text*.\n\n```python\nx = 1\n```\n"
)
RMD = (
    '# Title\n\n```{r tags=c("parameters")}\nupstream <- list("load")  # why\nproduct <- NULL\n```\n\n'
    "```{r}\nx <- 1\n```\n"
)
R = '# %% tags=["parameters"]\nupstream = c(\n  "load",  # one\n  "fit-0"\n)\nproduct <- NULL\n\n# %%\nx <- 1\n'


def notebook(text: str, indent: int = 1) -> bytes:
    import json

    found = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Title", id="a"),
            nbformat.v4.new_code_cell(text, id="b", metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell("1 + 1\n'é'", id="c", execution_count=3),
        ]
    )
    return json.dumps(found, indent=indent, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("task.py", cell("upstream = ['load']  # why")),
        ("task.py", LIGHT),
        ("task.py", "\ufeff" + cell("upstream = ['load']").replace("\n", "\r\n").rstrip()),
        ("task.py", ("# -*- coding: latin-1 -*-\n# ñ\n" + cell("upstream = ['load']")).encode("latin-1")),
        ("task.md", MARKDOWN),
        ("task.Rmd", RMD),
        ("task.R", R),
        ("task.R", R.replace("upstream = c(", "upstream <- NULL  # c(").replace('"load",  # one\n  "fit-0"\n)', "")),
        ("task.ipynb", notebook("upstream = ['load']")),
        ("task.ipynb", notebook("upstream = ['load']\nproduct = None\n", indent=4)),
        ("task.ipynb", notebook("upstream = None")),
    ],
    ids=[
        "percent",
        "light",
        "crlf-bom-unended",
        "latin-1",
        "md",
        "Rmd",
        "R",
        "R-null",
        "ipynb",
        "ipynb-indented",
        "ipynb-none",
    ],
)
def test_a_source_of_any_format_changes_in_that_line_only(tmp_path: Path, name: str, content: str | bytes) -> None:
    path = make(tmp_path, {name: content})
    source = tmp_path / name
    source.chmod(0o640)
    original = source.read_bytes()
    had = upstream(path, "task")

    change = edit(path, "task", add=("clean",))
    assert upstream(path, "task") == (*had, "clean")
    assert change.said == ("'task' needs 'clean' now.",)
    assert len([line for line in change.diff.splitlines()[2:] if line[:1] in "+-"]) <= 6
    assert stat.S_IMODE(source.stat().st_mode) == 0o640

    edit(path, "task", remove=("clean",))
    assert source.read_bytes() == original
    assert {file.name for file in tmp_path.iterdir()} == {*(f"{task}.py" for task in NAMES), name, "pipeline.yaml"}


def test_what_is_missing_is_added_in_the_files_own_format(tmp_path: Path) -> None:
    sources: dict[str, str | bytes] = {
        "bare.py": "import os\n\nprint(os.name)\n",
        "percent.py": "# %% [markdown]\n# # Title\n\n# %%\nprint(1)\n",
        "book.ipynb": notebook("product = None").replace(b"parameters", b"other"),
        "half.py": '# %% tags=["parameters"]\nproduct = None\n\n# %%\nprint(1)\n',
        "text.md": "# Title\n\n```python\nprint(1)\n```\n",
    }
    path = make(tmp_path, dict(sources))
    for source in sources:
        task = source.split(".")[0]
        edit(path, task, add=("load", "fit-*"))
        assert upstream(path, task) == ("load", "fit-*")
        written = (tmp_path / source).read_text()
        assert written.count("upstream = [") == 1
        edit(path, task, remove=("load", "fit-*"))
        assert upstream(path, task) == ()
    assert (tmp_path / "bare.py").read_text().endswith("import os\n\nprint(os.name)\n")
    assert (tmp_path / "half.py").read_text().replace("upstream = None\n", "") == sources["half.py"]


# --- pipeline.yaml -------------------------------------------------------------------------

HEAD = "# mine\nmeta:\n  extract_upstream: false  # here\n\ntasks:\n"
REST = "".join(f"  - {{source: {name}.py, product: {{nb: out/{name}.ipynb}}}}\n" for name in NAMES)

yaml_names = st.lists(st.sampled_from(["load", "clean", "fit-*", "it's", "yes", "a: b", "é"]), unique=True, min_size=1)


@st.composite
def entries(draw: st.DrawFn) -> tuple[str, list[str]]:
    """An entry of a pipeline with an `upstream` as somebody may have laid it out."""
    found = draw(yaml_names)
    quote = draw(st.sampled_from(["'", '"']))

    def written(name: str) -> str:
        plain = name not in ("it's", "yes", "a: b") and draw(st.booleans())
        return name if plain else f'"{name}"' if quote == '"' or "'" in name else f"'{name}'"

    items = [written(name) for name in found]
    comment = draw(st.sampled_from(["", "  # why", "  # [a, b]: c"]))
    layout = draw(st.sampled_from(["flow", "lines", "block", "indented"]))
    if layout == "flow":
        text = f"upstream: [{', '.join(items)}]{comment}"
    elif layout == "lines":
        end = draw(st.sampled_from([",\n    ", "\n    ", ""]))
        text = f"upstream: [{comment}\n" + f",{comment}\n".join(f"      {item}" for item in items) + f"{end}]"
    else:
        indent = "    " if layout == "block" else "      "
        text = f"upstream:{comment}\n" + "\n".join(f"{indent}- {item}{comment}" for item in items)
    product = "product: {nb: out/task.ipynb}"
    order = draw(st.sampled_from([(text, product), (product, text), (product, "# c", text, "params: {x: 1}")]))
    return "  - source: task.py\n    " + "\n    ".join(order), found


@settings(max_examples=60)
@given(entries(), st.sampled_from(["new", "m-*", "no", "[x]", "d'ô"]), st.booleans(), st.booleans(), st.booleans())
def test_yaml_keeps_every_other_byte(
    entry: tuple[str, list[str]], name: str, bom: bool, windows: bool, first: bool
) -> None:
    text, found = entry
    whole = HEAD + (text + "\n" + REST if first else REST + text)
    line = whole[: whole.index("source: task.py")].count("\n") + 1
    content = whole.replace("\n", "\r\n" if windows else "\n").encode("utf-8-sig" if bom else "utf-8")

    file = read_yaml_text(content, "pipeline.yaml")
    added = file.with_upstream(line, 5, name)
    assert read_yaml_text(added.encode(), "pipeline.yaml").upstream(line, 5) == (*found, name)
    assert added.without_upstream(line, 5, name).encode() == content
    for gone in found:
        less = file.without_upstream(line, 5, gone)
        assert less.upstream(line, 5) == tuple(other for other in found if other != gone)


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ("  - source: task.py\n    name: task  # c\n", "    upstream: [load]\n"),
        ("  - {source: task.py, product: out/task.ipynb}\n", ", upstream: [load]}"),
        ("  - source: task.py\n    upstream: clean\n", "    upstream: [clean, load]\n"),
        ("  - source: task.py\n    upstream:  # none yet\n", "    upstream: [load]  # none yet\n"),
        ("  - source: task.py\n    upstream: null\n", "    upstream: [load]\n"),
        ("  - source: task.py\n    upstream: []\n", "    upstream: [load]\n"),
        ("  - source: task.py\n    upstream: []  # none\n", "    upstream: [load]  # none\n"),
    ],
)
def test_yaml_that_lacks_upstream_or_has_one(tmp_path: Path, entry: str, wanted: str) -> None:
    product = "" if "product" in entry else "    product: {nb: out/task.ipynb}\n"
    path = make(tmp_path, {"task.py": "print(1)\n"}, HEAD + entry + product + REST)
    before = upstream(path, "task")
    change = edit(path, "task", add=("load",))
    assert upstream(path, "task") == (*before, "load")
    assert wanted in path.read_text()
    assert sum(line.startswith(("+", "-")) for line in change.diff.splitlines()[2:]) <= 2


# --- Refusing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "asked", "words"),
    [
        ("upstream = list(['load'])", {"add": ("clean",)}, "must be written out"),
        ("upstream = ['load']\nupstream += ['clean']", {"add": ("fit-0",)}, "must be written out"),
        ("upstream = ['fit-*']", {"remove": ("fit-0",)}, "needs 'fit-0' through 'fit-*'"),
        ("upstream = ['load']", {"remove": ("laod",)}, "Did you mean 'load'?"),
        ("upstream = ['load']", {"add": ("claen",)}, "Did you mean 'clean'?"),
        ("upstream = ['load']", {"add": ("x-*",)}, "No task matches 'x-*'."),
        ("upstream = ['load']", {"add": ("task",)}, "cannot need itself"),
        ("upstream = ['load']", {"add": ("below",)}, "task → below → task"),
        ("upstream = ['load']", {"add": ("belo*",)}, "task → below → task"),
        ("upstream = ['load']", {"add": ("clean",), "remove": ("clean",)}, "both added and removed"),
        ("upstream = [", {"add": ("clean",)}, "not valid Python"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(
    tmp_path: Path, text: str, asked: dict[str, tuple[str, ...]], words: str
) -> None:
    path = make(tmp_path, {"task.py": cell(text), "below.py": cell("upstream = ['task']")})
    with pytest.raises(CauceError) as refused:
        edit_upstream(look(path), "task", **asked)
    assert words in f"{refused.value.message} {refused.value.hint}"
    assert isinstance(refused.value, (UsageError, NotFound))


def test_a_yaml_value_that_others_share_is_refused(tmp_path: Path) -> None:
    shared = (
        HEAD
        + "  - source: task.py\n    product: {nb: out/task.ipynb}\n    upstream: &them [load]\n"
        + "  - source: other.py\n    product: {nb: out/other.ipynb}\n    upstream: *them\n"
        + "  - &base\n    source: a.py\n    product: {nb: out/a.ipynb}\n    upstream: [load]\n"
        + "  - <<: *base\n    source: b.py\n    product: {nb: out/b.ipynb}\n"
        + REST
    )
    path = make(tmp_path, {f"{name}.py": "print(1)\n" for name in ("task", "other", "a", "b")}, shared)
    for task in ("task", "other", "b"):
        with pytest.raises(UsageError, match=r"through an anchor|merge key"):
            edit_upstream(look(path), task, add=("clean",))


def test_a_file_that_changed_meanwhile_is_left_alone_and_a_link_stays_one(tmp_path: Path) -> None:
    path = make(tmp_path, {"real/task.py": cell("upstream = None"), "other.py": cell("upstream = None")})
    (tmp_path / "real/other.py").symlink_to("../other.py")
    path.write_text(path.read_text().replace("source: other.py", "source: real/other.py"))
    change = edit_upstream(look(path), "task", add=("load",))
    (tmp_path / "real/task.py").write_text("# mine\n")
    with pytest.raises(CauceError, match="was changed meanwhile"):
        apply(change)
    assert (tmp_path / "real/task.py").read_text() == "# mine\n"

    edit(path, "other", add=("load",))
    assert (tmp_path / "real/other.py").is_symlink()
    assert "['load']" in (tmp_path / "other.py").read_text().replace('"', "'")


# --- The command ---------------------------------------------------------------------------


def cauce(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cauce", *arguments]
    return subprocess.run(
        command, cwd=path.parent, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def test_the_command_shows_the_diff_and_does_it_unless_it_is_dry(tmp_path: Path) -> None:
    path = make(tmp_path, {"task.py": cell("upstream = ['load']")})
    source = tmp_path / "task.py"
    original = source.read_text()

    dry = cauce(path, "upstream", "task", "--add", "clean", "--dry-run")
    assert dry.returncode == 0
    assert "+upstream = ['load', 'clean']" in dry.stdout
    assert source.read_text() == original

    done = cauce(path, "upstream", "task", "--add", "clean", "--remove", "load")
    assert "+upstream = ['clean']" in done.stdout
    assert done.stdout.endswith("'task' needs 'clean' now.\n'task' no longer needs 'load'.\n")
    assert upstream(path, "task") == ("clean",)

    again = cauce(path, "upstream", "task", "--add", "clean")
    assert (again.returncode, again.stdout) == (0, "'task' needs 'clean' already.\n")
    shown = cauce(path, "upstream", "task")
    assert (shown.returncode, shown.stdout) == (0, "clean\n")
    wrong = cauce(path, "upstream", "tsak", "--add", "clean")
    assert wrong.returncode == 2
    assert "Did you mean 'task'?" in wrong.stderr


def test_what_follows_from_code_is_not_edited_but_pointed_at(tmp_path: Path) -> None:
    spec = (
        "tasks:\n  - {source: code.fit, product: out/fit.txt}\n"
        "  - {source: rows.sql, product: out/rows.csv, client: code.client}\n"
        "  - {source: load.py, product: {nb: out/load.ipynb}}\n"
    )
    code = "def fit(product, upstream):\n    upstream['load']\n\n\ndef client():\n    pass\n"
    path = make(tmp_path, {"code.py": code, "rows.sql": "SELECT 1\n"}, spec)
    for task, source in (("fit", "code.fit"), ("rows", "rows.sql")):
        with pytest.raises(UsageError, match=f"What '{task}' needs follows from what") as refused:
            edit_upstream(look(path), task, add=("load",))
        assert refused.value.hint == f"Change the code in {source}."

    path.write_text("meta: {extract_upstream: false}\n" + spec.replace("fit.txt}", "fit.txt, upstream: load}"))
    edit(path, "fit", add=("rows",))
    assert "product: out/fit.txt, upstream: [load, rows]}" in path.read_text()
