"""The graph as a Mermaid flowchart: text that GitHub, GitLab and many editors draw."""

from __future__ import annotations

import re

from cauce.contract import Snapshot
from cauce.plot.looks import LOOKS, look_of
from cauce.plot.text import plain

__all__ = ["markdown", "mermaid"]

_PUNCTUATION = re.compile(r"[^\w /.-]|_(?=_)|(?<=_)_")
"""What Mermaid or the Markdown around it might take for its own."""
_SHAPES = {"failed": ("[[", "]]"), "unknown": ("([", "])")}


def mermaid(snapshot: Snapshot, *, products: bool = False) -> str:
    """A flowchart whose nodes are called t0, t1, …; what a project names stands in labels only, escaped."""
    lines = ["flowchart TD"]
    number = {task.name: i for i, task in enumerate(snapshot.tasks)}
    for task in snapshot.tasks:
        word = look_of(task).word
        opening, closing = _SHAPES.get(word, ("(", ")"))
        label = [f"<b>{_escaped(task.name)}</b>", word]
        label += [_escaped(product.path) for product in (task.products if products else ())]
        lines.append(f'    t{number[task.name]}{opening}"{"<br/>".join(label)}"{closing}:::{word}')
    lines += [f"    t{number[edge.source]} --> t{number[edge.target]}" for edge in snapshot.edges]
    used = {look_of(task).word for task in snapshot.tasks}
    for look in LOOKS.values():
        if look.word in used:
            dash = f",stroke-dasharray:{look.dash}" if look.dash else ""
            style = f"fill:{look.fill},stroke:{look.stroke},stroke-width:{look.width}px,color:#1f2328{dash}"
            lines.append(f"    classDef {look.word} {style}")
    return "\n".join(lines) + "\n"


def markdown(snapshot: Snapshot, *, products: bool = False) -> str:
    """The flowchart in a block of Markdown."""
    return f"```mermaid\n{mermaid(snapshot, products=products)}```\n"


def _escaped(text: str) -> str:
    return _PUNCTUATION.sub(lambda found: f"#{ord(found[0])};", plain(text))
