"""How each variable that crosses a cut is stored: its format, its key, its file. Pure.

Part (what it gives) ─► asked for, or by its type (`formats.py`) ─► key, path ─► Stored, and SplitProduct to be shown
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from cauce.contract import SplitFormat, SplitProduct, SplitRequest
from cauce.engine.refactor.model import Flow, Given, Part, Remark, Section, Statement
from cauce.engine.refactor.writing.formats import Preferences, Stored, choose, format_of
from cauce.engine.refactor.writing.place import Place, free, free_path, in_path

__all__ = ["Storage", "id_of", "store"]

_Wish = TypeVar("_Wish", bound=str)


@dataclass(frozen=True)
class Storage:
    """By section: what it stores, and the same as it is shown, with what is not stored but made anew."""

    stored: Mapping[str, Sequence[Stored]]
    shown: Mapping[str, Sequence[SplitProduct]]

    @property
    def anew(self) -> frozenset[str]:
        """Variables that no file holds: what needs them makes them."""
        products = (each for held in self.shown.values() for each in held)
        return frozenset(name for each in products if each.format == "recreate" for name in each.names)


def store(
    flow: Flow,
    statements: Sequence[Statement],
    constants: frozenset[int],
    request: SplitRequest,
    place: Place,
    say: Callable[[Remark], None],
) -> Storage:
    """Decide it for all sections.

    Args:
        constants: Indexes of statements that repeat a constant rather than store it.
        say: Is told what was wished and cannot be, and what is stored in another way than one would think.
    """
    return _Storing(request, place, say).all_of(flow, statements, constants)


def id_of(section: Section, given: Given) -> str:
    """How requests call it."""
    return f"{section.first}:{given.names[0]}"


class _Storing:
    def __init__(self, request: SplitRequest, place: Place, say: Callable[[Remark], None]) -> None:
        self._request = request
        self._place = place
        self._say = say
        self._paths: set[str] = set()

    def all_of(self, flow: Flow, statements: Sequence[Statement], constants: frozenset[int]) -> Storage:
        request = self._request
        wanted = Preferences(
            df_format=request.df_format or None,
            serializer=request.serializer or None,
            constants=constants,
        )
        stored: dict[str, list[Stored]] = {}
        shown: dict[str, list[SplitProduct]] = {}
        for part in flow.parts:
            name = part.section.name
            keys = {"nb"}
            self._paths.add(f"{self._place.product(name)}.ipynb".lower())
            stored[name], shown[name] = [], []
            functional = _with_lambdas(part, statements)
            for one in _in_order(part, statements):
                given = one if _are_one(one, part, statements) else replace(one, whole=False)
                by_value = given.by_value or not functional.isdisjoint(given.names)
                asked = _asked(request.formats, part.section, given)
                choice = choose(given, replace(wanted, by_value=by_value), asked)
                if asked is not None and asked != choice.format:
                    self._say_impossible(given, asked, choice.choices)
                if choice.note:
                    self._say(Remark("stored_otherwise", "note", choice.note, names=given.names))
                place = None
                if choice.format != "recreate":
                    place = self._stored(part.section, given, choice.format, keys)
                    stored[name].append(place)
                trouble = "" if place is None else _trouble(given)
                shown[name].append(_product(part.section, given, choice.format, choice.choices, place, trouble))
        return Storage(stored, shown)

    def _say_impossible(self, given: Given, asked: str, choices: Sequence[str]) -> None:
        message = f"'{given.names[0]}' cannot be stored as {asked}."
        self._say(Remark("format", "error", message, f"Choose one of: {', '.join(choices)}.", names=given.names))

    def _stored(self, section: Section, given: Given, name: SplitFormat, keys: set[str]) -> Stored:
        asked = _asked(self._request.keys, section, given) or ""
        if asked and (asked in keys or not asked.isprintable() or asked != asked.strip()):
            why = "is taken" if asked in keys else "is none"
            message = f"The key '{asked}' of '{given.names[0]}' {why}."
            self._say(Remark("key", "error", message, "Give it another one.", names=given.names))
            asked = ""
        key = free(asked or given.names[0], keys)
        stem = f"{self._place.product(section.name)}-{in_path(key)}"
        path = free_path(stem, format_of(name, given).suffix, self._paths)
        picture = None
        if name == "png":
            picture_key = free(f"{key}_png", keys)
            picture = picture_key, free_path(path.removesuffix(".pkl"), ".png", self._paths)
        return Stored(given, name, key, path, picture)


def _asked(by_id: Mapping[str, _Wish], section: Section, given: Given) -> _Wish | None:
    """What was wished of it, by whichever of its names."""
    ids = (f"{section.first}:{name}" for name in given.names)
    return next((by_id[each] for each in ids if each in by_id), None)


def _in_order(part: Part, statements: Iterable[Statement]) -> list[Given]:
    """What a section gives, as it first names that."""
    order: dict[str, int] = {}
    for each in statements:
        if part.section.first <= each.cell < part.section.end:
            for name in (*each.effect.binds, *each.effect.may_bind, *each.effect.mutates):
                order.setdefault(name, len(order))
    return sorted(part.gives, key=lambda given: min(order.get(name, len(order)) for name in given.names))


def _are_one(given: Given, part: Part, statements: Iterable[Statement]) -> bool:
    """Do all its names lead to one object for sure? Else they are stored as what they are, in one file.

    The flow claims that rather too often, which is right for telling what belongs together. It is sure where it was
    seen, or where the section says so: ``raw = df`` and nothing about either after that.
    """
    if not given.whole or len(given.names) == 1 or given.evidence == "traced":
        return given.whole
    object_of: dict[str, object] = {}
    for each in statements:
        if not part.section.first <= each.cell < part.section.end:
            continue
        made: object = each.index
        match each.node:
            case ast.Assign(targets=targets, value=value) if all(isinstance(target, ast.Name) for target in targets):
                if isinstance(value, ast.Name):
                    made = object_of.get(value.id, value.id)
            case _:
                made = None
        for name in (*each.effect.binds, *each.effect.may_bind, *each.effect.deletes):
            object_of[name] = object() if made is None else made
    return len({object_of.get(name, name) for name in given.names}) == 1


def _with_lambdas(part: Part, statements: Iterable[Statement]) -> frozenset[str]:
    """Variables of the section that may hold a lambda, which no pickle can name."""
    found: set[str] = set()
    for each in statements:
        own = part.section.first <= each.cell < part.section.end and each.kind == "code"
        if own and each.node is not None and any(isinstance(node, ast.Lambda) for node in _kept_in(each.node)):
            found.update((*each.effect.binds, *each.effect.may_bind, *each.effect.mutates))
    return frozenset(found)


def _kept_in(node: ast.AST) -> Iterator[ast.AST]:
    """What a statement's value may consist of: not what is handed to a call, which is used up there as a rule."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(node, ast.Call) or child is node.func:
            yield from _kept_in(child)


def _product(
    section: Section,
    given: Given,
    name: SplitFormat,
    choices: tuple[SplitFormat, ...],
    place: Stored | None,
    trouble: str,
) -> SplitProduct:
    return SplitProduct(
        id=id_of(section, given),
        key="" if place is None else place.key,
        names=given.names,
        path="" if place is None else place.path,
        format=name,
        choices=choices,
        type=given.type,
        summary="" if given.value is None else given.value.summary,
        size=None if given.value is None else given.value.size,
        evidence=given.evidence,
        trouble=trouble,
    )


def _trouble(given: Given) -> str:
    """Why it cannot be stored."""
    value = given.value
    return given.unstorable or ("" if value is None or value.storable in ("", "cloudpickle") else value.storable)
