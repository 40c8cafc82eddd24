"""A SQL or shell script with placeholders: what it needs, what it makes, what of it counts. Never rendered.

Jinja's own parser says what a template refers to. Of comments and blank space only that is taken
away which surely means nothing in any dialect: from the first doubt on, the text counts to the letter.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cauce.contract import Problem, Where
from cauce.engine.cellcode import Loads, said_to_run
from cauce.engine.document import MAX_BITS, Value, readable
from cauce.engine.source import Code, Extracted, SourceFacts, TemplateUse, digest

if TYPE_CHECKING:
    from jinja2 import nodes

__all__ = ["Template", "normal_shell", "normal_sql", "read_template", "template_facts"]

_SOURCED = re.compile(r"^[ \t]*(?:\.|source)[ \t]+[\"']?([^\s\"';&|]+)", re.MULTILINE)
_MAX_TEMPLATES = 200
_MAX_DEPTH = 64


@dataclass(frozen=True)
class Template:
    """What one template refers to."""

    raw: str
    text: str
    sql: bool
    upstream: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    product: Extracted | None = None
    computed_product: int | None = None
    """The line of a product that is no literal."""
    shares: tuple[str, ...] = ()
    """Templates that see the same variables: included or extended."""
    imports: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """What it takes values from, relative to the project root."""
    unclear: int | None = None
    """The line of an include whose name is computed."""
    error: str | None = None
    error_line: int | None = None

    @cached_property
    def code(self) -> Code:
        normal = normal_sql(self.text) if self.sql else normal_shell(self.text)
        return Code(self.raw, digest(normal.encode("utf-8", "surrogatepass")))

    @cached_property
    def loads(self) -> Loads:
        """What running it loads besides templates."""
        if self.sql:
            return Loads(files=self.files)
        said = said_to_run(self.text.split("\n"))
        return Loads(said.imports, tuple(sorted({*said.files, *self.files, *_SOURCED.findall(self.text)})))


def read_template(content: bytes, *, sql: bool) -> Template:
    """Take a template apart. Never raises."""
    raw = digest(content)
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    if not any(mark in text for mark in ("{{", "{%", "{#")):
        return Template(raw, text, sql)
    from jinja2 import TemplateError

    try:
        return _taken_apart(raw, text, sql)
    except TemplateError as error:
        line: object = getattr(error, "lineno", None)
        message = (error.message or "it is no template").rstrip(".")
        return Template(raw, text, sql, error=message, error_line=line if isinstance(line, int) else None)
    except (RecursionError, ValueError, OverflowError, MemoryError, TypeError, AttributeError):
        return Template(raw, text, sql, error="it is nested too deeply, or has too long a number")


def template_facts(
    top: Template,
    source: str,
    task: str,
    *,
    extract_upstream: bool,
    extract_product: bool,
    folder: str,
    find: Callable[[str], Template | None],
) -> SourceFacts:
    """What a template and those that it loads say. Never raises.

    Args:
        source: Path relative to the project root.
        folder: Where templates are loaded from, relative to the root.
        find: The template in a file of the project, None when there is none.
    """
    problems: list[Problem] = []

    def problem(code: str, message: str, hint: str, path: str, line: int | None) -> None:
        where = Where(path=path, line=line)
        problems.append(Problem(code=code, message=message, severity="error", hint=hint, where=where, task=task))

    found: dict[str, Code] = {}
    awaited: dict[str, None] = {}
    upstream = dict.fromkeys(top.upstream)
    names = set(top.names)
    imports: set[str] = set()
    files: set[str] = set()
    todo = [(source, top, True)]
    while todo:
        path, template, shares = todo.pop()
        imports.update(template.loads.imports)
        files.update(template.loads.files)
        if template.error is not None:
            message = f"The placeholders in {path} cannot be read: {template.error}."
            problem(
                "template_syntax",
                message,
                "Mend them; '{{ … }}' fills in, '{% … %}' decides.",
                path,
                template.error_line,
            )
            continue
        if template.unclear is not None:
            message = f"{path} loads a template whose name is computed: changes in it are not seen."
            problems.append(
                Problem(
                    code="template_computed",
                    message=message,
                    severity="warning",
                    hint="Write the name out.",
                    where=Where(path=path, line=template.unclear),
                    task=task,
                )
            )
        for name in (*template.shares, *template.imports):
            target = posixpath.normpath(posixpath.join(folder, name))
            if target in found or len(found) >= _MAX_TEMPLATES:
                continue
            inner = None if name.startswith("/") or target.startswith("../") else find(target)
            if inner is None:
                awaited[target] = None
                hint = f"Create {target}, or correct the name."
                problem(
                    "template_missing",
                    f"{path} loads '{name}', which is not in {folder or 'the project'}.",
                    hint,
                    path,
                    None,
                )
                continue
            found[target] = inner.code
            seen = shares and name in template.shares
            if seen:
                upstream.update(dict.fromkeys(inner.upstream))
                names |= inner.names
            todo.append((target, inner, seen))
    if extract_product and top.error is None and top.product is None:
        example = (
            '{% set product = SQLRelation(["name", "table"]) %}' if top.sql else '{% set product = "output/data.csv" %}'
        )
        what = (
            "The product must be written out, not computed."
            if top.computed_product
            else f"{source} does not say what it makes."
        )
        problem("product_missing_in_source", what, f"Begin with '{example}'.", source, top.computed_product)
    return SourceFacts(
        code=top.code,
        text=readable(top.text),
        upstream=tuple(upstream) if extract_upstream else (),
        loads=Loads(tuple(sorted(imports)), tuple(sorted(files))),
        problems=tuple(problems),
        product=top.product if extract_product else None,
        place=Where(path=source),
        passed=dict(sorted(found.items())),
        awaited=tuple(path for path in awaited if not path.startswith("../")),
        template=TemplateUse(frozenset(names), "product" in names),
    )


# --- What a template refers to ------------------------------------------------------------


def _taken_apart(raw: str, text: str, sql: bool) -> Template:
    from jinja2 import Environment, nodes
    from jinja2.ext import Extension

    class Raise(Extension):
        """``{% raise "message" %}``, which is part of the dialect."""

        tags = {"raise"}  # noqa: RUF012 - so the parser wants it

        def parse(self, parser: Any) -> nodes.Node:
            line = next(parser.stream).lineno
            return nodes.Output([parser.parse_expression()], lineno=line)

    # Only ever parses: no loader, and nothing is compiled.
    tree = Environment(extensions=[Raise], autoescape=False).parse(text)  # noqa: S701 - parsed, never rendered
    upstream: list[tuple[int, int, str]] = []
    bound: set[str] = set()
    used: set[str] = set()
    product: Extracted | None = None
    computed: int | None = None
    shares: list[str] = []
    imports: list[str] = []
    files: list[str] = []
    unclear: int | None = None
    for order, node in enumerate(_walk(tree)):
        match node:
            case nodes.Getattr(node=nodes.Name(name="upstream")):
                upstream.append((node.lineno, order, node.attr))
            case nodes.Getitem(node=nodes.Name(name="upstream"), arg=nodes.Const(value=str(key))):
                upstream.append((node.lineno, order, key))
            case nodes.Assign(target=nodes.Name(name="product"), node=value):
                product = _product(value)
                computed = node.lineno if product is None else None
                bound.add("product")
            case nodes.Call(node=nodes.Name(name="get_key"), args=[nodes.Const(value=str(path)), *_]):
                files.append(readable(path))
            case nodes.Name(name=name, ctx="load"):
                used.add(name)
            case nodes.Name(name=name):
                bound.add(name)
            case nodes.Macro(name=name):
                bound.add(name)
            case nodes.Include() | nodes.Extends() | nodes.Import() | nodes.FromImport():
                told = list(_template_names(node.template))
                (shares if isinstance(node, nodes.Include | nodes.Extends) else imports).extend(told)
                if not told:
                    unclear = node.lineno
                if isinstance(node, nodes.Import):
                    bound.add(node.target)
                elif isinstance(node, nodes.FromImport):
                    bound |= {name if isinstance(name, str) else name[1] for name in node.names}
    if "product" in used:
        bound.discard("product")
    return Template(
        raw=raw,
        text=text,
        sql=sql,
        upstream=tuple(dict.fromkeys(readable(name) for _, _, name in sorted(upstream))),
        names=frozenset(used - bound - _globals()),
        product=product,
        computed_product=computed,
        shares=tuple(dict.fromkeys(shares)),
        imports=tuple(dict.fromkeys(imports)),
        files=tuple(sorted(set(files))),
        unclear=unclear,
    )


def _globals() -> frozenset[str]:
    from jinja2.defaults import DEFAULT_NAMESPACE

    return frozenset({*DEFAULT_NAMESPACE, "loop", "caller", "varargs", "kwargs", "self", "super"})


def _walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    """All nodes in the order written. Not jinja's own `find_all`, whose depth is the stack's."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        todo += reversed(list(node.iter_child_nodes()))


def _template_names(node: nodes.Node) -> Iterator[str]:
    from jinja2 import nodes

    parts = node.items if isinstance(node, nodes.List | nodes.Tuple) else [node]
    for part in parts:
        if isinstance(part, nodes.Const) and isinstance(part.value, str):
            yield readable(part.value)


def _product(node: nodes.Node) -> Extracted | None:
    """``SQLRelation([…])``, ``File("…")``, or a literal alone; None for what is none of these."""
    from jinja2 import nodes

    cls = None
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
        if len(node.args) != 1 or node.kwargs or node.dyn_args or node.dyn_kwargs:
            return None
        cls, node = node.node.name, node.args[0]
    try:
        return Extracted(_literal(node), node.lineno, cls)
    except ValueError:
        return None


def _literal(node: nodes.Node, depth: int = 0) -> Value:
    from jinja2 import nodes

    match node:
        case nodes.Const(value=int() as value) if value.bit_length() > MAX_BITS:
            raise ValueError("too long a number")
        case nodes.Const(value=str() | int() | float() | bool() | None as value):
            return value
        case nodes.List(items=items) | nodes.Tuple(items=items) if depth < _MAX_DEPTH:
            return [_literal(item, depth + 1) for item in items]
        case nodes.Dict(items=pairs) if depth < _MAX_DEPTH:
            return {str(_literal(pair.key, _MAX_DEPTH)): _literal(pair.value, depth + 1) for pair in pairs}
        case _:
            raise ValueError("no literal")


# --- What counts --------------------------------------------------------------------------

_SQL = re.compile(
    r"""
      (?P<note>--(?=[ \t\n]|\Z)[^\n]*|/\*(?![+!]).*?\*/)
    | (?P<remark>\{\#.*?\#\})
    | (?P<filled>\{\{.*?\}\}|\{%.*?%\})
    | (?P<quoted>'[^']*'|"[^"]*"|`[^`]*`)
    | (?P<blank>[ \t\n\f]+)
    | (?P<doubt>--|/\*|\{\{|\{%|\{\#|['"`\#\[\]\\]|\$\w*\$)
    | (?P<other>[^-/{'"`\#\[\]\\$ \t\n\f]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_TRIPLE = re.compile(r"'''|\"\"\"")
_RAW_BLOCK = re.compile(r"\{%[-+]?\s*raw\b")


def normal_sql(text: str) -> str:
    """The statements without comments, and with the least blank space between words.

    Equal for two texts only where every dialect takes them to be the same. What may be read in
    two ways (a backslash in a text, ``#``, ``[``, dollar quotes, a comment with a placeholder or a
    semicolon in it) counts to the letter, and from there on everything does.
    """
    if _RAW_BLOCK.search(text) or _TRIPLE.search(text):
        return text
    parts: list[str] = []
    gap = ""
    for match in _SQL.finditer(text):
        kind, word = match.lastgroup, match[0]
        if kind in {"blank", "remark"}:
            # Two texts are one where a line ends between them.
            gap = "\n" if "\n" in gap + word and kind == "blank" else gap or (" " if kind == "blank" else "")
            continue
        if kind == "note" and not any(mark in word[2:] for mark in ("{{", "{%", "{#", ";", "/*")):
            gap = gap or " "
            continue
        if kind in {"note", "doubt"} or (kind in {"quoted", "filled"} and _doubtful(word, kind)):
            return json.dumps(["".join(parts), gap, text[match.start() :]])
        parts += _joint(parts, gap, word)
        gap = ""
    return "".join(parts)


def _doubtful(word: str, kind: str) -> bool:
    if kind == "quoted":
        return "\\" in word
    return word.count("'") % 2 == 1 or word.count('"') % 2 == 1


def _joint(parts: list[str], gap: str, word: str) -> list[str]:
    if not gap or not parts:
        return [word]
    last = parts[-1][-1]
    if last in "'\"`" and word[0] in "'\"`":
        return [gap, word]
    if last in ",;(" or word[0] in ",;)":
        return [word]
    return [" ", word]


def normal_shell(text: str) -> str:
    """The lines without blank ones, comments of a whole line, and blanks at their ends.

    Only as long as each line stands for itself: from the first here-document, or quotes or
    brackets that another line closes, the text counts to the letter.
    """
    kept: list[str] = []
    lines = text.split("\n")
    if lines[0].startswith("#!"):
        kept.append(lines.pop(0))
    place = 0
    while place < len(lines):
        start = place
        line = lines[place]
        place += 1
        bare = line.strip(" \t")
        if not bare:
            continue
        if bare.startswith("#") and "{" not in bare:
            continue
        while lines[place - 1].endswith("\\") and place < len(lines):
            place += 1
        whole = "\n".join(lines[start:place])
        if not _stands_alone(whole):
            return json.dumps([kept, "\n".join(lines[start:])])
        kept.append(whole.rstrip(" \t"))
    return json.dumps(kept)


_SHELL = re.compile(
    r"""'[^']*'|"(?:[^"\\]|\\.)*"|\\.|(?P<note>(?:(?<=\s)|^)\#[^\n]*)|(?P<doubt>['"`\\]|<<|\$'|\{\#)|.""", re.DOTALL
)


def _stands_alone(line: str) -> bool:
    """Does surely nothing that a line begins go on in the next?"""
    if line.rstrip(" \t") != line and line.rstrip(" \t").endswith("\\"):
        return False
    if "{#" in line or line.count("{{") != line.count("}}") or line.count("{%") != line.count("%}"):
        return False
    depth = 0
    for match in _SHELL.finditer(line):
        word = match[0]
        if match["doubt"] is not None or "\n" in word.replace("\\\n", ""):
            return False
        if word[0] in "'\"" and any(mark in word for mark in ("$(", "`")):
            return False
        depth += (word == "(") - (word == ")")
    return depth == 0 or "$" not in line
