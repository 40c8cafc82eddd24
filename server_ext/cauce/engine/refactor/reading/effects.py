"""What statements do to names: read, bound, changed in place, shared. Pure; nothing is imported or run.

`walk` goes through a statement, `libraries` knows what libraries do. Where it is not sure, the answer errs to the side
of more: a variable that is stored for nothing costs a file, one that is not costs the result.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from cauce.engine.refactor.model import Effect, Share, Sureness
from cauce.engine.refactor.reading.bindings import surer
from cauce.engine.refactor.reading.known import Known
from cauce.engine.refactor.reading.scopes import Function, walk_here
from cauce.engine.refactor.reading.walk import Walk

__all__ = ["fold", "follow"]


def follow(node: ast.stmt, known: Known) -> Effect:
    """The effect of a top-level statement where `known` holds, which then holds behind it. Never raises."""
    walk = Walk(known)
    try:
        walk.block([node])
        effect = walk.effect()
    except RecursionError:  # hundreds of terms
        effect = _roughly(node)
    binds = (*effect.binds, *effect.may_bind, *effect.deletes)
    held = tuple(dict.fromkeys(_given_away(node, known)))
    for name in dict.fromkeys((*binds, *effect.mutates)):
        before = () if name in effect.binds else known.holding.get(name, ())
        known.holding[name] = tuple(dict.fromkeys((*before, *held)))
    known.passed(node, binds, walk.state.kinds, walk.state.definitions)
    return effect


def _given_away(node: ast.stmt, known: Known) -> Iterator[Function]:
    """Functions that it names without calling them, and those that what it reads may hold."""
    called = {id(part.func) for part in walk_here([node]) if isinstance(part, ast.Call)}
    for part in walk_here([node]):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and id(part) not in called:
            yield from known.holding.get(part.id, ())
            yield from (each for each in known.definitions(part.id) if not isinstance(each, ast.ClassDef))


def _roughly(node: ast.stmt) -> Effect:
    """Without regard to the order in it."""
    reads: dict[str, None] = {}
    binds: dict[str, None] = {}
    changed: dict[str, Sureness] = {}
    for part in walk_here([node]):
        match part:
            case ast.Name(id=name, ctx=ast.Load()):
                reads.setdefault(name)
            case ast.Name(id=name, ctx=ast.Store()):
                binds.setdefault(name)
            case ast.Attribute(value=ast.Name(id=name)) | ast.Subscript(value=ast.Name(id=name)):
                changed.setdefault(name, "possible")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                binds.setdefault(name)
    later = dict.fromkeys(
        part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
    )
    return Effect(tuple(reads), tuple(name for name in later if name not in reads), tuple(binds), mutates=changed)


# --- One after another ----------------------------------------------------------------------


def fold(effects: Iterable[Effect]) -> Effect:
    """The effect of statements after one another."""
    reads: dict[str, None] = {}
    later: dict[str, None] = {}
    binds: dict[str, None] = {}
    may_bind: dict[str, None] = {}
    deletes: dict[str, None] = {}
    mutates: dict[str, Sureness] = {}
    handed: dict[str, None] = {}
    shares: list[Share] = []
    reads_files: dict[str, None] = {}
    writes_files: dict[str, None] = {}
    unstorable: dict[str, str] = {}
    random = False
    for effect in effects:
        for name in effect.reads:
            if name not in binds:
                reads.setdefault(name)
        later.update(dict.fromkeys(effect.later))
        for name, sureness in effect.mutates.items():
            mutates[name] = surer(mutates.get(name), sureness)
        handed.update(dict.fromkeys(effect.handed))
        for name in effect.deletes:
            binds.pop(name, None)
            may_bind.pop(name, None)
            unstorable.pop(name, None)
            deletes.setdefault(name)
        as_before = {share.name: share.whole for share in effect.shares if share.name == share.other}
        anew = [
            name for name in (*effect.binds, *effect.deletes) if name not in effect.mutates and name not in as_before
        ]
        shares = [
            replace(share, whole=share.whole and as_before.get(share.name, True) and as_before.get(share.other, True))
            for share in _without(shares, anew)
        ]
        shares += (share for share in effect.shares if share.name != share.other)
        for name in effect.binds:
            binds.setdefault(name)
            may_bind.pop(name, None)
            deletes.pop(name, None)
            unstorable.pop(name, None)
        for name in effect.may_bind:
            if name not in binds:
                may_bind.setdefault(name)
            deletes.pop(name, None)
        unstorable.update(effect.unstorable)
        reads_files.update(dict.fromkeys(effect.reads_files))
        writes_files.update(dict.fromkeys(effect.writes_files))
        random = random or effect.random
    return Effect(
        reads=tuple(reads),
        later=tuple(later),
        binds=tuple(binds),
        may_bind=tuple(may_bind),
        deletes=tuple(deletes),
        mutates=mutates,
        handed=tuple(handed),
        shares=tuple(dict.fromkeys(shares)),
        reads_files=tuple(reads_files),
        writes_files=tuple(writes_files),
        random=random,
        unstorable=unstorable,
    )


def _without(shares: Sequence[Share], names: Iterable[str]) -> list[Share]:
    """The shares when these names are bound to something else: what shared with them may still share."""
    kept = list(shares)
    for name in names:
        gone = [share for share in kept if name in (share.name, share.other)]
        if not gone:
            continue
        kept = [share for share in kept if share not in gone]
        others = [(share.other if share.name == name else share.name, share.whole) for share in gone]
        for index, (one, whole) in enumerate(others):
            for another, as_whole in others[index + 1 :]:
                if one != another:
                    kept.append(Share(one, another, whole and as_whole))
    return list(dict.fromkeys(kept))
