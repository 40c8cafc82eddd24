"""Is a task current, and if not, why? Pure: frozen facts in, reasons out.

Every way to be stale is found here and said here, in words, at the place where it is
found. What is shown, what is planned and what runs all come from this one function.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from cauce.contract import Reason, ReasonHow
from cauce.engine.fingerprint import Fingerprint

__all__ = ["LastAttempt", "ProductState", "reasons"]

ProductState = Literal["same", "missing", "changed"]

_NOTHING = "nothing"


@dataclass(frozen=True)
class LastAttempt:
    """What the store knows of the last time the task was really tried (skips do not count)."""

    outcome: Literal["running", "ok", "failed", "cancelled", "crashed", "stopped"]
    fingerprint: Fingerprint
    """The inputs as they were taken before that attempt."""


def reasons(
    *,
    now: Fingerprint,
    last: LastAttempt | None,
    products: Mapping[str, ProductState],
    stale_upstream: tuple[str, ...],
    unknown: Collection[str] = (),
    resources: Mapping[str, str] | None = None,
    compare_code: bool = True,
) -> tuple[Reason, ...]:
    """Why the task must run; empty when it is fresh.

    Args:
        now: The inputs as they are. `now.upstream` lacks the tasks in `stale_upstream`.
        last: The last attempt; None when there was none.
        products: Path of each declared product → how it compares with what was recorded.
        stale_upstream: Direct upstream tasks that are stale themselves: what they will make
            is unknown until they run.
        unknown: Parameters that nobody has computed yet; not among `now.params`.
        resources: Name of a resource → its path, to tell which it is.
        compare_code: Whether other code, or another module, is a reason.
    """
    if last is None:
        return (Reason(kind="never_run", message="It has never run."),)
    found: list[Reason] = []
    if last.outcome != "ok":
        words = {
            "running": "was interrupted",
            "failed": "failed",
            "cancelled": "was cancelled",
            "crashed": "crashed",
            "stopped": "ended the build early",
        }
        message = f"The last run {words[last.outcome]}."
        found.append(Reason(kind="last_run_failed", message=message, how=last.outcome))
    then = last.fingerprint
    if compare_code and not now.code.same(then.code):
        found.append(Reason(kind="code_changed", message="The code changed."))
    found += _modules(now, then) if compare_code else []
    found += _unpickled(now, then) if compare_code else []
    found += _params(now, then, unknown)
    found += _resources(now, then, resources or {})
    found += _options(now, then)
    found += _upstream(now, then, stale_upstream)
    found += _given(now, then, found)
    # A failed attempt may have left anything in the products: only a success is compared.
    found += _products(products) if last.outcome == "ok" else []
    return tuple(found)


def _modules(now: Fingerprint, then: Fingerprint) -> list[Reason]:
    found = []
    for path in sorted(now.modules.keys() | then.modules.keys()):
        new, old = now.modules.get(path), then.modules.get(path)
        how: ReasonHow
        if new is None:
            how, message = "removed", f"The module {path} is no longer used."
        elif old is None:
            how, message = "added", f"The module {path} is new."
        elif not new.same(old):
            how, message = "changed", f"The module {path} changed."
        else:
            continue
        found.append(Reason(kind="module_changed", message=message, subject=path, how=how))
    return found


def _unpickled(now: Fingerprint, then: Fingerprint) -> list[Reason]:
    found = []
    for task in now.unpickled.keys() & then.unpickled.keys():
        new, old = now.unpickled[task], then.unpickled[task]
        for path in sorted(new.keys() | old.keys()):
            if path not in new or path not in old or not new[path].same(old[path]):
                message = f"The module {path} changed, whose objects {task} may have pickled."
                found.append(Reason(kind="module_changed", message=message, subject=path, how="pickled", task=task))
    return sorted(found, key=lambda reason: reason.message)


def _params(now: Fingerprint, then: Fingerprint, unknown: Collection[str]) -> list[Reason]:
    found = [
        Reason(
            kind="params_changed",
            message=f"The parameter {name} is computed when built.",
            subject=name,
            how="computed",
        )
        for name in unknown
    ]
    for name in dict.fromkeys([*now.params, *then.params]):
        if name in unknown:
            continue
        new, old = now.params.get(name), then.params.get(name)
        if new == old:
            continue
        before, after = _short(old), _short(new)
        how: ReasonHow
        if before is None:
            how, message = "added", f"The parameter {name} is new: {after}."
        elif after is None:
            how, message = "removed", f"The parameter {name} (was {before}) is gone."
        else:
            how, message = "changed", f"The parameter {name} changed from {before} to {after}."
        reason = Reason(kind="params_changed", message=message, subject=name, how=how, before=before, after=after)
        found.append(reason)
    return found


def _resources(now: Fingerprint, then: Fingerprint, paths: Mapping[str, str]) -> list[Reason]:
    found = []
    for name in dict.fromkeys([*now.resources, *then.resources]):
        if now.resources.get(name) == then.resources.get(name):
            continue
        path = paths.get(name, name)
        how: ReasonHow
        if name not in now.resources:
            how, message = "removed", f"The resource {path} is no longer used."
        elif name not in then.resources:
            how, message = "added", f"The resource {path} is new."
        else:
            how, message = "changed", f"The resource {path} changed."
        found.append(Reason(kind="resource_changed", message=message, subject=path, how=how))
    return found


def _options(now: Fingerprint, then: Fingerprint) -> list[Reason]:
    found = []
    for name in sorted(now.options.keys() | then.options.keys()):
        if now.options.get(name) == then.options.get(name):
            continue
        before, after = _short(then.options.get(name)), _short(now.options.get(name))
        message = f"The {name} changed from {before or _NOTHING} to {after or _NOTHING}."
        found.append(Reason(kind="options_changed", message=message, subject=name, before=before, after=after))
    return found


def _upstream(now: Fingerprint, then: Fingerprint, stale: tuple[str, ...]) -> list[Reason]:
    found = []
    for task in dict.fromkeys([*now.upstream, *stale, *then.upstream]):
        if task in stale:
            message = f"{task} is stale: what it makes may change."
            found.append(Reason(kind="upstream_stale", message=message, subject=task))
        elif task not in now.upstream:
            message = f"It no longer uses {task}."
            found.append(Reason(kind="upstream_changed", message=message, subject=task, how="removed"))
        elif task not in then.upstream:
            message = f"It now uses {task}."
            found.append(Reason(kind="upstream_changed", message=message, subject=task, how="added"))
        elif _differ(now.upstream[task], then.upstream[task], read_alike=now.code.same(then.code)):
            message = f"What {task} makes changed."
            found.append(Reason(kind="upstream_changed", message=message, subject=task))
    return found


def _differ(new: Mapping[str, str], old: Mapping[str, str], *, read_alike: bool) -> bool:
    """Other code may read other products: then only those tell something that both read."""
    return new != old if read_alike else any(old[path] != new[path] for path in new.keys() & old.keys())


def _given(now: Fingerprint, then: Fingerprint, found: list[Reason]) -> list[Reason]:
    """What the injected cell says otherwise though nothing found so far tells why: keys, groups, order."""
    told = {
        "upstream": any(reason.kind == "upstream_changed" for reason in found),
        "product": any(reason.kind == "options_changed" and "product" in reason.subject.split() for reason in found),
    }
    others = []
    for name, value in now.given.items():
        if then.given.get(name) == value or told[name]:
            continue
        before, after = _short(then.given.get(name)), _short(value)
        message = f"What is filled in as {name} changed from {before or _NOTHING} to {after}."
        reason = Reason(
            kind="options_changed", message=message, subject=name, how="filled_in", before=before, after=after
        )
        others.append(reason)
    return others


def _products(products: Mapping[str, ProductState]) -> list[Reason]:
    found = []
    for path, state in products.items():
        kind, separator, name = path.partition("://")
        if state == "missing" and separator:
            found.append(Reason(kind="product_missing", message=f"The {kind} {name} was not made yet.", subject=path))
        elif state == "missing":
            found.append(Reason(kind="product_missing", message=f"{path} is missing.", subject=path))
        elif state == "changed":
            message = f"{path} was changed by something else."
            found.append(Reason(kind="product_changed", message=message, subject=path))
    return found


def _short(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        text = repr(json.loads(value))
    except ValueError:
        text = value
    return text if len(text) <= 60 else text[:59] + "…"
