"""A .sql source is a template: rendered here, in the process that runs what comes of it.

Jinja with strict undefined names. Macros are imported from the template folder of the pipeline,
else from the source's own. While rendering it is noted which line of the source each piece of
text comes from, so that an error of the database has a place in the file.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.ext import Extension
from jinja2.parser import Parser

from cauce.runner import Trouble, errors, products

__all__ = ["Rendered", "render", "render_at_last", "values_of"]


class _Undefined(jinja2.StrictUndefined):
    """Says what to do about a name that stands for nothing."""

    @property
    def _undefined_message(self) -> str:
        name = self._undefined_name
        if isinstance(self._undefined_obj, products.Products | products.Upstream):
            try:
                self._undefined_obj[str(name)]
            except products.UnknownKey as error:
                return str(error)
        if name == "upstream":
            return "The task has no upstream tasks: 'upstream' is undefined."
        message = super()._undefined_message
        is_name = self._undefined_obj is jinja2.utils.missing
        return f"{message}. Add it to the task's 'params'." if is_name else f"{message}."


class _Raise(Extension):
    """``{% raise 'message' %}`` ends the rendering with a message of the user's."""

    tags = {"raise"}  # noqa: RUF012 (Jinja's)

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        call = self.call_method("_raise", [parser.parse_expression()], lineno=line)
        return nodes.ExprStmt(call, lineno=line)

    def _raise(self, message: str) -> None:
        raise jinja2.TemplateRuntimeError(message)


class _WithLines(CodeGenerator):
    """Remembers the line of every piece of text; Jinja itself only that of expressions and tags."""

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:
        for child in node.nodes:
            self.newline(child)
            super().visit_Output(nodes.Output([child], lineno=child.lineno), frame)


class _Environment(jinja2.Environment):
    code_generator_class = _WithLines


def _get_key(path: str, key: str) -> Any:
    """A value from a JSON or YAML file, by its key: for templates."""
    file = Path(path)
    content = file.read_text(encoding="utf-8")
    match file.suffix:
        case ".json":
            return json.loads(content)[key]
        case ".yaml" | ".yml":
            return yaml.safe_load(content)[key]
        case suffix:
            raise ValueError(f"get_key reads .json and .yaml files, and '{path}' is a '{suffix}'.")


def _relation(identifier: Sequence[str]) -> products.Relation:
    """What ``{% set product = SQLRelation([schema, name, kind]) %}`` sets; the schema may be left out."""
    *schema, name, kind = identifier
    return products.Relation(name, schema[0] if schema and schema[0] else None, kind)


_RELATIONS = ("SQLRelation", "SQLiteRelation", "PostgresRelation", "GenericSQLRelation")
_GLOBALS = {"get_key": _get_key, "File": products.File, **dict.fromkeys(_RELATIONS, _relation)}


@dataclass(frozen=True)
class Rendered:
    """The text that a template gave."""

    text: str
    source: str
    path: str
    _starts: tuple[int, ...]
    _lines: tuple[int, ...]

    def line(self, offset: int) -> int | None:
        """The line (from 1) of the source which the text at `offset` comes from; None if there is no telling."""
        index = bisect.bisect_right(self._starts, offset) - 1
        if index < 0:
            return None
        start, line = self._starts[index], self._lines[index]
        lines = self.source.splitlines()
        below = line + self.text.count("\n", start, offset)
        begin, end = self.text.rfind("\n", 0, offset) + 1, self.text.find("\n", offset)
        words = self.text[max(begin, start) : end if end >= 0 else None]
        # What an expression stands for may be of many lines; the text of the template is itself.
        literal = below <= len(lines) and words[: self._next(index, max(begin, start))] in lines[below - 1]
        return below if literal else line

    def _next(self, index: int, begin: int) -> int | None:
        return self._starts[index + 1] - begin if index + 1 < len(self._starts) else None


def render(source: str, *, path: str, folder: str, values: Mapping[str, Any]) -> Rendered:
    """Render the source at `path`; `folder` holds what it may import. Both are relative to the working directory.

    Raises:
        Trouble: In words, with the line.
    """
    root = Path.cwd()
    environment = _Environment(
        loader=jinja2.FileSystemLoader(folder), undefined=_Undefined, extensions=[_Raise], keep_trailing_newline=True
    )
    environment.globals |= _GLOBALS
    try:
        code = environment.compile(source, name=path, filename=str(root / path))
        template = jinja2.Template.from_code(environment, code, environment.make_globals(None))
        pieces, starts, lines = [], [], []
        length = 0
        generator: Any = template.root_render_func(template.new_context(dict(values)))
        for piece in generator:
            starts.append(length)
            lines.append(template.get_corresponding_lineno(generator.gi_frame.f_lineno))
            pieces.append(piece)
            length += len(piece)
        return Rendered("".join(pieces), source, path, tuple(starts), tuple(lines))
    except jinja2.TemplateSyntaxError as error:
        message = (error.message or "It does not parse").rstrip(".")
        raise Trouble("Template error", f"{message}.", error.filename or path, error.lineno) from error
    except Exception:
        try:
            environment.handle_exception()
        except jinja2.TemplateNotFound as error:
            message = f"There is no template '{error.name}' in {folder}/. Set 'meta: {{source_loader: {{path: …}}}}'."
            raise _told("Template not found", message, error, root) from error
        except jinja2.TemplateError as error:
            raise _told("Template error", error.message or type(error).__name__, error, root) from error
        except Exception as error:
            raise _told(type(error).__name__, errors.message_of(error), error, root) from error


def _told(name: str, message: str, error: Exception, root: Path) -> Trouble:
    where = errors.where(error, root) or {}
    return Trouble(name, message, where.get("path"), where.get("line"))


_AT_LAST = re.compile(r"\[\[\s*(?:upstream|get_key)\b")


def render_at_last(text: str, values: Mapping[str, Any]) -> str:
    """Fill in ``[[…]]``, Ploomber's placeholders of a dump for what is known once its upstream tasks have run.

    Only where they speak of those: ``[[1, 2], [3]]`` is a list in some dialects of SQL.
    """
    if not _AT_LAST.search(text):
        return text
    environment = jinja2.Environment(  # noqa: S701 (it is SQL, not HTML)
        variable_start_string="[[", variable_end_string="]]", undefined=_Undefined, keep_trailing_newline=True
    )
    environment.globals |= _GLOBALS
    try:
        return environment.from_string(text).render(upstream=values.get("upstream", {}))
    except Exception as error:
        raise Trouble("Template error", f"In [[…]]: {errors.message_of(error)}") from error


def values_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """What a template may name: the task's parameters, `upstream` where there is any, `product`."""
    upstream = products.upstream(request["upstream"])
    values = {**request["params"], "product": products.build(request["product"])}
    return values | {"upstream": upstream} if upstream else values
