"""SQL and shell scripts with placeholders: what they need and make, and what of their text counts."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from looked import Looked

from cauce.contract import Where, encode
from cauce.engine.source import SourceFacts
from cauce.engine.templates import normal_shell, normal_sql, read_template, template_facts


def facts(text: str | bytes, *, sql: bool = True, folder: str = "sql", **others: str) -> SourceFacts:
    content = text if isinstance(text, bytes) else text.encode()
    files = {f"{folder}/{name}.sql": read_template(other.encode(), sql=sql) for name, other in others.items()}
    return template_facts(
        read_template(content, sql=sql),
        "sql/task.sql",
        "task",
        extract_upstream=True,
        extract_product=True,
        folder=folder,
        find=files.get,
    )


def errors(found: SourceFacts) -> list[str]:
    return [problem.code for problem in found.problems if problem.code != "product_missing_in_source"]


# --- Upstream -------------------------------------------------------------------------------


@pytest.mark.case("X5")
@pytest.mark.parametrize(
    ("text", "upstream"),
    [
        ("select * from {{upstream.a}} join {{ upstream['b']['c'] }}", ("a", "b")),
        ("{{upstream['b']}} {{upstream.a}} {{upstream['b']}}", ("b", "a")),
        ('{% if x %}{{ upstream["fit-*"] | length }}{% endif %}', ("fit-*",)),
        ("{% for each in upstream['a'].values() %}{{each}}{% endfor %}", ("a",)),
        ("-- {{upstream.a}} in a comment counts, for it is filled in, too", ("a",)),
        ("{# {{upstream.a}} #} {% raw %}{{upstream.b}}{% endraw %}", ()),
        ("{{upstream[name]}} {{other.upstream.a}} {{other['upstream']}}", ()),
        ("{{upstream}}", ()),
        ("select 1", ()),
        ("{% raise 'no ' ~ upstream.a %}", ("a",)),
    ],
)
def test_upstream_is_what_placeholders_name(text: str, upstream: tuple[str, ...]) -> None:
    assert facts(text).upstream == upstream
    assert errors(facts(text)) == []


def test_what_a_template_takes_from_outside() -> None:
    use = facts(
        "{% set mine = 1 %}{% macro m(arg) %}{{arg}}{% endmacro %}{{mine}}{{m(2)}}{{range(3)}}"
        "{% for i in items %}{{loop.index}}{{i}}{% endfor %}{{limit}} {{product}} {{upstream.a}}"
    ).template
    assert use is not None
    assert use.names == {"items", "limit", "product", "upstream"}
    assert use.product
    silent = facts("select 1").template
    assert silent is not None
    assert not silent.product


def test_templates_that_are_loaded_count_as_modules() -> None:
    #  task ─► include: filter ─► import: macros      macros' upstream is not the task's
    text = "{% include 'filter.sql' %} {% from 'macros.sql' import x %} {{upstream.a}}"
    others = {"filter": "{% import 'macros.sql' as m %}{{upstream.b}} {{limit}}", "macros": "{{upstream.c}}"}
    found = facts(text, folder="sql", **others)
    assert list(found.passed) == ["sql/filter.sql", "sql/macros.sql"]
    assert found.upstream == ("a", "b")
    assert found.template is not None
    assert "limit" in found.template.names
    assert errors(found) == []


def test_files_that_templates_read_and_shell_scripts_run_count(tmp_path: Path) -> None:
    pipeline = """\
- {source: q.sql, client: 'sqlite:///x.db', product: q.csv}
- {source: go.sh, product: out/go.txt}
"""
    files = {
        "pipeline.yaml": pipeline,
        "q.sql": "{% import 'macros.sql' as m %} select '{{ get_key(\"conf.json\", \"v\") }}'",
        "macros.sql": "{% macro x() %}{{ get_key('more.yaml', 'v') }}{% endmacro %}",
        "conf.json": '{"v": 1}',
        "more.yaml": "v: 1",
        "go.sh": "# old.py\n. ./lib.sh\nsource 'settings'\npython go.py {{product}} && python -m tools.run\n",
        "lib.sh": "bash deep.sh\n",
        **dict.fromkeys(["deep.sh", "settings", "go.py", "tools/run.py", "old.py"], "x=1\n"),
    }
    project = Looked(tmp_path, files)
    assert project.problems() == []
    modules = project.load().modules
    assert list(modules["q"]) == ["conf.json", "macros.sql", "more.yaml"]
    assert list(modules["go"]) == ["deep.sh", "go.py", "lib.sh", "settings", "tools/run.py"]
    assert project.build() == "ok"
    assert project.why() == {}
    project.write("conf.json", '{"v": 2}')
    project.write("deep.sh", "x=2\n")
    assert project.why() == {"q": ["module_changed conf.json"], "go": ["module_changed deep.sh"]}


@pytest.mark.deep
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{% include 'nope.sql' %}", "template_missing"),
        ("{% include '../../etc/passwd' %}", "template_missing"),
        ("{% include '/etc/passwd' %}", "template_missing"),
        ("{% include name %}", "template_computed"),
        ("select {{", "template_syntax"),
        ("{% if %}", "template_syntax"),
        ("{% nothing %}", "template_syntax"),
        ("{{" + "(" * 3_000 + "1" + ")" * 3_000 + "}}", "template_syntax"),
        ("{{" + "9" * 5_000 + "}}", "template_syntax"),
    ],
)
def test_what_is_wrong_with_a_template_is_told(text: str, code: str) -> None:
    found = facts(text)
    assert errors(found) == [code]
    [problem] = [problem for problem in found.problems if problem.code == code]
    assert problem.message.endswith(".")
    assert problem.hint
    assert problem.where is not None
    assert problem.where.path == "sql/task.sql"


# --- Products -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "cls"),
    [
        ('{% set product = SQLRelation(["main", "name", "table"]) %}', ["main", "name", "table"], "SQLRelation"),
        ("{% set product = SQLiteRelation(('name', 'view')) %}\n", ["name", "view"], "SQLiteRelation"),
        ('{% set product = File("out/x.csv") %}', "out/x.csv", "File"),
        ('{% set product = "out/x.csv" %}', "out/x.csv", None),
        ('{% set product = "a" %}{% set product = {"k": "b"} %}', {"k": "b"}, None),
    ],
)
def test_the_product_is_the_literal_that_is_set(text: str, value: object, cls: str | None) -> None:
    found = facts(f"\n{text}").product
    assert found is not None
    assert (found.value, found.cls, found.line) == (value, cls, 2)


@pytest.mark.parametrize(
    "value", ["SQLRelation(x)", "SQLRelation()", "a.b(['x'])", "'a' ~ 'b'", "'a' * 10000000000", "cycler()"]
)
def test_a_computed_product_is_refused_and_never_computed(value: str) -> None:
    [problem] = facts("{% set product = " + value + " %}").problems
    assert (problem.code, problem.where) == (
        "product_missing_in_source",
        Where(path="sql/task.sql", line=1),
    )


def test_a_pipeline_of_sql_scripts_that_name_their_products(tmp_path: Path) -> None:
    pipeline = (
        "meta: {extract_product: true}\nclients: {SQLScript: db.client}\n"
        "tasks:\n- source: sql/a.sql\n- source: sql/b.sql\n"
    )
    project = Looked(
        tmp_path,
        {
            "pipeline.yaml": pipeline,
            "db.py": "def client(): ...\n",
            "sql/a.sql": '{% set product = SQLRelation(["a", "table"]) %}create table {{product}} as select 1',
            "sql/b.sql": '{% set product = SQLRelation(["b", "view"]) %}create view {{product}} from {{upstream.a}}',
        },
    )
    assert project.problems() == []
    assert project.load().graph.upstream["b"] == ("a",)
    assert [relation.path for relation in project.load().tasks["b"].relations] == ["view://b"]
    assert project.build() == "ok"
    assert project.why() == {}
    project.edit("sql/a.sql", "select 1", "select 2")
    assert project.why() == {"a": ["code_changed"], "b": ["upstream_stale a"]}
    project.edit("sql/a.sql", "select 2", "select  1  -- one")
    assert project.why() == {}
    project.edit("sql/a.sql", '["a", "table"]', '["c", "table"]')
    assert project.why()["a"] == ["code_changed", "options_changed product", "product_missing table://c"]


# --- What counts of SQL ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select a, b\nfrom t", "select  a,b from\tt\n"),
        ("select a -- all of it\nfrom t", "select a\nfrom t"),
        ("select a /* all\nof it */ from t", "select a from t"),
        ("select f( a ) ;", "select f(a);"),
        ("{# note #}select {{x}}", "select {{x}}"),
        ("-- first\n\nselect 'a'", "select 'a'"),
    ],
)
def test_what_does_not_count_in_sql(one: str, other: str) -> None:
    assert normal_sql(one) == normal_sql(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select 'a  b'", "select 'a b'"),
        ('select "a -- b"', 'select "a'),
        ("select 'it''s  x'", "select 'it''s x'"),
        ("select 5--1", "select 5"),  # minus minus one, to some
        ("select /*+ fast */ 1", "select 1"),
        ("select /*! 1 */ 2", "select 2"),
        ("select 1 -- {{x}}", "select 1"),
        ("select 1 -- a;b", "select 1"),
        ("select 'a'\n'b'", "select 'a' 'b'"),
        ("# don't\nselect '-- x'", "# don't\nselect '-- y'"),
        ("select [it's], '-- x'", "select [it's], '-- y'"),
        (r"select 'it\'s', ' -- x'", r"select 'it\'s', ' -- y'"),
        ("do $$ a  b $$", "do $$ a b $$"),
        ("select '''a', ' -- x'", "select '''a', ' -- y'"),
        ("/* a /* b */ c */", "/* a /* b */ d */"),
        ("select ab", "select a b"),
        ("{% raw %} -- x{% endraw %}", "{% raw %}{% endraw %}"),
        ("{{ \"it's\" }} ' -- x'", "{{ \"it's\" }} ' -- y'"),
    ],
)
def test_what_counts_in_sql(one: str, other: str) -> None:
    assert normal_sql(one) != normal_sql(other)


piece = st.sampled_from(
    ["1", "2", "'a'", "'a  b'", "'--'", "'/*'", "'*/'", '"x"', " ", "  ", "\n", "-- 1\n", "--1\n", "/* 1 */", "/*",
     "*/", "-", "||", "+", "(", ")", ",", "''", "'", "*", "/"]
)  # fmt: skip


@given(st.lists(piece, max_size=10), st.data())
@settings(max_examples=600)
def test_sql_that_is_equal_gives_the_same(pieces: list[str], data: st.DataObject) -> None:
    one = "".join(pieces)
    changed = list(pieces)
    if changed:
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(piece | st.just(""))
    other = "".join(changed)

    def answer(text: str) -> object:
        try:
            with closing(sqlite3.connect(":memory:")) as database:
                return database.execute(f"select 0, {text}").fetchall()
        except sqlite3.Error:
            return None

    if normal_sql(one) == normal_sql(other):
        assert answer(one) == answer(other)


# --- What counts of shell -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("# get it\ncurl x\n", "curl x\n"),
        ("curl x  \n\n\ncp a b", "curl x\ncp a b\n"),
        ("curl \\\n  x\n# end", "curl \\\n  x"),
        ("if a; then\n  # why\n  b\nfi", "if a; then\n  b\nfi"),
    ],
)
def test_what_does_not_count_in_shell(one: str, other: str) -> None:
    assert normal_shell(one) == normal_shell(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("#!/bin/sh\na", "#!/bin/bash\na"),
        ("echo 'a\n# b\n'", "echo 'a\n'"),
        ('echo "a\n\nb"', 'echo "a\nb"'),
        ("cat <<END\n# a\nEND", "cat <<END\nEND"),
        ("curl \\\n# x\n", "curl \\\n"),
        ("a # {{x}}", "a # {{y}}"),
        ("# {{x}}", "# {{y}}"),
        ("x=$(cat '\n# a\n')", "x=$(cat '\n')"),
        ("echo a  b", "echo a b"),
        ("echo $'\\'\n# b\n'", "echo $'\\'\n'"),
        ("echo `cat '\n# b\n'`", "echo `cat '\n'`"),
        ("a \\ \nb", "a \\\nb"),
    ],
)
def test_what_counts_in_shell(one: str, other: str) -> None:
    assert normal_shell(one) != normal_shell(other)


shell_line = st.sampled_from(
    ["echo a", "# note", "", "  ", "echo 'a", "a'", 'echo "b', '"', "echo \\", "cat <<E", "E", "echo $(echo a", ")",
     "echo `echo b", "`", "(", ")", "echo it\\'s", "# don't", "echo a # it's", "true && \\",
     "echo \"$(echo \"a\"", "b\")\""]
)  # fmt: skip


@given(st.lists(shell_line, max_size=6), st.data())
@settings(max_examples=300)
def test_shell_that_is_equal_prints_the_same(lines: list[str], data: st.DataObject) -> None:
    changed = list(lines)
    changed.insert(data.draw(st.integers(0, len(changed))), data.draw(shell_line))
    one, other = "\n".join(lines), "\n".join(changed)

    def printed(text: str) -> bytes:
        done = subprocess.run(["/bin/sh", "-c", text], capture_output=True, stdin=subprocess.DEVNULL, check=False)
        return re.sub(rb"line \d+", b"", done.stdout)

    if normal_shell(one) == normal_shell(other):
        assert printed(one) == printed(other)


# --- Any text -------------------------------------------------------------------------------


@given(
    st.binary(max_size=60)
    | st.text(st.sampled_from("{}%# '\"-/*\n\\abc[].$|("), max_size=60).map(str.encode)
    | st.lists(st.sampled_from("{{ }} {% %} upstream . ['a'] set product = include 'x' if endif ( ~ 1".split())).map(
        lambda words: " ".join(words).encode()
    ),
    st.booleans(),
)
@settings(max_examples=300)
def test_any_text_gives_facts_or_a_problem(content: bytes, sql: bool) -> None:
    found = facts(content, sql=sql)
    assert found.code.same(facts(content, sql=sql).code)
    found.text.encode()
    for each in found.problems:
        encode(each)


@pytest.mark.deep
@pytest.mark.parametrize("text", ["'", "/*", "-- x\n", "{{", "{#", "a" * 10, "(", "$", "\\", "- ", "{% x %}", "#\n"])
def test_long_texts_are_read_in_one_pass(text: str) -> None:
    # Looked at from each place anew it would take minutes.
    long = text * (200_000 // len(text))
    normal_sql(long)
    normal_shell(long)
    facts(long)
