"""How current each task of a project is: what it follows from now, compared with what the store remembers.

Only looks. What is shown, what is planned and what runs all come from `assess_task`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import msgspec

from cauce.contract import Freshness, Reason
from cauce.engine.cellcode import UpstreamReads
from cauce.engine.document import Value
from cauce.engine.files import (
    NOWHERE,
    Observer,
)
from cauce.engine.fingerprint import Fingerprint, canonical
from cauce.engine.given import product_value, upstream_value, working_folder
from cauce.engine.parsecache import ParseCache
from cauce.engine.ploomber import read_record
from cauce.engine.project import Project
from cauce.engine.source import Code, SourceFacts
from cauce.engine.sourcereader import NOTEBOOK_KINDS, SourceReader
from cauce.engine.spec import TaskSpec
from cauce.engine.spec.model import Dotted, database_file
from cauce.engine.staleness import LastAttempt, ProductState, reasons
from cauce.engine.store import History, TaskHistory

__all__ = ["Assessment", "assess", "assess_task", "complete", "known_of", "with_inputs"]


@dataclass(frozen=True)
class Assessment:
    """How current a task is. `fingerprint` is None when problems keep us from telling."""

    freshness: Freshness
    fingerprint: Fingerprint | None
    made_at: float | None = None
    """When the products that count were made, in seconds since the epoch; None where nobody has recorded it."""

    @property
    def fresh(self) -> bool:
        return self.freshness.state == "fresh"


def assess(project: Project, history: History, observer: Observer) -> dict[str, Assessment]:
    """Every task of the project, in build order."""
    every = known_of(project, history)
    for known in every.values():
        if known.last_ok is not None:
            for record in known.last_ok.products:
                observer.learn(record)
    found: dict[str, Assessment] = {}
    for task in project.graph.order:
        found[task] = assess_task(project, task, every.get(task), found, observer)
    return found


def known_of(project: Project, history: History) -> dict[str, TaskHistory]:
    """What is known of each task that was ever run.

    A record belongs to the files, not to the pipeline: where two pipelines of a project have a task
    of one name with the same products, what counts is the last that happened to it in either.
    """
    found = dict(history.tasks)
    for task, others in history.elsewhere.items():
        if task not in project.tasks:
            continue
        makes = _makes(project.tasks[task])
        for other in others:
            known, options = found.get(task), other.last.fingerprint.options
            later = known is None or known.last.id < other.last.id
            if later and makes == {name: path for name, path in options.items() if name.split()[0] == "product"}:
                found[task] = other
    return found


def assess_task(
    project: Project, task: str, known: TaskHistory | None, upstream: Mapping[str, Assessment], observer: Observer
) -> Assessment:
    """One task, given the assessments of what it needs."""
    if known is not None and known.last_ok is not None:
        for made in known.last_ok.products:
            if made.stat == NOWHERE:
                observer.learn(made)
    if task in project.unknowable or task not in project.facts:
        return Assessment(Freshness(state="unknown"), None)
    spec, facts = project.tasks[task], project.facts[task]
    needs = project.graph.upstream[task]
    stale = tuple(need for need in needs if not upstream[need].fresh)
    now = Fingerprint(
        code=facts.code,
        text=facts.text,
        modules=project.modules[task],
        params={name: canonical(value) for name, value in spec.params.items() if name != "resources_"},
        options=_options(spec, facts),
        given=_given(project, spec),
        upstream=_upstream_hashes(project, task, [need for need in needs if need not in stale], observer),
        unpickled=_unpickled(project, task, [need for need in needs if need not in stale]),
        resources=_resource_hashes(spec, observer),
    )
    if known is None and all(observer.stat(product.path) is not None for product in spec.products):
        vouched = read_record(project.root, spec, project.contents.get(task, b""), now)
        if vouched is not None:
            then = vouched.fingerprint
            later = [need for need in needs if need not in stale and not _made_before(upstream[need], vouched.time)]
            others = {need: dict.fromkeys([*now.upstream[need], ""], "") for need in later}
            found = reasons(
                now=now,
                last=LastAttempt("ok", msgspec.structs.replace(then, upstream={**now.upstream, **others})),
                products={},
                stale_upstream=stale,
                unknown=[name for name in spec.computed if name not in spec.params],
                resources=spec.resources,
                compare_code=project.spec.compare_code,
            )
            return Assessment(Freshness(state="stale" if found else "fresh", reasons=found), now, vouched.time)
    last = None if known is None else LastAttempt(known.last.outcome, known.last.fingerprint)
    recorded = {} if known is None or known.last_ok is None else {r.path: r for r in known.last_ok.products}
    products: dict[str, ProductState] = {}
    for product in spec.products:
        record = recorded.get(product.path)
        if observer.stat(product.path) is None:
            products[product.path] = "missing"
        else:
            same = record is None or record.hash == observer.hash(product.path)
            products[product.path] = "same" if same else "changed"
    for relation in spec.relations:
        there = relation.path in recorded and not _is_file_gone(relation.client or spec.client, observer)
        products[relation.path] = "same" if there else "missing"
    why: tuple[Reason, ...] = reasons(
        now=now,
        last=last,
        products=products,
        stale_upstream=stale,
        unknown=[name for name in spec.computed if name not in spec.params],
        resources=spec.resources,
        compare_code=project.spec.compare_code,
    )
    made_at = None if known is None or known.last_ok is None else known.last_ok.ended
    return Assessment(Freshness(state="stale" if why else "fresh", reasons=why), now, made_at)


def _is_file_gone(client: Dotted | str | None, observer: Observer) -> bool:
    """Is the database a file of the project that is not there? All else only the database can tell."""
    path = database_file(client)
    return path is not None and observer.stat(path) is None and not observer.trouble(path)


def _made_before(upstream: Assessment, time: float) -> bool:
    return upstream.fresh and upstream.made_at is not None and upstream.made_at <= time


def complete(now: Fingerprint, project: Project, task: str, observer: Observer, cache: ParseCache) -> Fingerprint:
    """The fingerprint with all that a run starting now reads as it is at this moment.

    That is modules, resources and *all* upstream, and the code of a function, which is imported; of
    any other task the code is what was read.
    """
    spec, facts = project.tasks[task], project.facts[task]
    look = SourceReader(project.spec, cache)
    if spec.kind not in NOTEBOOK_KINDS:
        facts = look.facts(spec, project.contents.get(task, b""))
    return msgspec.structs.replace(
        now,
        code=facts.code,
        text=facts.text,
        modules=look.modules(spec, facts, project.spec.made),
        upstream=_upstream_hashes(project, task, project.graph.upstream[task], observer),
        unpickled=_unpickled(project, task, project.graph.upstream[task]),
        resources=_resource_hashes(spec, observer),
    )


def with_inputs(project: Project, task: str, now: Fingerprint) -> Project:
    """The project as it is when this is what a task follows from: code and modules may have been edited since."""
    facts = project.facts[task]
    if facts.code == now.code and project.modules[task] == now.modules:
        return project
    return replace(
        project,
        facts={**project.facts, task: replace(facts, code=now.code, text=now.text)},
        modules={**project.modules, task: now.modules},
    )


def _makes(spec: TaskSpec) -> dict[str, str]:
    """Its products, as they are among the options."""
    made = [*((each.key, each.path) for each in spec.products), *((each.key, each.path) for each in spec.relations)]
    return {f"product {key}".strip(): canonical(path) for key, path in made}


def _options(spec: TaskSpec, facts: SourceFacts) -> dict[str, str]:
    options = _makes(spec)
    options |= {name: canonical(value) for name, value in spec.options.items()}
    kernel = facts.kernel if spec.notebook.kernel is None else spec.notebook.kernel
    if kernel is not None and spec.kind == "notebook":
        options["kernel"] = canonical(kernel)
    if spec.kind == "notebook" and len(spec.products) > 1:
        options["nb_product_key"] = canonical(list(spec.notebooks))
    if spec.kind != "notebook":
        options["kind"] = canonical(spec.kind)
    for name, called in (
        ("client", spec.client),
        ("serializer", spec.serializer),
        ("unserializer", spec.unserializer),
        # With what it is called; its code does not count: mending a check is no reason to run hours of work again.
        ("on_render", spec.hooks.on_render),
        ("on_finish", spec.hooks.on_finish),
    ):
        if called is not None:
            options[name] = canonical(_called(called))
    for relation in spec.relations:
        if relation.client is not None:
            options[f"client of {relation.key or 'product'}"] = canonical(_called(relation.client))
    return options


def _called(called: Dotted | str) -> Value:
    if isinstance(called, str):  # a URL: another password is the same database, and is not for everybody's eyes
        scheme, separator, rest = called.partition("://")
        account, at, place = rest.rpartition("@")
        return f"{scheme}{separator}{account.partition(':')[0]}{at}{place}"
    return called.path if not called.arguments else {"dotted_path": called.path, **called.arguments}


def _given(project: Project, spec: TaskSpec) -> dict[str, str]:
    folder = working_folder(spec)
    upstream = upstream_value(project.tasks, project.dependencies[spec.name], folder)
    return {
        "upstream": canonical(None if upstream is None else dict(upstream)),
        "product": canonical(product_value(spec, folder)),
    }


def _resource_hashes(spec: TaskSpec, observer: Observer) -> dict[str, str]:
    return {name: observer.hash(path) for name, path in spec.resources.items()}


def _upstream_hashes(
    project: Project, task: str, needs: Iterable[str], observer: Observer
) -> dict[str, dict[str, str]]:
    """What counts of the products of what a task needs.

    An executed notebook holds the code that made it: did it always count, each edit would run
    everything below again, though the data came out the same. It counts only where the task may
    read it: when its code does not plainly read other products alone, when upstream is given as
    a group, when an unserializer gets all of it first, and when it is all that there is.
    """
    reads = _reads(project, task)
    grouped = {need for dependency in project.dependencies[task] if dependency.group for need in dependency.tasks}
    found: dict[str, dict[str, str]] = {}
    for need in needs:
        spec = project.tasks[need]
        data = [product.key for product in spec.products if product.key not in spec.notebooks]
        whole = need in grouped or not (data or spec.relations)
        found[need] = {
            product.path: observer.hash(product.path)
            for product in spec.products
            if product.key not in spec.notebooks or whole or reads.may_read(need, product.key)
        }
        found[need] |= {relation.path: observer.token(relation.path) for relation in spec.relations}
    return found


def _reads(project: Project, task: str) -> UpstreamReads:
    """What the task may read of upstream. The keys of an object that was unserialized are none of products."""
    return project.facts[task].reads if project.tasks[task].unserializer is None else UpstreamReads()


_PICKLES = (".pkl", ".pickle", ".pck", ".p", ".joblib", ".dill", ".cloudpickle")
_DATA = (".csv", ".feather", ".json", ".npy", ".npz", ".parquet", ".txt", ".yaml", ".yml")


def _unpickled(project: Project, task: str, needs: Iterable[str]) -> dict[str, dict[str, Code]]:
    """The code behind the pickled objects that a task may load, by the task that has made them."""
    reads = _reads(project, task)
    found: dict[str, dict[str, Code]] = {}
    for need in needs:
        spec, facts = project.tasks[need], project.facts.get(need)
        if facts is not None and any(
            _is_pickle(product.path, spec) and reads.may_read(need, product.key) for product in spec.products
        ):
            own = {facts.origin: facts.code} if facts.origin else {}
            found[need] = {**project.modules[need], **own}
    return {need: code for need, code in found.items() if code}


def _is_pickle(path: str, spec: TaskSpec) -> bool:
    suffix = posixpath.splitext(path)[1].lower()
    return suffix in _PICKLES or (spec.serializer is not None and suffix not in _DATA)
