"""Drawing large graphs in a browser: layouts beside ELK's, and frames while the view moves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.contest import Contest
from bench.figures import Goal, Row, Sample, Table, at_most, faster

__all__ = ["drawing"]

_ROOT = Path(__file__).parents[3]
_ELK = "elkjs@0.12.1"
_TEXT = """
In headless Chromium, each in a Web Worker that is warm. The graphs are like pipelines: layers, most edges between
neighbours, half as many edges again that skip layers. Crossings are counted in the lines as drawn, of all graphs of a
size together. ELK is `elkjs` with its layered algorithm and otherwise its defaults.
"""
_FRAMES = """
From frame to frame while the graph of 1,000 tasks is moved, without a graphics card. A frame that waits for the
screen takes 16.7 ms: more is a frame that was missed.
"""
_BUDGETS = {1000: 0.2, 5000: 1.5}


def drawing(contest: Contest) -> Sequence[Table]:
    """Two tables; none where there is no Node, no Chromium or no built front end."""
    npm, npx = shutil.which("npm"), shutil.which("npx")
    if npm is None or npx is None or not (_ROOT / "lib/graph/worker.js").exists():
        return ()
    place = contest.place / "drawing"
    place.mkdir()
    elk = _fetch_elk(npm, place)
    out = place / "found.json"
    subprocess.run(
        [npx, "playwright", "test", "-c", "playwright.config.js", "--project=bench"],
        cwd=_ROOT / "ui-tests",
        env={**os.environ, "CAUCE_BENCH_OUT": str(out), "CAUCE_BENCH_ELK": elk},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    found = json.loads(out.read_text()) if out.exists() else {}
    tables = [_layouts(found["layouts"])] if "layouts" in found else []
    return [*tables, _frames(found["frames"])] if "frames" in found else tables


def _fetch_elk(npm: str, place: Path) -> str:
    """Where ELK's scripts are; '' when it cannot be fetched."""
    done = subprocess.run([npm, "pack", "--silent", _ELK], cwd=place, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return ""
    shutil.unpack_archive(place / done.stdout.strip().splitlines()[-1], place, filter="data")
    return str(place / "package/lib")


def _layouts(found: Mapping[str, Any]) -> Table:
    rows = []
    for size, told in found.items():
        ours = Sample(tuple(told["ours"]))
        peer = Sample(tuple(told["peer"])) if told["peer"] else None
        own, others = told["crossings"]
        goals = at_most(_BUDGETS[int(size)], ours) if int(size) in _BUDGETS else ()
        if peer is not None:
            goals = (*goals, Goal("no more crossings than ELK", own <= others))
        cells = (str(ours), faster(peer, ours), f"{own:,}", f"{others:,}" if peer is not None else "")
        rows.append(Row(f"{int(size):,} tasks", cells, goals))
    return Table("Laying out graphs", _TEXT, ("Cauce", "ELK", "crossings", "ELK's crossings"), tuple(rows))


def _frames(found: Mapping[str, Sequence[float]]) -> Table:
    names = {"pan": "moved where it can be read", "zoom": "zoomed", "overview": "moved when all of it is in view"}
    rows = []
    for what, name in names.items():
        frames = sorted(found[what])
        late = sum(frame > 0.025 for frame in frames)
        cells = (
            str(Sample(tuple(frames))),
            f"{1000 * frames[int(0.95 * len(frames))]:.0f} ms",
            f"{late} of {len(frames)}",
        )
        rows.append(Row(name, cells, (Goal("≤ 17 ms in the median", frames[len(frames) // 2] <= 0.0175),)))
    return Table(
        "Moving about in the graph of 1,000 tasks", _FRAMES, ("a frame", "19 of 20 within", "missed"), tuple(rows)
    )
