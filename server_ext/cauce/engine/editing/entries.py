"""Entries of `tasks` in the text of a pipeline file: one more, one less, another name. Pure.

    tasks:
      - source: tasks/load.py          ◄── without_entry, with_name
        product: output/load.ipynb
      #                                ◄── with_entry
      - source: tasks/report.py

Every other line keeps its bytes. Comments stay where they are, but for those inside of an entry that
goes. The result is read again: it is refused where the data is not exactly what was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import yaml

from cauce.engine.document import Value
from cauce.engine.editing.brackets import inserted, replaced, without
from cauce.engine.editing.yamltext import (
    BY_HAND,
    TaskEntry,
    YamlText,
    bracketed,
    data_of,
    last_of,
    line_end,
    line_start,
    scalar,
    with_key,
)
from cauce.engine.errors import UsageError

__all__ = ["block", "with_entry", "with_name", "with_other_upstream", "with_product_of", "without_entry"]

Place = tuple[int, int]
"""Line and column at which an entry begins, from 1, as the parser has noted them."""
Fields = Mapping[str, str | Sequence[str] | Mapping[str, str]]
"""What a new entry holds: key → a text, texts in brackets, or a mapping of texts."""

_NAME = re.compile(r"\{\{\s*name\s*\}\}")


def with_entry(file: YamlText, fields: Fields, after: Place | None = None) -> YamlText:
    """The text with one more task: behind the entry at `after`, else behind the last one.

    Raises:
        UsageError: The list of tasks is not written so that this can be done.
    """
    text, newline = file.text, file.newline
    root = file.composed()
    tasks = _tasks(root)
    before = data_of(text, file.name)
    held: list[Value] = []
    at = 0
    if tasks is None:
        changed = _with_list(file, root, fields)
    elif isinstance(tasks, yaml.ScalarNode) and tasks.tag.endswith(":null"):
        key = _tasks_key(root)
        indent = " " * (key.start_mark.column + 2)
        start, end = int(tasks.start_mark.index), int(tasks.end_mark.index)
        text = replaced(text, start, end, "").rstrip(" ") if start < end else text
        spot = line_end(text, int(key.end_mark.index))
        changed = replaced(text, spot, spot, newline + block(fields, f"{indent}- ", newline))
    elif isinstance(tasks, yaml.SequenceNode):
        held = _items(before)
        at = len(held) if after is None else _index(tasks, after, file) + 1
        if tasks.flow_style and not held and "#" not in text[tasks.start_mark.index : tasks.end_mark.index]:
            changed = _with_first(file, root, tasks, fields)
        elif tasks.flow_style:
            at = len(held)
            changed = inserted(bracketed(file, tasks), _flow(fields))
        else:
            changed = _with_item(file, tasks, at, fields)
    else:
        raise UsageError(f"'tasks' in {file.name} is no list.", hint="Mend the file first.")
    new: Value = {key: _plain(value) for key, value in fields.items()}
    return _checked(file, changed, _with_items(before, [*held[:at], new, *held[at:]]))


def without_entry(file: YamlText, place: Place) -> YamlText:
    """The text without the entry at this place; raises as `with_entry`."""
    text = file.text
    root = file.composed()
    tasks = _tasks(root)
    if not isinstance(tasks, yaml.SequenceNode):
        raise UsageError(
            f"There is no task in line {place[0]} of {file.name}.", hint="The file has changed: try again."
        )
    index = _index(tasks, place, file)
    before = data_of(text, file.name)
    held = _items(before)
    if tasks.flow_style:
        changed = without(bracketed(file, tasks), index)
    else:
        begin, end = _extent(text, tasks, index)
        if len(held) == 1 and isinstance(root, yaml.MappingNode):
            colon = text.index(":", int(_tasks_key(root).end_mark.index)) + 1
            changed = replaced(_without_extent(text, begin, end), colon, colon, " []")
        elif len(held) == 1:
            changed = replaced(text, begin, end, "[]")
        else:
            changed = _without_extent(text, begin, end)
    return _checked(file, changed, _with_items(before, [*held[:index], *held[index + 1 :]]))


def with_name(file: YamlText, place: Place, old: str, new: str) -> YamlText:
    """The text in which the entry at this place, that makes the task `old`, has another name.

    Raises:
        UsageError: Its name has another origin than a text of its own.
    """
    entry = TaskEntry.at(file, *place, source_alone=True)
    node, text = entry.node, file.text
    value = entry.value("name")
    if isinstance(node, yaml.ScalarNode):
        source = text[int(node.start_mark.index) : int(node.end_mark.index)]
        if node.style in ("|", ">") or "\n" in source:
            raise UsageError(f"The task in line {place[0]} of {file.name} has an unusual layout.", hint=BY_HAND)
        indent = " " * int(node.start_mark.column)
        written = f"source: {source}{file.newline}{indent}name: {scalar(new, '')}"
        changed = replaced(text, int(node.start_mark.index), int(node.end_mark.index), written)
        return _checked(file, changed, _set(file, entry, {"source": node.value, "name": new}))
    if value is None:
        changed = with_key(entry, f"name: {scalar(new, '')}")
    elif not isinstance(value, yaml.ScalarNode) or value.value != old or value.style in ("|", ">"):
        raise UsageError(
            f"The name of '{old}' is not written out in line {place[0]} of {file.name}.",
            hint="A placeholder or a grid gives it: change that by hand.",
        )
    else:
        changed = replaced(text, int(value.start_mark.index), int(value.end_mark.index), scalar(new, value.style or ""))
    data = _entry_data(file, entry)
    return _checked(file, changed, _set(file, entry, {**data, "name": new}))


def with_other_upstream(file: YamlText, place: Place, old: str, new: str) -> YamlText:
    """The text in which the `upstream` of the entry at this place says `new` for `old`. Raises as `with_name`."""
    entry = TaskEntry.at(file, *place)
    value = entry.value("upstream")
    nodes = value.value if isinstance(value, yaml.SequenceNode) else [] if value is None else [value]
    text = file.text
    for node in reversed(nodes):
        if isinstance(node, yaml.ScalarNode) and node.value == old and node.style not in ("|", ">"):
            text = replaced(text, int(node.start_mark.index), int(node.end_mark.index), scalar(new, node.style or ""))
    data = _entry_data(file, entry)
    held = data.get("upstream")
    now: Value = [new if name == old else name for name in held] if isinstance(held, list) else new
    if text == file.text:
        raise UsageError(
            f"'{old}' is not written as such in the 'upstream' in line {place[0]} of {file.name}.",
            hint="A placeholder gives it its name: change that.",
        )
    return _checked(file, text, _set(file, entry, {**data, "upstream": now}))


def with_product_of(file: YamlText, place: Place, name: str) -> YamlText:
    """The text in which ``{{name}}`` in the `product` of an entry is written out, as this name."""
    entry = TaskEntry.at(file, *place, source_alone=True)
    value = entry.value("product")
    if value is None:
        return file
    start, end = int(value.start_mark.index), last_of(value)
    part = file.text[start:end]
    return YamlText(replaced(file.text, start, end, _NAME.sub(lambda _: name, part)), file.bom, file.name)


def block(fields: Fields, prefix: str, newline: str = "\n") -> str:
    """An entry as lines, without the last line break; the first one begins with `prefix`, such as ``'  - '``."""
    indent = " " * len(prefix)
    lines: list[str] = []
    for key, value in fields.items():
        if isinstance(value, str):
            lines.append(f"{key}: {scalar(value, '')}")
        elif isinstance(value, Mapping):
            lines.append(f"{key}:")
            lines += [f"  {scalar(name, '')}: {scalar(text, '')}" for name, text in value.items()]
        else:
            lines.append(f"{key}: [{', '.join(scalar(text, '') for text in value)}]")
    return newline.join(prefix + line if not index else indent + line for index, line in enumerate(lines))


# --- Reading ------------------------------------------------------------------------------


def _tasks(root: yaml.Node | None) -> yaml.Node | None:
    """The list of tasks: that of the key, or the one that is the whole file; None when there is neither."""
    if isinstance(root, yaml.SequenceNode):
        return root
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if isinstance(key, yaml.ScalarNode) and key.value == "tasks":
            found: yaml.Node = value
            return found
    return None


def _tasks_key(root: yaml.Node | None) -> yaml.ScalarNode:
    assert isinstance(root, yaml.MappingNode)  # noqa: S101  # it has been found to have one
    found: yaml.ScalarNode = next(key for key, _ in root.value if key.value == "tasks")
    return found


def _index(tasks: yaml.SequenceNode, place: Place, file: YamlText) -> int:
    for index, item in enumerate(tasks.value):
        if (item.start_mark.line + 1, item.start_mark.column + 1) == place:
            return index
    raise UsageError(f"There is no task in line {place[0]} of {file.name}.", hint="The file has changed: try again.")


def _plain(value: str | Sequence[str] | Mapping[str, str]) -> Value:
    if isinstance(value, str):
        return value
    return dict(value) if isinstance(value, Mapping) else list(value)


def _items(data: Value) -> list[Value]:
    held = data.get("tasks") if isinstance(data, dict) else data
    return held if isinstance(held, list) else []


def _with_items(data: Value, items: list[Value]) -> Value:
    return items if isinstance(data, list) else {**(data if isinstance(data, dict) else {}), "tasks": items}


def _entry_data(file: YamlText, entry: TaskEntry) -> dict[str, Value]:
    found = data_of(file.text, file.name)
    for step in entry.path:
        found = found[step]  # type: ignore[index]  # the path is that of a node in this very text
    return found if isinstance(found, dict) else {}


def _set(file: YamlText, entry: TaskEntry, now: Value) -> Value:
    """The file's data with other data at the entry."""
    data = data_of(file.text, file.name)
    spot = data
    for step in entry.path[:-1]:
        spot = spot[step]  # type: ignore[index]  # as above
    spot[entry.path[-1]] = now  # type: ignore[index]
    return data


def _checked(file: YamlText, text: str, wanted: Value) -> YamlText:
    """The new text, once it is sure to hold that."""
    if data_of(text, file.name) != wanted:
        raise UsageError(f"{file.name} is laid out so that it cannot be edited safely.", hint=BY_HAND)
    return YamlText(text, file.bom, file.name)


# --- Writing ------------------------------------------------------------------------------


def _with_list(file: YamlText, root: yaml.Node | None, fields: Fields) -> str:
    """The list itself is missing: it comes last."""
    text, newline = file.text, file.newline
    if root is not None and (not isinstance(root, yaml.MappingNode) or root.flow_style):
        raise UsageError(f"{file.name} is no mapping with the key 'tasks'.", hint="Mend the file first.")
    if isinstance(root, yaml.MappingNode) and root.start_mark.column:
        raise UsageError(f"{file.name} is laid out so that it cannot be edited safely.", hint=BY_HAND)
    gap = "" if not text or text.endswith("\n") else newline
    return f"{text}{gap}tasks:{newline}{block(fields, '  - ', newline)}{newline}"


def _with_first(file: YamlText, root: yaml.Node | None, tasks: yaml.SequenceNode, fields: Fields) -> str:
    """In place of ``[]``."""
    text, newline = file.text, file.newline
    start, end = int(tasks.start_mark.index), int(tasks.end_mark.index)
    if isinstance(root, yaml.SequenceNode):
        return replaced(text, start, end, block(fields, "- ", newline))
    if isinstance(root, yaml.MappingNode) and root.flow_style:
        return replaced(text, start, end, f"[{_flow(fields)}]")
    key = _tasks_key(root)
    prefix = " " * (int(key.start_mark.column) + 2) + "- "
    rest = text[end : line_end(text, end)]
    head = text[:start].rstrip(" ") + rest.rstrip(" ")
    return f"{head}{newline}{block(fields, prefix, newline)}{text[line_end(text, end) :]}"


def _with_item(file: YamlText, tasks: yaml.SequenceNode, at: int, fields: Fields) -> str:
    text, newline = file.text, file.newline
    if not tasks.value:
        raise UsageError(f"'tasks' in {file.name} has an unusual layout.", hint=BY_HAND)
    neighbour = min(max(at - 1, 0), len(tasks.value) - 1)
    node = tasks.value[neighbour]
    column = int(tasks.start_mark.column)
    width = int(node.start_mark.column) - column
    same_line = "\n" not in text[line_start(text, int(node.start_mark.index)) + column : int(node.start_mark.index)]
    prefix = " " * column + "-" + " " * ((width if same_line and 2 <= width <= 8 else 2) - 1)
    _, spot = _extent(text, tasks, neighbour)
    gap = newline if _are_apart(text, tasks, neighbour) else ""
    return replaced(text, spot, spot, newline + gap + block(fields, prefix, newline))


def _are_apart(text: str, tasks: yaml.SequenceNode, index: int) -> bool:
    """Is there a blank line between this entry and the one before it, or else behind it?"""
    if len(tasks.value) == 1:
        return False
    other = index - 1 if index else index
    begin, end = _extent(text, tasks, other)[1], _extent(text, tasks, other + 1)[0]
    return any(not line.strip() for line in text[begin:end].split("\n")[1:-1])


def _extent(text: str, tasks: yaml.SequenceNode, index: int) -> tuple[int, int]:
    """Of an entry of a list in block style: where its first line begins, and where its last one ends.

    Comments below it that stand further to the right than its dash are its own.
    """
    node = tasks.value[index]
    column = int(tasks.start_mark.column)
    previous = _content_end(text, tasks.value[index - 1]) if index else int(tasks.start_mark.index)
    dash = int(tasks.start_mark.index) if not index else _dash(text, previous, int(node.start_mark.index), column)
    begin = line_start(text, dash)
    end = line_end(text, max(_content_end(text, node), dash + 1))
    while (following := text.find("\n", end)) >= 0:
        line = text[following + 1 : line_end(text, following + 1)]
        if not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) <= column:
            break
        end = following + 1 + len(line)
    if text[begin:dash].strip():
        raise UsageError("The list of tasks has an unusual layout.", hint=BY_HAND)
    return begin, end


def _dash(text: str, start: int, stop: int, column: int) -> int:
    """Where the dash of an entry is that lies between these positions."""
    position = start
    while (position := text.find("\n", position, stop)) >= 0:
        position += 1
        line = text[position : line_end(text, position)]
        if line[:column].strip() == "" and line[column : column + 1] == "-":
            return position + column
    raise UsageError("The list of tasks has an unusual layout.", hint=BY_HAND)


def _content_end(text: str, node: yaml.Node) -> int:
    """Where the last character is that belongs to a node: blocks go on until the next token."""
    while True:
        if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
            key, value = node.value[-1]
            # An alias has the marks of what it names.
            written = int(key.end_mark.index) <= int(value.start_mark.index) <= int(node.end_mark.index)
            if not written:
                return _token_end(text, int(key.end_mark.index))
            node = value
        elif isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
            last = node.value[-1]
            if not int(node.start_mark.index) <= int(last.start_mark.index) <= int(node.end_mark.index):
                raise UsageError("The list of tasks has an unusual layout.", hint=BY_HAND)
            node = last
        elif isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            start, end = int(node.start_mark.index), int(node.end_mark.index)
            return start + len(text[start:end].rstrip())
        else:
            return int(node.end_mark.index)


def _token_end(text: str, position: int) -> int:
    return line_end(text, position)


def _without_extent(text: str, begin: int, end: int) -> str:
    """The text without these lines, and without the blank ones that had set them apart."""
    after = text[end:]
    rest = after.lstrip("\r\n \t") if not after.strip() else after
    if not rest.strip():  # the last lines of the file
        head = text[:begin].rstrip("\r\n \t")
        return head + (after[: after.find("\n") + 1] if "\n" in after else "")
    following = after[after.find("\n") + 1 :]
    blank = re.match(r"(?:[ \t]*\r?\n)+", following)
    head = text[:begin]
    apart = not head.strip() or re.search(r"(?:^|\n)[ \t]*\r?\n\Z", head) or head.rstrip().endswith(":")
    if blank is not None and apart:
        following = following[blank.end() :]
    return head + following


def _flow(fields: Fields) -> str:
    """An entry in braces."""
    parts = []
    for key, value in fields.items():
        if isinstance(value, str):
            parts.append(f"{key}: {scalar(value, '')}")
        elif isinstance(value, Mapping):
            inner = ", ".join(f"{scalar(name, '')}: {scalar(text, '')}" for name, text in value.items())
            parts.append(f"{key}: {{{inner}}}")
        else:
            parts.append(f"{key}: [{', '.join(scalar(text, '') for text in value)}]")
    return "{" + ", ".join(parts) + "}"
