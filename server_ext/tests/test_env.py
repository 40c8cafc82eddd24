"""env.yaml and placeholders: what is filled in, how it is cast, and what is said of what cannot be."""

from __future__ import annotations

import ast
import getpass
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cauce.contract import Problem, Where
from cauce.engine.document import MAX_VALUES, Node, TooLarge, Value, plain, read_document
from cauce.engine.spec import entry_of_file
from cauce.engine.spec.env import env_leaves, read_environment
from cauce.engine.spec.model import Entry
from cauce.engine.spec.placeholders import Environment, awaits, cast, expand


@dataclass(frozen=True)
class Filled:
    """A pipeline's text with its placeholders filled in, and all that was said."""

    value: Value
    problems: tuple[Problem, ...]
    environment: Environment


def fill(
    folder: Path,
    text: str,
    overrides: Mapping[str, Value] | None = None,
    evaluated: Mapping[str, Value] | None = None,
    environ: Mapping[str, str] | None = None,
    **files: str,
) -> Filled:
    """Fill in `text` with the files (``env_serve="…"`` is env.serve.yaml) beside it."""
    for name, content in files.items():
        (folder / f"{name.replace('_', '.')}.yaml").write_text(content)
    entry = replace(entry_of_file(folder / "pipeline.yaml", environ=environ or {}), overrides=overrides or {})
    return fill_entry(entry, text, evaluated, environ)


def fill_entry(
    entry: Entry, text: str, evaluated: Mapping[str, Value] | None = None, environ: Mapping[str, str] | None = None
) -> Filled:
    def read(path: str) -> bytes | None:
        file = entry.root / path
        return file.read_bytes() if file.is_file() else None

    environment = read_environment(entry, read, evaluated or {}, environ or {})
    problems: list[Problem] = []

    def report(code: str, message: str, node: Node, hint: str = "") -> None:
        where = Where(path="pipeline.yaml", line=node.line, column=node.column)
        problems.append(Problem(code=code, message=message, severity="error", hint=hint, where=where))

    root = read_document(text.encode(), "pipeline.yaml").root
    assert root is not None
    node = expand(root, environment, report)
    assert (node.line, node.column) == (root.line, root.column)
    return Filled(plain(node), (*environment.problems, *problems), environment)


@pytest.mark.case("G1", note="only what was filled in is cast: a quoted 'true' stays text")
def test_a_value_that_is_filled_in_is_cast_and_all_others_keep_their_type(tmp_path: Path) -> None:
    env = "n: 3\nyes_: 'true'\nnone: 'None'\nlist: [1, two]\ndeep: {a: {b: x}}\nlater: 2024-10-10\n"
    filled = fill(
        tmp_path,
        "- ['{{n}}', '{{ n }}', '{{yes_}}', '{{none}}', '{{list}}', '{{deep.a}}', '{{list.1}}', '{{later}}']\n"
        "- ['{{n}}{{n}}', 'out/{{deep.a.b}}-{{yes_}}.csv', '[{{n}}, 4]', '\"{{n}}\"']\n"
        "- ['true', '3', true, 3, 007, null, '[1]']\n"
        "- {'{{n}}': '{{n}}', task: '{{name}}', grid: '[[n]]'}\n",
        env=env,
    )
    assert filled.value == [
        [3, 3, True, None, [1, "two"], {"b": "x"}, "two", "2024-10-10"],
        [33, "out/x-true.csv", [3, 4], "3"],
        ["true", "3", True, 3, 7, None, "[1]"],
        {"{{n}}": 3, "task": "{{name}}", "grid": "[[n]]"},
    ]
    assert filled.problems == ()


@pytest.mark.case("G4", note="each by name, with its place, what may have been meant and the line to add")
def test_what_is_not_defined_is_named_with_its_place_and_what_to_do(tmp_path: Path) -> None:
    filled = fill(tmp_path, "a: '{{alpha}}'\nb: ['{{zzz}}', '{{zzz}}/{{zzz}}']\n", env="alhpa: 1\n")
    assert filled.value == {"a": "{{alpha}}", "b": ["{{zzz}}", "{{zzz}}/{{zzz}}"]}
    alpha, zzz = filled.problems
    assert (alpha.message, alpha.hint) == ("The placeholder '{{alpha}}' is not defined.", "Did you mean '{{alhpa}}'?")
    assert alpha.where == Where(path="pipeline.yaml", line=1, column=4)
    assert (zzz.message, zzz.hint) == ("The placeholder '{{zzz}}' is not defined.", "Add 'zzz: …' to env.yaml.")


def test_without_an_env_file_the_hint_is_to_make_one(tmp_path: Path) -> None:
    [problem] = fill(tmp_path, "['{{a.b}}']").problems
    assert problem.hint == "Make a file env.yaml beside the pipeline, with the line 'a: {b: …}'."


@pytest.mark.parametrize(
    "text", ["{{n|upper}}", "{{n + 1}}", "{{ 'n' }}", "{{my-key}}", "{% if n %}1{% endif %}", "{{"]
)
def test_nothing_but_names_is_filled_in(tmp_path: Path, text: str) -> None:
    filled = fill(tmp_path, f'["{text}"]', env="n: 1")
    assert filled.value == [text]
    [problem] = filled.problems
    assert problem.code == "placeholder_syntax"


@pytest.mark.case("G5", note="git is asked by the builder alone; {{env.NAME}} works in pipeline.yaml too")
def test_default_placeholders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUCE_TEST", "7")
    (tmp_path / "setup.py").touch()
    (package := tmp_path / "src" / "package").mkdir(parents=True)
    text = "['{{here}}', '{{cwd}}', '{{root}}/a', '{{user}}', '{{env.CAUCE_TEST}}', 'x {{env.CAUCE_TEST}}']"
    filled = fill(package, text)
    assert filled.value == [str(package), str(tmp_path), f"{tmp_path}/a", getpass.getuser(), 7, "x 7"]
    assert not filled.environment.needs
    [problem] = fill(tmp_path, "['{{env.CAUCE_TSET}}']").problems
    assert problem.message == "The environment variable 'CAUCE_TSET' is not set."


@pytest.mark.case("G5")
def test_what_git_and_the_clock_say_is_left_to_the_builder(tmp_path: Path) -> None:
    text = "['{{git}}/{{git_hash}}', '{{stamp}}', '{{n}}']"
    env = "stamp: 'at {{now}}'\nn: 1\nidle: '{{now}}'\n"
    outside = fill(tmp_path, text, env=env)
    assert [problem.code for problem in outside.problems] == ["placeholder_no_git"]
    (tmp_path / ".git").mkdir()
    unknown = fill(tmp_path, text, env=env)
    assert unknown.problems == ()
    assert unknown.value == ["{{git}}/{{git_hash}}", "at {{now}}", 1]
    assert awaits("at {{now}}")
    assert list(unknown.environment.needs) == ["git", "git_hash", "now"]
    known = fill(tmp_path, text, evaluated={"git": "main", "git_hash": "1234567", "now": "2030-01-02"}, env=env)
    assert known.value == ["main/1234567", "at 2030-01-02", 1]
    assert list(known.environment.needs) == ["git", "git_hash", "now"]
    unwanted = fill(tmp_path, "['{{n}}']", env=env)
    assert not unwanted.environment.needs
    own = fill(tmp_path, "['{{git}}', '{{root}}']", env="git: mine\nroot: out\n")
    assert own.value == ["mine", "out"]
    assert not own.environment.needs


@pytest.mark.case("G6", note="with the place in env.yaml")
def test_values_that_nothing_asks_for_are_warned_of(tmp_path: Path) -> None:
    filled = fill(tmp_path, "['{{a}}']", env="b: 2\na: '{{b}}'\nc: {d: 3}\ne: 1\n_module: x\n")
    warning = filled.environment.unused()
    assert filled.problems == ()
    assert warning is not None
    assert (warning.severity, warning.message) == ("warning", "The keys 'c', 'e' of env.yaml are used nowhere.")
    assert warning.where == Where(path="env.yaml", line=3, column=1)
    assert fill(tmp_path, "['{{c.d}}']", env="c: {d: 3}\n").environment.unused() is None


def test_a_value_of_env_yaml_may_use_the_keys_above_it(tmp_path: Path) -> None:
    env = "data: '{{root}}/data'\nraw: '{{data}}/raw'\nbroken: '{{below}}'\nbelow: 1\n"
    filled = fill(tmp_path, "['{{raw}}']", env=env)
    assert filled.value == [f"{tmp_path}/data/raw"]
    [problem] = filled.problems
    assert problem.hint == "Move 'below' up: a value in env.yaml can only use keys above it."
    assert problem.where == Where(path="env.yaml", line=3, column=9)


def test_paths_know_the_home_folder_and_nothing_is_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    env = "path: {home: ~/data/, out: ./out/, other: ~root/x}\nplain: ~/x\n"
    filled = fill(tmp_path, "['{{path.home}}', '{{path.out}}', '{{path.other}}', '{{plain}}']", env=env)
    assert filled.value == ["/home/me/data", "out", "~root/x", "~/x"]
    assert [file.name for file in tmp_path.iterdir()] == ["env.yaml"]


def test_another_file_may_be_imported_and_own_values_win(tmp_path: Path) -> None:
    base = "a: 1\ngroup: {x: 1, y: 1}\nfrom_base: '{{a}}'\n"
    env = "meta: {import_from: base.yaml}\na: 2\ngroup: {y: 2}\nb: '{{from_base}}'\n"
    filled = fill(tmp_path, "['{{a}}', '{{group}}', '{{b}}']", env=env, base=base)
    assert filled.value == [2, {"x": 1, "y": 2}, 1]
    assert filled.problems == ()
    assert filled.environment.files == ["env.yaml", "base.yaml"]
    assert filled.environment.places["group.x"].path == "base.yaml"


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ("- 1", "env.yaml must be a mapping."),
        ("a: [", "This is not YAML: "),
        ("a__b: 1", "The key 'a__b' has two underscores in a row."),
        ("a: {b__c: 1}", "The key 'b__c' has two underscores in a row."),
        ("_a: 1", "The key '_a' begins with an underscore."),
        ("meta: 1", "'meta' must be a mapping."),
        ("meta: {imports: x}", "'imports' is no key of 'meta' in env.yaml."),
        ("meta: {import_from: 1}", "'import_from' must be the path of a file."),
        ("meta: {import_from: no.yaml}", "no.yaml does not exist."),
        ("meta: {import_from: ../x.yaml}", "'../x.yaml' lies outside the project."),
        ("meta: {import_from: env.yaml}", "These files import each other."),
        ("a: '{{b|c}}'", "The placeholder in '{{b|c}}' is more than a name."),
    ],
)
def test_what_is_wrong_with_env_yaml_is_said_once_with_its_place(tmp_path: Path, env: str, message: str) -> None:
    [problem] = fill(tmp_path, "[1]", env=env).problems
    assert problem.message.startswith(message)
    assert problem.where is not None
    assert problem.where.path == "env.yaml"
    assert problem.message.endswith(".")


def test_an_empty_env_file_is_none(tmp_path: Path) -> None:
    assert fill(tmp_path, "['x']", env="# nothing yet\n").problems == ()


@pytest.mark.case("G2", note="values that use the one given follow it")
def test_values_given_for_one_time_replace_leaves(tmp_path: Path) -> None:
    env = "nested: {p: 1, q: 2}\nout: 'out/{{nested.p}}'\n"
    filled = fill(tmp_path, "['{{nested.p}}', '{{nested.q}}', '{{out}}']", {"nested.p": 9}, env=env)
    assert filled.value == [9, 2, "out/9"]
    wrong = fill(tmp_path, "[1]", {"nested.pp": 1, "nested": 1, "zzz": 1}, env=env)
    assert [(problem.message, problem.hint) for problem in wrong.problems] == [
        ("'nested.pp' is no key of env.yaml.", "Did you mean 'nested.p'?"),
        ("'nested' is a group of values.", "Give one of them, such as 'nested.p'."),
        ("'zzz' is no key of env.yaml.", "Keys are: nested, nested.p, nested.q, out."),
    ]
    (tmp_path / "bare").mkdir()
    [problem] = fill(tmp_path / "bare", "[1]", {"x": 1}).problems
    assert problem.message == "'x' cannot be given: the pipeline has no env.yaml."


def test_the_leaves_are_told_with_their_values_as_written(tmp_path: Path) -> None:
    base, env = "a: 1\nb: {c: '{{a}}'}\n", "meta: {import_from: base.yaml}\nb: {d: [1, 2]}\na: x\n"
    (tmp_path / "base.yaml").write_text(base)
    (tmp_path / "env.yaml").write_text(env)
    leaves = env_leaves(entry_of_file(tmp_path / "pipeline.yaml", environ={}))
    assert leaves == [("a", "x"), ("b.c", "{{a}}"), ("b.d", [1, 2])]


@pytest.mark.case("G3")
def test_the_env_file_of_a_pipeline_is_the_one_of_its_name_or_the_one_that_is_asked_for(tmp_path: Path) -> None:
    files = {"env": "x: plain", "env_serve": "x: serve", "env_other": "x: other"}

    def x(pipeline: str, environ: Mapping[str, str]) -> tuple[Value, tuple[str, ...]]:
        fill(tmp_path, "[1]", **files)
        filled = fill_entry(entry_of_file(tmp_path / pipeline, environ=environ), "'{{x}}'", {}, environ)
        return filled.value, tuple(problem.message for problem in filled.problems)

    assert x("pipeline.yaml", {}) == ("plain", ())
    assert x("pipeline.serve.yaml", {}) == ("serve", ())
    assert x("pipeline.train.yaml", {}) == ("plain", ())
    assert x("pipeline.serve.yaml", {"PLOOMBER_ENV_FILENAME": "env.other.yaml"}) == ("other", ())
    _, (missing, _) = x("pipeline.yaml", {"PLOOMBER_ENV_FILENAME": "no.yaml"})
    assert missing == "PLOOMBER_ENV_FILENAME names no.yaml, which does not exist."
    _, (folder, _) = x("pipeline.yaml", {"PLOOMBER_ENV_FILENAME": "a/env.yaml"})
    assert folder == "PLOOMBER_ENV_FILENAME is 'a/env.yaml', which is more than a file name."


def test_env_yml_is_to_be_renamed(tmp_path: Path) -> None:
    (tmp_path / "env.yml").write_text("x: 1")
    [problem, _] = fill(tmp_path, "['{{x}}']").problems
    assert (problem.message, problem.hint) == (
        "env.yml is not read: its name must end in .yaml.",
        "Rename it to env.yaml.",
    )
    assert fill(tmp_path, "['{{x}}']", env="x: 2").value == [2]


def test_in_a_package_env_yaml_may_lie_in_the_root_or_where_one_works(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (package := tmp_path / "src" / "package").mkdir(parents=True)
    (package / "env.yaml").write_text("x: package")
    pipeline = package / "pipeline.yaml"
    assert entry_of_file(pipeline).env == package / "env.yaml"
    (tmp_path / "env.yaml").write_text("x: root")
    assert entry_of_file(pipeline).env == tmp_path / "env.yaml"
    assert entry_of_file(pipeline, cwd=package).env == package / "env.yaml"
    assert entry_of_file(pipeline, cwd=tmp_path.parent).env == tmp_path / "env.yaml"


# --- Nothing that is written can harm


def test_values_that_double_at_each_step_are_refused(tmp_path: Path) -> None:
    lists = "a0: [1, 2, 3, 4]\n" + "".join(f"a{n + 1}: ['{{{{a{n}}}}}', '{{{{a{n}}}}}']\n" for n in range(60))
    texts = f"a0: {'x' * 1000}\n" + "".join(f"a{n + 1}: '{{{{a{n}}}}}{{{{a{n}}}}}'\n" for n in range(60))
    for env in (lists, texts):
        filled = fill(tmp_path, "['{{a60}}']", env=env)
        assert {problem.code for problem in filled.problems} & {"placeholder_too_large", "env_too_large"}
        assert len(str(filled.value)) < 5_000_000


@pytest.mark.parametrize("values", [{"n": 1}, {}])
def test_an_alias_costs_no_more_than_what_it_names(values: dict[str, Value]) -> None:
    bomb = "a0: &a0 ['{{n}}']\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(49))
    root = read_document(bomb.encode(), "pipeline.yaml").root
    assert root is not None
    environment = Environment(entry_of_file(Path("/project/pipeline.yaml")), {}, values)
    expanded = expand(root, environment, lambda *_, **__: None)
    with pytest.raises(TooLarge):
        plain(expanded)


words = st.sampled_from(
    ["a", "b", "{{a}}", "{{b}}", "{{a.b}}", "{{", "}}", "{%", "%}", "{{now}}", "{{env.X}}", " ", "~/"]
)
texts = st.one_of(st.text(max_size=20), st.lists(words, max_size=6).map("".join))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "path", "meta", "_x", "import_from"]), inner, max_size=3),
    ),
    max_leaves=10,
)


@given(env=st.one_of(st.binary(max_size=200), texts.map(lambda text: f"a: {text}".encode()), values), pipeline=values)
def test_no_text_makes_reading_fail(env: bytes | Value, pipeline: Value) -> None:
    content = env if isinstance(env, bytes) else _dump(env)
    entry = Entry("file", Path("/project"), Path("/project/pipeline.yaml"), env=Path("/project/env.yaml"))
    environment = read_environment(entry, lambda _: content, {"now": "12"}, {})
    root = read_document(_dump(pipeline), "pipeline.yaml").root
    if root is None:
        return
    said: list[str] = []
    expanded = expand(root, environment, lambda _code, message, _node, hint="": said.append(message + hint))
    plain(expanded)
    environment.unused()
    for message in said:
        assert len(message) < 1000


def _dump(value: Value | bytes) -> bytes:
    import yaml

    return yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "surrogatepass")


literals = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["True", "fALSE", "None", "null", "1_0", "007", " 1", "1 ", "1e999", "-1", "--1", "[1, (2,)]", "{1: 2}"]
    ),
    st.integers().map(str),
    st.floats().map(str),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.binary(max_size=3)),
        lambda inner: st.one_of(
            st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(st.text(max_size=3), inner)
        ),
        max_leaves=5,
    ).map(repr),
)


@given(literals)
def test_casting_is_ploombers_as_far_as_it_gives_plain_data(text: str) -> None:
    got = cast(text)
    if text.lower() in ("true", "false"):
        assert got is (text.lower() == "true")
        return
    if text.lower() in ("none", "null"):
        assert got is None
        return
    try:
        literal = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        assert got == text
        return
    assert got in (text, literal) or got == _listed(literal)
    if isinstance(literal, bool | str) or (isinstance(literal, int) and literal.bit_length() < 1000):
        assert got == literal


def _listed(value: object) -> object:
    match value:
        case list() | tuple():
            return [_listed(item) for item in value]
        case dict():
            return {str(key): _listed(item) for key, item in value.items()}
        case _:
            return value


def test_what_is_too_large_to_read_as_a_literal_stays_text() -> None:
    for text in ("[" * 5000, "-" * 9999 + "1", "1+" * 4000 + "1j", "9" * 5000, f"[{'1,' * MAX_VALUES}]"):
        assert cast(text) == text
