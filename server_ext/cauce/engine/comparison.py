"""What two runs have made otherwise, and of what: pure, of results as the store tells them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from cauce.contract import ChangeKind, MetricChange, ProductChange, Result, TaskComparison, ValueChange
from cauce.engine.files import ProductRecord
from cauce.engine.fingerprint import Fingerprint
from cauce.engine.metrics import Metric
from cauce.engine.source import unified_diff
from cauce.engine.store import AttemptRow, RunResults

__all__ = ["compared"]

_MOST_CODE = 2_000_000
"""Characters of texts that are compared line by line; of what comes after that only is told that it differs."""
_LONGEST_VALUE = 2_000


def compared(before: RunResults, after: RunResults) -> tuple[TaskComparison, ...]:
    """The tasks that differ, or that were run anew, between what two runs left."""
    names = dict.fromkeys([*after.run.tasks, *before.run.tasks, *sorted({*after.attempts, *before.attempts})])
    room = _MOST_CODE
    found = []
    for name in names:
        old, new = before.attempts.get(name), after.attempts.get(name)
        if (None if old is None else old.id) == (None if new is None else new.id):
            continue  # nothing is known of either, or it is the same attempt
        size = sum(len(each.fingerprint.text) for each in (old, new) if each is not None)
        found.append(_task(name, old, new, left_out=size > room))
        room -= size
    return tuple(found)


def _task(name: str, old: AttemptRow | None, new: AttemptRow | None, *, left_out: bool) -> TaskComparison:
    # Of what an attempt has made that did not succeed nothing is known: that is no product that is gone.
    made = all(each is None or each.outcome == "ok" for each in (old, new))
    earlier, later = (each if made else None for each in (old, new))
    metrics = tuple(_metrics(() if earlier is None else earlier.metrics, () if later is None else later.metrics))
    products = tuple(_products(() if earlier is None else earlier.products, () if later is None else later.products))
    changes: list[ChangeKind] = []
    if old is None or new is None or old.outcome != new.outcome:
        changes.append("outcome")
    code, left = "", False
    params: tuple[ValueChange, ...] = ()
    options: tuple[ValueChange, ...] = ()
    modules: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    if old is not None and new is not None:
        then, now = old.fingerprint, new.fingerprint
        if not now.code.same(then.code):
            changes.append("code")
        # Comments do not count, and are shown all the same.
        left = left_out and then.text != now.text
        code = "" if left_out else unified_diff(then.text, now.text, name, "before", "after")
        params = tuple(_values(then.params, now.params))
        options = tuple(_values(then.options, now.options))
        modules = tuple(_differing_modules(then, now))
        resources = tuple(_differing(then.resources, now.resources))
        upstream = tuple(_differing(then.upstream, now.upstream))
        facts: dict[ChangeKind, Sequence[object]] = {
            "params": params,
            "modules": modules,
            "resources": resources,
            "options": options,
            "upstream": upstream,
        }
        changes += [kind for kind, values in facts.items() if values]
    if any(metric.before != metric.after for metric in metrics):
        changes.append("metrics")
    if any(product.change != "same" and not product.path.endswith(".ipynb") for product in products):
        changes.append("products")
    return TaskComparison(
        task=name,
        before=_result(old),
        after=_result(new),
        changes=tuple(changes),
        code=code,
        code_left_out=left,
        params=params,
        options=options,
        modules=modules,
        resources=resources,
        upstream=upstream,
        metrics=metrics,
        products=products,
    )


def _result(attempt: AttemptRow | None) -> Result | None:
    if attempt is None:
        return None
    return Result(run=attempt.run, outcome=attempt.outcome, started=attempt.started, ended=attempt.ended)


def _differing(then: Mapping[str, object], now: Mapping[str, object]) -> Iterable[str]:
    return (name for name in dict.fromkeys([*now, *then]) if then.get(name) != now.get(name))


def _differing_modules(then: Fingerprint, now: Fingerprint) -> Iterable[str]:
    for path in sorted(then.modules.keys() | now.modules.keys()):
        old, new = then.modules.get(path), now.modules.get(path)
        if old is None or new is None or not new.same(old):
            yield path


def _values(then: Mapping[str, str], now: Mapping[str, str]) -> Iterable[ValueChange]:
    for name in _differing(then, now):
        yield ValueChange(name=name, before=_literal(then.get(name)), after=_literal(now.get(name)))


def _literal(value: str | None) -> str | None:
    """A value in canonical JSON as a Python literal, as far as there is room."""
    if value is None:
        return None
    try:
        text = repr(json.loads(value, object_hook=_exact))
    except (ValueError, RecursionError):
        text = value
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def _exact(part: dict[str, object]) -> object:
    """See `fingerprint.canonical`."""
    return float(str(part["__float__"])) if part.keys() == {"__float__"} else part


def _metrics(old: Iterable[Metric], new: Iterable[Metric]) -> Iterable[MetricChange]:
    then = {(each.path, each.name): each.value for each in old}
    now = {(each.path, each.name): each.value for each in new}
    for path, name in dict.fromkeys([*now, *then]):
        yield MetricChange(path=path, name=name, before=then.get((path, name)), after=now.get((path, name)))


def _products(old: Iterable[ProductRecord], new: Iterable[ProductRecord]) -> Iterable[ProductChange]:
    then, now = ({each.path: each for each in records} for records in (old, new))
    for path in dict.fromkeys([*now, *then]):
        yield ProductChange(
            path=path.partition("://")[2] or path,
            change="added"
            if path not in then
            else "removed"
            if path not in now
            else "same"
            if then[path].hash == now[path].hash
            else "changed",
            before=_size(then.get(path)),
            after=_size(now.get(path)),
        )


def _size(record: ProductRecord | None) -> int | None:
    return None if record is None or "://" in record.path else record.stat.size
