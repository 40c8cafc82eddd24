"""The graph, and a report of the pipeline, as pages: one file each that needs no other.

Whatever a project names is escaped; a Content-Security-Policy lets nothing run and nothing load
but the page's own script and style, told by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections import Counter
from collections.abc import Sequence
from html import escape

from cauce.contract import Attempt, Problem, Run, Snapshot, Task
from cauce.plot.looks import LOOKS, look_of, problems_by_task, reasons
from cauce.plot.svg import STYLE, svg
from cauce.plot.text import FONTS, plain
from cauce.present import shares

__all__ = ["plot_page", "report_page"]

_BADGES = "\n".join(
    f".badge.{look.word}{{color:{look.stroke};background:{look.fill};border-color:{look.stroke}}}"
    for look in LOOKS.values()
)
_DARK_BADGES = "\n".join(
    f".badge.{look.word}{{color:{look.dark_stroke};background:{look.dark_fill};border-color:{look.dark_stroke}}}"
    for look in LOOKS.values()
)
_STYLE = f"""
:root{{color-scheme:light dark;--ink:#1f2328;--quiet:#57606a;--paper:#fff;--rule:#d8dee4;--soft:#f6f8fa}}
@media (prefers-color-scheme:dark){{
:root{{--ink:#e6edf3;--quiet:#a8b3bf;--paper:#0f1419;--rule:#30363d;--soft:#171d24}}}}
*{{box-sizing:border-box}}
body{{margin:0;font:15px/1.5 {FONTS};color:var(--ink);background:var(--paper)}}
header{{display:flex;flex-wrap:wrap;gap:.5rem .6rem;align-items:center;padding:.7rem 1.2rem;
border-bottom:1px solid var(--rule)}}
h1{{font-size:1.15rem;margin:0 .6rem 0 0;overflow-wrap:anywhere}}
h2{{font-size:1.05rem;margin:2rem 0 .6rem}}
.badge{{display:inline-block;padding:.02rem .5rem;border:1px solid;border-radius:1rem;
font-size:.82rem;white-space:nowrap}}
.quiet{{color:var(--quiet)}}
button{{font:inherit;min-width:2rem;padding:.1rem .6rem;color:inherit;background:var(--soft);
border:1px solid var(--rule);border-radius:6px;cursor:pointer}}
.tools{{margin-left:auto;display:none;gap:.3rem}}
.live .tools{{display:flex}}
.plot{{display:flex;flex-direction:column;height:100vh}}
.plot main{{flex:1;min-height:0;overflow:auto;padding:.5rem}}
.plot.live main{{overflow:hidden;padding:0;cursor:grab;touch-action:none}}
.plot.live main:active{{cursor:grabbing}}
.plot.live svg{{display:block;width:100%;height:100%}}
.report main{{max-width:75rem;margin:0 auto;padding:0 1.2rem 3rem}}
figure{{margin:1.2rem 0 0;padding:.4rem;overflow:auto;max-height:90vh;border:1px solid var(--rule);border-radius:8px}}
figure svg{{display:block;margin:0 auto}}
.table{{overflow-x:auto}}
table{{border-collapse:collapse;width:100%;font-size:.9rem}}
th,td{{text-align:left;vertical-align:top;padding:.35rem .7rem .35rem 0;border-bottom:1px solid var(--rule)}}
th{{font-weight:600;white-space:nowrap;color:var(--quiet)}}
td{{overflow-wrap:anywhere}}
td.number,th.number{{text-align:right;white-space:nowrap}}
td.name{{font-weight:600;min-width:6rem}}
td.time{{white-space:nowrap}}
ul{{padding-left:1.2rem}}
pre{{overflow:auto;max-height:30rem;padding:.7rem;background:var(--soft);border:1px solid var(--rule);border-radius:6px;
font-size:.8rem}}
@media print{{.tools,.live .tools{{display:none}}.plot{{height:auto}}figure{{max-height:none}}}}
{_BADGES}
@media (prefers-color-scheme:dark){{{_DARK_BADGES}}}
"""

_SCRIPT = """
(() => {
  const main = document.querySelector('main'), svg = main.querySelector('svg');
  const home = svg.viewBox.baseVal, all = [home.x, home.y, home.width, home.height];
  let box = all;
  const show = next => { box = next; svg.setAttribute('viewBox', box.join(' ')); };
  const fit = () => {
    const scale = Math.max(all[2] / main.clientWidth, all[3] / main.clientHeight, 0.7);
    const w = main.clientWidth * scale, h = main.clientHeight * scale;
    show([all[0] + (all[2] - w) / 2, all[1] + (all[3] - h) / 2, w, h]);
  };
  const unit = () => box[2] / main.clientWidth;
  const zoom = (by, x = 0.5, y = 0.5) => {
    const w = box[2] * by;
    if (w < 60 || w > 40 * Math.max(all[2], main.clientWidth)) return;
    show([box[0] + (box[2] - w) * x, box[1] + (box[3] - box[3] * by) * y, w, box[3] * by]);
  };
  const move = (x, y) => show([box[0] + x * unit(), box[1] + y * unit(), box[2], box[3]]);
  document.body.classList.add('live');
  fit();
  addEventListener('resize', fit);
  main.addEventListener('wheel', event => {
    event.preventDefault();
    const frame = main.getBoundingClientRect();
    const by = Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 300);
    zoom(by, (event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height);
  }, {passive: false});
  main.addEventListener('pointerdown', event => main.setPointerCapture(event.pointerId));
  main.addEventListener('pointermove', event => {
    if (main.hasPointerCapture(event.pointerId)) move(-event.movementX, -event.movementY);
  });
  const acts = {'+': () => zoom(0.8), '-': () => zoom(1.25), '0': fit, ArrowLeft: () => move(-60, 0),
    ArrowRight: () => move(60, 0), ArrowUp: () => move(0, -60), ArrowDown: () => move(0, 60)};
  addEventListener('keydown', event => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : acts[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  for (const button of document.querySelectorAll('button'))
    button.addEventListener('click', () => acts[button.dataset.act]());
})();
"""
_TOOLS = (
    '<span class="tools"><button data-act="-" aria-label="Zoom out">−</button>'
    '<button data-act="0">Fit</button><button data-act="+" aria-label="Zoom in">+</button></span>'
)


def plot_page(snapshot: Snapshot, *, products: bool = False) -> str:
    """The graph to look around in: drag to move, turn the wheel to zoom. Without scripts it scrolls."""
    picture = svg(snapshot, products=products, style=False)
    return _page(snapshot, "plot", f"<main>{picture}</main>", _SCRIPT, _TOOLS)


def report_page(snapshot: Snapshot, *, products: bool = False) -> str:
    """The graph, each task with its state and reasons, the problems, and the last run with its errors."""
    problems = problems_by_task(snapshot)
    rows = "".join(_task_row(task, problems.get(task.name, ())) for task in snapshot.tasks)
    heads = "<th>Task</th><th>State</th><th>Why</th><th>Last run</th>"
    heads = f'<tr>{heads}<th class="number">Took</th><th>Products</th><th>Source</th></tr>'
    body = [
        "<main>",
        f"<figure>{svg(snapshot, products=products, style=False)}</figure>",
        f'<h2>Tasks</h2><div class="table"><table>{heads}{rows}</table></div>' if snapshot.tasks else "",
        _problems(snapshot.problems),
        "" if snapshot.run is None else _run(snapshot.run, snapshot.tasks),
        "</main>",
    ]
    return _page(snapshot, "report", "".join(body), "", "")


def _page(snapshot: Snapshot, kind: str, body: str, script: str, tools: str) -> str:
    name = escape(plain(snapshot.name))
    style = STYLE + _STYLE
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hash(style)}",
            f"script-src {_hash(script)}" if script else "script-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    counts = Counter(look_of(task).word for task in snapshot.tasks)
    badges = "".join(f"{_badge(word, f'{counts[word]} {word}')} " for word in LOOKS if counts[word])
    end = f"<script>{script}</script>" if script else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="generator" content="Cauce">'
        f"<title>{name}</title><style>{style}</style></head>\n"
        f'<body class="{kind}"><header><h1>{name}</h1>{badges}{tools}</header>\n{body}\n{end}</body></html>\n'
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _badge(word: str, text: str) -> str:
    return f'<span class="badge {word}">{text}</span>'


def _task_row(task: Task, problems: Sequence[Problem]) -> str:
    word = look_of(task).word
    products = "<br>".join(
        escape(plain(product.path)) + ("" if product.exists else ' <span class="quiet">(missing)</span>')
        for product in task.products
    )
    took = "" if task.last_duration is None else _seconds(task.last_duration)
    return (
        f'<tr><td class="name">{escape(plain(task.name))}</td><td>{_badge(word, word)}</td>'
        f'<td>{escape(reasons(task, problems))}</td><td class="time">{_when(task.last_ok)}</td>'
        f'<td class="number">{took}</td><td>{products}</td><td>{escape(plain(task.source))}</td></tr>'
    )


def _problems(problems: Sequence[Problem]) -> str:
    if not problems:
        return ""
    lines = []
    for problem in problems:
        place = problem.where
        where = (
            "" if place is None else ":".join(str(p) for p in (place.path, place.line, place.column) if p is not None)
        )
        badge = _badge("failed" if problem.severity == "error" else "stale", problem.severity)
        lines.append(
            f'<li>{badge} <span class="quiet">{escape(plain(where))}</span> {escape(plain(problem.message))} '
            f'<span class="quiet">{escape(plain(problem.hint))}</span></li>'
        )
    return f"<h2>Problems</h2><ul>{''.join(lines)}</ul>"


def _run(run: Run, tasks: Sequence[Task]) -> str:
    attempts = {task.name: task.last_attempt for task in tasks}
    ours = {name: attempt for name in run.tasks if (attempt := attempts.get(name)) and attempt.run == run.id}
    took = {
        name: attempt.ended - attempt.started
        for name, attempt in ours.items()
        if attempt.ended is not None and attempt.outcome != "skipped"
    }
    percent = dict(zip(took, shares([*took.values()]), strict=True))
    rows = []
    for name, state in run.tasks.items():
        part = took.get(name)
        share = "" if part is None else f"{percent[name]} %"
        rows.append(
            f'<tr><td class="name">{escape(plain(name))}</td><td>{state}</td>'
            f'<td class="number">{"" if part is None else _seconds(part)}</td><td class="number">{share}</td></tr>'
        )
    ended = "" if run.ended is None else f", {_seconds(run.ended - run.started)}"
    table = "".join(rows)
    head = '<tr><th>Task</th><th>Ended</th><th class="number">Took</th><th class="number">Share</th></tr>'
    errors = "".join(
        _error(name, attempt) for name, attempt in ours.items() if attempt.outcome in ("failed", "crashed")
    )
    return (
        f"<h2>Last run</h2><p>{escape(plain(run.message))} "
        f'<span class="quiet">{_when(run.started)}{ended}, by {escape(plain(run.user))}</span></p>'
        + (f'<div class="table"><table>{head}{table}</table></div>' if rows else "")
        + errors
    )


def _error(name: str, attempt: Attempt) -> str:
    error = attempt.error
    if error is None:
        return f"<h3>{escape(plain(name))}</h3><p>{escape(plain(attempt.cause))}</p>"
    place = "" if error.where is None else f" ({error.where.path}:{error.where.line or 1})"
    what = f"{error.name}: {error.message}{place}"
    lines = "\n".join(plain(line) for line in _COLOURS.sub("", error.traceback).splitlines())
    trace = f"<pre>{escape(lines)}</pre>" if lines else ""
    return f"<h3>{escape(plain(name))}</h3><p>{escape(plain(what))}</p>{trace}"


_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 100 else f"{int(value) // 60} min {int(value) % 60} s"


def _when(moment: float | None) -> str:
    return "" if moment is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))
