"""SQL and shell scripts: do they use what they are given, and are they given what they use?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cauce.contract import Problem, Where
from cauce.engine.checks.words import MOST, close_to, given_to, listed, problem
from cauce.engine.source import TemplateUse
from cauce.engine.spec.model import TaskSpec

__all__ = ["check_template"]

_PROVIDED = frozenset({"File", "GenericSQLRelation", "PostgresRelation", "SQLRelation", "SQLiteRelation", "get_key"})
"""Names that each template has."""
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}|\{%[^%]*%\}")
_MAX_TEXT = 500_000
_MAKES = re.compile(r"\b(?:create|into|rename|replace|call|exec|execute|copy|merge|insert)\b|\{%", re.IGNORECASE)
_CREATES = re.compile(
    r"\bcreate\s+(?:or\s+replace\s+)?(?:(?:global|local|temp|temporary|unlogged|materialized|external|transient)\s+)*"
    r"(table|view)\s+(?:if\s+not\s+exists\s+)?\{\{\s*product\s*\}\}",
    re.IGNORECASE,
)


def check_template(use: TemplateUse, text: str, task: TaskSpec, *, needs: bool) -> Iterator[Problem]:
    """What is wrong with a SQL or shell task's use of its placeholders.

    Args:
        text: The source.
        needs: Whether the task is given `upstream`.
    """
    text = text[:_MAX_TEXT]
    given = {*given_to(task), "product", *(["upstream"] if needs else [])}
    names = use.names - _PROVIDED
    if not use.product and task.kind != "dump" and not task.extract_product:
        what = "CREATE TABLE {{product}} AS SELECT …" if task.kind == "sql" else 'curl … -o "{{product}}"'
        message = f"{task.source} does not say where its product goes: {{{{product}}}} is not in it."
        yield problem("check_no_product", message, f"Write, for example: {what}", Where(path=task.source))
    for name in sorted(names - given)[:MOST]:
        if name == "product" or _guarded(name, text):
            continue
        where = Where(path=task.source, line=_line_of(name, text))
        if name == "upstream":
            hint = "Did you forget to declare what the task needs? Give 'upstream' in pipeline.yaml."
            if task.upstream is None:
                hint = "Write {{upstream['task']}} to need a task, or remove it."
        else:
            close = close_to(name, sorted(given))
            hint = f"Did you mean '{close}'?" if close else "Give it in 'params' of the task."
        yield problem("check_undefined", f"The placeholder '{name}' is not defined.", hint, where)
    unused = [name for name in given_to(task) if name not in names and name != "resources_"]
    if unused:
        one = len(unused) == 1
        message = (
            f"{'This parameter is' if one else 'These parameters are'} not used in {task.source}: {listed(unused)}."
        )
        yield problem("check_params_unused", message, "Use or remove what is not used.", None, sure=False)
    if task.kind == "sql" and use.product:
        yield from _created(text, task)


def _created(text: str, task: TaskSpec) -> Iterator[Problem]:
    """Does a SQL script seem to make what it declares?"""
    code = _without_comments(text)
    where = Where(path=task.source)
    if not _MAKES.search(code):
        message = f"{task.source} seems to make no table or view."
        yield problem("check_makes_nothing", message, "Write 'CREATE TABLE {{product}} AS …'.", where, sure=False)
    kinds = {match[1].lower() for match in _CREATES.finditer(code)}
    if len(task.relations) == 1 and len(kinds) == 1 and kinds != {task.relations[0].kind}:
        [made], declared = kinds, task.relations[0].kind
        message = f"{task.source} makes a {made}, but its product is declared as a {declared}."
        yield problem(
            "check_relation_kind", message, f"Write '{made}' in 'product', or mend the script.", where, sure=False
        )


def _without_comments(text: str) -> str:
    for begin, end in (("/*", "*/"), ("{#", "#}")):
        first, *rest = text.split(begin)
        # Looks for each end once: a script of nothing but beginnings must not take for ever.
        text = first + "".join(" " + piece.partition(end)[2] for piece in rest)
    return re.sub(r"--[^\n]*", " ", text)


def _guarded(name: str, text: str) -> bool:
    """Does the template reckon with it not being there?"""
    return (
        re.search(rf"\b{re.escape(name)}\s*(?:\|\s*(?:default|d)\b|is\s+(?:not\s+)?(?:un)?defined\b)", text) is not None
    )


def _line_of(name: str, text: str) -> int | None:
    word = re.compile(rf"\b{re.escape(name)}\b")
    for match in _PLACEHOLDER.finditer(text):
        found = word.search(match[0])
        if found is not None:
            return text.count("\n", 0, match.start() + found.start()) + 1
    return None
