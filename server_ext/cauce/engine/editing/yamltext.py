"""pipeline.yaml as text: one value changed in place, every other byte as it was. Pure.

A task is found by where its node begins, as the parser has noted it. A value that is not plainly
the task's own (an alias, a merge key, a block scalar) is refused: changing it would change more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from cauce.contract import Where
from cauce.engine.document import Scalar, TooLarge, Value, plain, read_document
from cauce.engine.document import Sequence as Items
from cauce.engine.editing.brackets import Bracketed, inserted, replaced, without
from cauce.engine.errors import UsageError

__all__ = [
    "BY_HAND",
    "TaskEntry",
    "YamlText",
    "bracketed",
    "data_of",
    "last_of",
    "line_end",
    "line_start",
    "read_yaml_text",
    "scalar",
    "with_key",
]

BY_HAND = "Edit the file by hand."


@dataclass(frozen=True)
class YamlText:
    """A file's text without its BOM, and what marks to look for in it."""

    text: str
    bom: bool
    name: str
    """How the file is called in messages."""

    def encode(self) -> bytes:
        return self.text.encode("utf-8-sig" if self.bom else "utf-8")

    @property
    def newline(self) -> str:
        return "\r\n" if self.text.count("\r\n") * 2 > self.text.count("\n") else "\n"

    def composed(self) -> yaml.Node | None:
        """Its nodes, with their places.

        Raises:
            UsageError: They cannot be told: this parser is stricter with tabs than the one that reads pipelines.
        """
        try:
            root: yaml.Node | None = yaml.compose(self.text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = None if error.problem_mark is None else error.problem_mark.line + 1
            raise UsageError(
                f"{self.name} cannot be edited safely{'' if line is None else f', because of a tab in line {line}'}.",
                hint="Put spaces in place of tabs.",
                where=Where(path=self.name, line=line),
            ) from error
        return root

    def upstream(self, line: int, column: int) -> tuple[str, ...]:
        """The names that the entry at this place has, as written."""
        value = TaskEntry.at(self, line, column).value("upstream")
        return () if value is None else tuple(_names(value))

    def with_upstream(self, line: int, column: int, name: str) -> YamlText:
        """The text with one more name in the `upstream` of the entry at this place (from 1).

        Raises:
            UsageError: It is not written so that this can be done.
        """
        entry = TaskEntry.at(self, line, column)
        return self._checked(entry, _with(entry, name), [*entry.names, name])

    def without_upstream(self, line: int, column: int, name: str) -> YamlText:
        """The text without a name; as `with_upstream`."""
        entry = TaskEntry.at(self, line, column)
        if name not in entry.names:
            raise UsageError(f"'{name}' is not written in the task's 'upstream' in {self.name}.", hint=BY_HAND)
        return self._checked(entry, _without(entry, name), [other for other in entry.names if other != name])

    def with_suffix(self, line: int, column: int, old: str, new: str) -> YamlText:
        """The text with another suffix at the end of the source of the entry at this place.

        Raises:
            UsageError: The source is not written there, or does not end so.
        """
        entry = TaskEntry.at(self, line, column, source_alone=True)
        node = entry.node if isinstance(entry.node, yaml.ScalarNode) else entry.value("source")
        if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
            raise UsageError(f"The source of the task in line {line} of {self.name} is not a path.", hint=BY_HAND)
        start, end = node.start_mark.index, node.end_mark.index
        end -= node.style is not None
        if self.text[max(start, end - len(old)) : end] != old:
            raise UsageError(
                f"The source of the task in line {line} of {self.name} does not end with {old}.", hint=BY_HAND
            )
        return YamlText(replaced(self.text, end - len(old), end, new), self.bom, self.name)

    def _checked(self, entry: TaskEntry, text: str, wanted: Sequence[str]) -> YamlText:
        """The new text, once it is sure to differ in that one value only."""
        changed = YamlText(text, self.bom, self.name)
        now = data_of(text, self.name)
        if now is None or now != _set(data_of(self.text, self.name), entry.path, list(wanted), now):
            raise UsageError(f"'upstream' in line {entry.line} of {self.name} cannot be edited safely.", hint=BY_HAND)
        return changed


def read_yaml_text(content: bytes, name: str) -> YamlText:
    """A YAML file's text.

    Raises:
        UsageError: It is not sound YAML.
    """
    document = read_document(content, name)
    if document.problems:
        problem = document.problems[0]
        raise UsageError(problem.message, hint=problem.hint or "Mend the file first.", where=problem.where)
    return YamlText(content.decode("utf-8-sig"), content.startswith(b"\xef\xbb\xbf"), name)


# --- Finding ------------------------------------------------------------------------------


@dataclass(frozen=True)
class TaskEntry:
    """One entry of a list of tasks."""

    file: YamlText
    node: yaml.MappingNode | yaml.ScalarNode
    path: tuple[int | str, ...]
    """From the root to it."""
    line: int

    @classmethod
    def at(cls, file: YamlText, line: int, column: int, *, source_alone: bool = False) -> TaskEntry:
        root = file.composed()
        kinds = (yaml.MappingNode, yaml.ScalarNode) if source_alone else (yaml.MappingNode,)
        for path, node in _walk(root, ()):
            mark = node.start_mark
            if (mark.line + 1, mark.column + 1) == (line, column) and isinstance(node, kinds):
                return cls(file, node, path, line)
        raise UsageError(f"There is no task in line {line} of {file.name}.", hint="The file has changed: try again.")

    @property
    def entries(self) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
        if not isinstance(self.node, yaml.MappingNode):
            return []
        return [(key, value) for key, value in self.node.value if isinstance(key, yaml.ScalarNode)]

    @property
    def names(self) -> list[str]:
        value = self.value("upstream")
        return [] if value is None else _names(value)

    def value(self, key: str) -> yaml.Node | None:
        """The value of a key of the entry itself; None when it has no such key.

        Raises:
            UsageError: It is not written there.
        """
        for (name, value), following in zip(self.entries, [*self.entries, (None, None)][1:], strict=True):
            if name.value != key:
                continue
            stop = self.node.end_mark.index if following[0] is None else following[0].start_mark.index
            written = name.end_mark.index <= value.start_mark.index <= value.end_mark.index <= stop
            anchored = "&" in self.file.text[name.end_mark.index : value.start_mark.index + 1]
            if not written or anchored:
                raise UsageError(
                    f"'{key}' in line {name.start_mark.line + 1} of {self.file.name} is shared through an anchor.",
                    hint=BY_HAND,
                )
            return value
        if any(name.value == "<<" for name, _ in self.entries) and key in _merged(self.node):
            raise UsageError(
                f"The task in line {self.line} of {self.file.name} has its '{key}' from a merge key (<<).",
                hint=BY_HAND,
            )
        return None


def _merged(node: yaml.Node) -> set[str]:
    """The keys that merge keys bring."""
    found: set[str] = set()
    todo: list[yaml.Node] = [value for key, value in node.value if key.value == "<<"]
    while todo:
        part = todo.pop()
        if isinstance(part, yaml.SequenceNode):
            todo += part.value
        elif isinstance(part, yaml.MappingNode):
            found.update(str(key.value) for key, _ in part.value)
            todo += [value for key, value in part.value if key.value == "<<"]
    return found


def _walk(node: yaml.Node | None, path: tuple[int | str, ...]) -> Iterator[tuple[tuple[int | str, ...], yaml.Node]]:
    """The nodes that can be an entry: what `tasks` holds, or the list that is the whole file."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == "tasks" and isinstance(value, yaml.SequenceNode):
                yield from _walk(value, (*path, "tasks"))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*path, index), item


def _names(value: yaml.Node) -> list[str]:
    if isinstance(value, yaml.ScalarNode):
        return [] if value.tag.endswith(":null") else [value.value]
    if isinstance(value, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in value.value):
        return [str(item.value) for item in value.value]
    raise UsageError(
        f"'upstream' in line {value.start_mark.line + 1} is not a list of names, so it cannot be edited.", hint=BY_HAND
    )


def data_of(text: str, name: str) -> Value:
    root = read_document(text.encode("utf-8"), name).root
    try:
        return None if root is None else plain(root)
    except TooLarge:
        return None


def _set(data: Value, path: tuple[int | str, ...], names: list[str], like: Value) -> Value:
    """The data with other names in the entry at the path, in whatever form `like` has them there."""
    spot, twin = data, like
    for step in path:
        spot = spot[step]  # type: ignore[index]  # the path is that of a node in this very text
        twin = twin[step]  # type: ignore[index]  # and the two differ in a leaf
    assert isinstance(spot, dict)  # noqa: S101  # an entry is a mapping
    now = twin.get("upstream") if isinstance(twin, dict) else None
    held = [] if now is None else now if isinstance(now, list) else [now]
    if [str(name) for name in held] != names:
        return None
    spot.pop("upstream", None)
    if isinstance(twin, dict) and "upstream" in twin:
        spot["upstream"] = now
    return data


# --- Changing -----------------------------------------------------------------------------


def scalar(name: str, like: str) -> str:
    """The name as YAML writes it, in the quotes of its neighbour where it has some."""
    if like in ("'", '"') and like and name.isprintable() and "\\" not in name and like not in name:
        return f"{like}{name}{like}"
    plain_data = read_document(f"- {name}".encode("utf-8", "replace"), "").root
    plain_flow = read_document(f"[{name}]".encode("utf-8", "replace"), "").root
    for root in (plain_data, plain_flow):
        items = root.items if isinstance(root, Items) else ()
        if [item.value if isinstance(item, Scalar) else None for item in items] != [name]:
            return json.dumps(name, ensure_ascii=not name.isprintable())
    return name


def _with(entry: TaskEntry, name: str) -> str:
    text, newline = entry.file.text, entry.file.newline
    value, _ = entry.value("upstream"), entry.names
    if value is None:
        return with_key(entry, f"upstream: [{scalar(name, '')}]")
    start, end = value.start_mark.index, value.end_mark.index
    if isinstance(value, yaml.ScalarNode):
        if value.tag.endswith(":null"):
            gap = "" if start > 0 and text[start - 1] == " " else " "
            return replaced(text, start, end, f"{gap}[{scalar(name, '')}]")
        if value.style in ("|", ">"):
            raise UsageError(f"'upstream' in line {value.start_mark.line + 1} is a block of text.", hint=BY_HAND)
        return replaced(text, start, end, f"[{text[start:end]}, {scalar(name, value.style or '')}]")
    assert isinstance(value, yaml.SequenceNode)  # noqa: S101  # `names` has said so
    items = value.value
    style = (items[-1].style or "") if items else ""
    if value.flow_style:
        return inserted(bracketed(entry.file, value), scalar(name, style))
    last = items[-1]
    prefix = text[line_start(text, last.start_mark.index) : last.start_mark.index]
    if prefix.strip() != "-" or "\n" in text[last.start_mark.index : last.end_mark.index]:
        raise UsageError(
            f"'upstream' in line {value.start_mark.line + 1} has an unusual layout, so it cannot be edited.",
            hint=BY_HAND,
        )
    spot = line_end(text, last.end_mark.index)
    return replaced(text, spot, spot, f"{newline}{prefix}{scalar(name, style)}")


def with_key(entry: TaskEntry, line: str) -> str:
    """One more key: below `source` or `name`, or at the end of a task that is written in one line."""
    text = entry.file.text
    if isinstance(entry.node, yaml.MappingNode) and entry.node.flow_style:
        spot = entry.entries[-1][1].end_mark.index
        if not entry.node.start_mark.index < spot < entry.node.end_mark.index:
            raise UsageError(f"The task in line {entry.line} has an unusual layout.", hint=BY_HAND)
        return replaced(text, spot, spot, f", {line}")
    places = []
    for key, value in entry.entries:
        start, end = key.start_mark.index, value.end_mark.index
        single = isinstance(value, yaml.ScalarNode) and value.style not in ("|", ">")
        one_line = start < value.start_mark.index <= end <= line_end(text, start)
        rest = text[end : line_end(text, end)].strip()
        if single and one_line and (not rest or rest.startswith("#")):
            places.append((key.value in ("source", "name", "class"), key))
    if not places:
        raise UsageError(
            f"The task in line {entry.line} of {entry.file.name} has an unusual layout.",
            hint=f"Add '{line}' to it by hand.",
        )
    best = [key for preferred, key in places if preferred] or [key for _, key in places]
    spot = line_end(text, best[-1].start_mark.index)
    return replaced(text, spot, spot, f"{entry.file.newline}{' ' * best[-1].start_mark.column}{line}")


def _without(entry: TaskEntry, name: str) -> str:
    text = entry.file.text
    value = entry.value("upstream")
    if isinstance(value, yaml.ScalarNode):
        return _without_key(entry, value)
    assert isinstance(value, yaml.SequenceNode)  # noqa: S101  # it holds the name
    # From the end, so that the positions of the others stay.
    names = _names(value)
    if all(other == name for other in names):
        return _without_key(entry, value)
    for index in reversed([index for index, other in enumerate(names) if other == name]):
        text = _without_item(YamlText(text, entry.file.bom, entry.file.name), value, index)
        if value.flow_style and names.count(name) > 1:
            again = TaskEntry.at(YamlText(text, entry.file.bom, entry.file.name), entry.line, _column(entry))
            found = again.value("upstream")
            assert isinstance(found, yaml.SequenceNode)  # noqa: S101  # only one item less
            value = found
    return text


def _column(entry: TaskEntry) -> int:
    return int(entry.node.start_mark.column) + 1


def _without_item(file: YamlText, value: yaml.SequenceNode, index: int) -> str:
    text = file.text
    if value.flow_style:
        return without(bracketed(file, value), index)
    item = value.value[index]
    begin, end = line_start(text, item.start_mark.index), line_end(text, item.end_mark.index)
    rest = text[item.end_mark.index : end].strip()
    if text[begin : item.start_mark.index].strip() != "-" or (rest and not rest.startswith("#")):
        raise UsageError(
            f"'upstream' in line {value.start_mark.line + 1} has an unusual layout, so it cannot be edited.",
            hint=BY_HAND,
        )
    return without_lines(text, begin, end)


def without_lines(text: str, begin: int, end: int) -> str:
    """The text without whole lines; the last line of a text without a newline takes that before it."""
    after = end + (2 if text.startswith("\r\n", end) else 1)
    if after <= len(text):
        return replaced(text, begin, after, "")
    before = text[:begin].removesuffix("\n").removesuffix("\r") if begin else ""
    return before + text[end:]


def _without_key(entry: TaskEntry, value: yaml.Node) -> str:
    """The last name goes: the key with it, unless a comment would be lost."""
    text = entry.file.text
    position = next(index for index, (key, _) in enumerate(entry.entries) if key.value == "upstream")
    key = entry.entries[position][0]
    start, last = key.start_mark.index, last_of(value)
    if isinstance(entry.node, yaml.MappingNode) and entry.node.flow_style:
        if position and "#" not in text[entry.entries[position - 1][1].end_mark.index : last]:
            return replaced(text, entry.entries[position - 1][1].end_mark.index, last, "")
        return replaced(text, value.start_mark.index, last, "[]")
    begin, end = line_start(text, start), line_end(text, last)
    if "#" not in text[start:end] and not text[begin:start].strip() and not text[last:end].strip():
        return without_lines(text, begin, end)
    if isinstance(value, yaml.SequenceNode) and not value.flow_style:
        for index in reversed(range(len(value.value))):
            text = _without_item(YamlText(text, entry.file.bom, entry.file.name), value, index)
        return text
    if "#" in text[value.start_mark.index : last] and isinstance(value, yaml.SequenceNode):
        return without(bracketed(entry.file, value), 0)
    return replaced(text, value.start_mark.index, last, "[]")


def last_of(value: yaml.Node) -> int:
    """Where a value really ends: that of a block goes on until the next token."""
    if isinstance(value, yaml.SequenceNode) and not value.flow_style:
        return int(value.value[-1].end_mark.index)
    return int(value.end_mark.index)


def bracketed(file: YamlText, value: yaml.SequenceNode) -> Bracketed:
    start, end = int(value.start_mark.index), int(value.end_mark.index)
    items = [(int(item.start_mark.index), int(item.end_mark.index)) for item in value.value]
    commas = []
    stops = [*(item[0] for item in items[1:]), end]  # with no items, one too many
    for (_, stop), following in zip(items, stops, strict=False):
        # A comma may stand in a comment too: those are cut off line by line.
        position = stop
        for line in file.text[stop:following].splitlines(keepends=True):
            comma = line.split("#")[0].find(",")
            if comma >= 0:
                commas.append(position + comma)
                break
            position += len(line)
    if len(commas) < len(items) - 1:
        raise UsageError(f"'upstream' in line {value.start_mark.line + 1} has an unusual layout.", hint=BY_HAND)
    return Bracketed(file.text, start, end, items, commas, newline=file.newline)


def line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def line_end(text: str, position: int) -> int:
    found = text.find("\n", position)
    stop = len(text) if found < 0 else found
    return stop - 1 if stop > position and text[stop - 1] == "\r" else stop
