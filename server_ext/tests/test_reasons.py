"""Every reason there is, with its words: src/words.ts says the same in English, and in other languages.

`src/testing/reasons.json` is what both sides are compared with. After a change of words:
``python server_ext/tests/test_reasons.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import msgspec

from cauce.contract import Reason, ReasonHow, ReasonKind
from cauce.engine.fingerprint import Fingerprint
from cauce.engine.source import Code
from cauce.engine.staleness import LastAttempt, reasons

EXAMPLES = Path(__file__).parents[2] / "src/testing/reasons.json"


def _inputs(**given: Any) -> Fingerprint:
    empty: dict[str, Any] = {
        "code": Code("", ""),
        "text": "",
        "modules": {},
        "params": {},
        "options": {},
        "upstream": {},
    }
    return Fingerprint(**(empty | given))


THEN = _inputs(
    modules={"a.py": Code("1", "1"), "old.py": Code("1", "1")},
    params={"seed": "1", "old": '"x"'},
    resources={"data": "1", "old": "1"},
    options={"kernel": '"python3"'},
    upstream={"load": {"x.csv": "1"}, "old": {"y.csv": "1"}, "late": {"z.csv": "1"}},
    unpickled={"fit": {"model.py": Code("1", "1")}},
)
NOW = _inputs(
    code=Code("2", "2"),
    modules={"a.py": Code("2", "2"), "new.py": Code("1", "1")},
    params={"seed": "2", "new": "[1, 2]"},
    resources={"data": "2", "new": "1"},
    options={"kernel": '"julia"', "client": '"db.connect"'},
    upstream={"load": {"x.csv": "2"}, "new": {"y.csv": "1"}},
    unpickled={"fit": {"model.py": Code("2", "2")}},
)
PATHS = {"data": "data.csv", "new": "new.csv"}


def every_reason() -> tuple[Reason, ...]:
    found = [*reasons(now=NOW, last=None, products={}, stale_upstream=())]
    for outcome in ("running", "failed", "cancelled", "crashed", "stopped"):
        found += reasons(now=THEN, last=LastAttempt(outcome, THEN), products={}, stale_upstream=())
    found += reasons(
        now=NOW,
        last=LastAttempt("ok", THEN),
        products={"x.csv": "missing", "table://main.x": "missing", "view://v": "missing", "y.csv": "changed"},
        stale_upstream=("late",),
        unknown=("later",),
        resources=PATHS,
    )
    given = {"upstream": '{"load": "x.csv"}', "product": '"x"'}
    last = LastAttempt("ok", _inputs(given={"upstream": "null"}))
    found += reasons(now=_inputs(given=given), last=last, products={}, stale_upstream=())
    return tuple(found)


def _written() -> str:
    return json.dumps(msgspec.to_builtins(every_reason()), indent=2) + "\n"


def test_the_examples_that_the_page_is_compared_with_are_what_the_server_says() -> None:
    assert EXAMPLES.read_text("utf-8") == _written()


def test_there_is_an_example_of_every_reason() -> None:
    assert {reason.kind for reason in every_reason()} == set(get_args(ReasonKind))
    assert {reason.how for reason in every_reason()} == set(get_args(ReasonHow))


if __name__ == "__main__":
    EXAMPLES.write_text(_written(), "utf-8")
