"""The graph as SVG: one picture that is legible on light and dark pages, without fonts or files of its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from cauce.contract import Problem, Snapshot, Task
from cauce.plot.layout import Point, layout
from cauce.plot.looks import LOOKS, Look, look_of, problems_by_task, story
from cauce.plot.text import BOLD, FONTS, plain, shorten, width

__all__ = ["STYLE", "svg"]

_INK, _QUIET, _LINE = "#1f2328", "#57606a", "#858f99"
_NAME, _WORD = 13.0, 11.0
_PAD, _MARGIN = 13.0, 16.0
_ROOM = 230.0
"""The widest that a name is shown."""
_LEAST = 92.0
_SIGN = 17.0
_ARROW = 7.0
_SLIDE = (8.0, 3.0)

_DARK = "".join(
    f".cauce-{look.word}>.box{{fill:{look.dark_fill};stroke:{look.dark_stroke}}}"
    f".cauce-{look.word}>.sign{{stroke:{look.dark_stroke}}}"
    for look in LOOKS.values()
)
STYLE = f"@media (prefers-color-scheme:dark){{{_DARK}.cauce text{{fill:#e6edf3}}.cauce .quiet{{fill:#a8b3bf}}}}"
"""What the picture needs where it is put into a page, with `style=False`."""


def svg(snapshot: Snapshot, *, products: bool = False, style: bool = True) -> str:
    """The pipeline's graph, one node a task; with `products` their paths too."""
    if not snapshot.tasks:
        return _empty()
    problems = problems_by_task(snapshot)
    kinds = len({task.kind for task in snapshot.tasks}) > 1
    labels = [_Label(task, kinds, products) for task in snapshot.tasks]
    number = {task.name: i for i, task in enumerate(snapshot.tasks)}
    edges = [(number[edge.source], number[edge.target]) for edge in snapshot.edges]
    drawing = layout([label.size for label in labels], edges)
    parts = [_edge(line, down=drawing.direction == "down") for line in drawing.edges if line]
    lines = "".join(path for path, _ in parts)
    heads = "".join(head for _, head in parts)
    nodes = "".join(
        _node(task, label, at, problems.get(task.name, ()))
        for task, label, at in zip(snapshot.tasks, labels, drawing.nodes, strict=True)
    )
    content = f'<g fill="none" stroke="{_LINE}" stroke-width="1.4">{lines}</g><g fill="{_LINE}">{heads}</g>{nodes}'
    name = f"The pipeline {plain(snapshot.name)}: {len(snapshot.tasks)} tasks"
    return _frame(content, drawing.width, drawing.height, name, style)


def _frame(content: str, wide: float, high: float, name: str, style: bool) -> str:
    wide, high = wide + 2 * _MARGIN, high + 2 * _MARGIN
    size = f'width="{_round(wide)}" height="{_round(high)}"'
    view = f'viewBox="{_round(-_MARGIN)} {_round(-_MARGIN)} {_round(wide)} {_round(high)}"'
    css = f"<style>{STYLE}</style>" if style else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="cauce" {size} {view} role="img" '
        f'aria-label={quoteattr(name)} font-family="{FONTS}">{css}{content}</svg>\n'
    )


def _empty() -> str:
    words = "This pipeline has no tasks."
    content = f'<text class="quiet" x="0" y="{_NAME}" font-size="{_NAME}" fill="{_QUIET}">{words}</text>'
    return _frame(content, width(words, _NAME), _NAME * 1.4, words, True)


class _Label:
    """What is written in a node, and how large that makes it."""

    def __init__(self, task: Task, kinds: bool, products: bool) -> None:
        self.look = look_of(task)
        self.name = shorten(plain(task.name), _ROOM, _NAME * BOLD)
        self.word = f"{self.look.word} · {task.kind}" if kinds else self.look.word
        self.products = [
            shorten(plain(product.path), _ROOM, _WORD) + ("" if product.exists else " (missing)")
            for product in (task.products if products else ())
        ]
        wide = max(
            width(self.name, _NAME * BOLD),
            _SIGN + width(self.word, _WORD),
            *(width(product, _WORD) for product in self.products),
            _LEAST - 2 * _PAD,
        )
        high = 44 + (5 + 15 * len(self.products) if self.products else 0)
        self.size: Point = (round(wide + 2 * _PAD), high)


def _node(task: Task, label: _Label, at: Point, problems: Sequence[Problem]) -> str:
    look = label.look
    (wide, high), (x, y) = label.size, at
    left, top = x - wide / 2, y - high / 2
    parts = [
        f'<g class="cauce-{look.word}"><title>{escape(story(task, problems))}</title>',
        _box(look, left, top, wide, high),
        _text(label.name, left + _PAD, top + 18.5, _NAME, bold=True),
        f'<path class="sign" transform="translate({_round(left + _PAD - 1)} {_round(top + 25.5)})" d="{look.sign}" '
        f'fill="none" stroke="{look.stroke}" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/>',
        _text(label.word, left + _PAD + _SIGN - 1, top + 35.5, _WORD),
    ]
    for i, product in enumerate(label.products):
        parts.append(_text(product, left + _PAD, top + 54 + 15 * i, _WORD))
    parts.append("</g>")
    return "".join(parts)


def _box(look: Look, left: float, top: float, wide: float, high: float) -> str:
    dash = f' stroke-dasharray="{look.dash}" stroke-linecap="round"' if look.dash else ""
    return (
        f'<rect class="box" x="{_round(left)}" y="{_round(top)}" width="{_round(wide)}" height="{_round(high)}" '
        f'rx="{_round(look.corner)}" fill="{look.fill}" stroke="{look.stroke}" stroke-width="{look.width}"{dash}/>'
    )


def _text(words: str, x: float, y: float, size: float, *, bold: bool = False) -> str:
    how = f'fill="{_INK}" font-weight="600"' if bold else f'class="quiet" fill="{_QUIET}"'
    return f'<text x="{_round(x)}" y="{_round(y)}" font-size="{_round(size)}" {how}>{escape(words)}</text>'


def _edge(line: Sequence[Point], *, down: bool) -> tuple[str, str]:
    """A smooth line that leaves, passes layers and arrives straight, and its head."""
    stops = [point if down else point[::-1] for point in line]
    # Nearly straight looks like a mistake: the ends may slide along the borders, the head very little.
    if abs(stops[0][0] - stops[1][0]) < _SLIDE[0]:
        stops[0] = (stops[1][0], stops[0][1])
    if abs(stops[-1][0] - stops[-2][0]) < _SLIDE[1]:
        stops[-1] = (stops[-2][0], stops[-1][1])
    tip = stops[-1]
    base = tip[1] - (_ARROW if tip[1] > stops[0][1] else -_ARROW)
    stops[-1] = (tip[0], base)

    def at(across: float, along: float) -> str:
        x, y = (across, along) if down else (along, across)
        return f"{_round(x)} {_round(y)}"

    path = f"M{at(*stops[0])}"
    for (x, y), (to_x, to_y) in pairwise(stops):
        middle = (y + to_y) / 2
        curve = f"C{at(x, middle)} {at(to_x, middle)} {at(to_x, to_y)}"
        path += f"L{at(to_x, to_y)}" if abs(to_x - x) < 0.5 else curve
    left, right = at(tip[0] - _ARROW / 2, base), at(tip[0] + _ARROW / 2, base)
    return f'<path d="{path}"/>', f'<path d="M{at(*tip)}L{left}L{right}Z"/>'


def _round(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
