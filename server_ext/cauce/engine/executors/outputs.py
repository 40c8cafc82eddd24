"""What a kernel puts out, as a notebook keeps it: streams, displays and their updates, widgets.

The rules are those of a notebook's front end, which nbformat's schema and the messaging
protocol describe: `clear_output` may wait for what comes next, a display that has an id can be
changed later from anywhere, an Output widget takes what a cell would else have shown.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat import NotebookNode

from cauce.engine.executors.messages import Message

__all__ = ["Outputs", "clear"]

_node: Callable[..., NotebookNode] = nbformat.NotebookNode  # which has no types
_WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


@dataclass
class _Place:
    """Where outputs go: a cell, or an Output widget."""

    outputs: list[NotebookNode]
    limit: int
    room: int
    """Characters that may still be printed; below zero when it was said that there are none."""
    clears: bool = False
    """Is it to be cleared before the next output?"""
    pieces: list[str] = field(default_factory=list)
    """Of the stream that is its last output: joined once, not at each piece."""

    def settle(self) -> None:
        """Write the pieces of the last stream into it."""
        if len(self.pieces) > 1:
            self.outputs[-1]["text"] = "".join(self.pieces)
            self.pieces = [self.outputs[-1]["text"]]

    def clear(self) -> None:
        self.outputs.clear()
        self.pieces = []
        self.clears = False
        self.room = self.limit

    def add(self, output: NotebookNode) -> None:
        self.settle()
        self.outputs.append(output)
        self.pieces = [output["text"]] if output["output_type"] == "stream" else []

    def print(self, name: str, text: str) -> None:
        """Take what was printed, as far as there is room."""
        if self.room < 0:
            return
        if len(text) > self.room:
            notice = f"This cell printed more than {self.limit:,} characters. The rest is in the log."
            text = f"{text[: self.room]}\n[cauce] {notice}\n"
            self.room = -1
        else:
            self.room -= len(text)
        last = self.outputs[-1] if self.outputs else None
        if last is not None and last["output_type"] == "stream" and last["name"] == name:
            self.pieces.append(text)
        else:
            self.add(_node(output_type="stream", name=name, text=text))


class Outputs:
    """The outputs of a notebook that is being executed."""

    def __init__(self, notebook: NotebookNode, limit: int, reply: Callable[[str, Mapping[str, Any]], None]) -> None:
        """`limit` is in characters and for what one cell prints; `reply` sends a message of this type and content."""
        self._notebook = notebook
        self._limit = limit
        self._reply = reply
        self._cells: dict[int, _Place] = {}
        self._shown: dict[str, list[NotebookNode]] = {}
        """Display id → the outputs that show it."""
        self._widgets: dict[str, dict[str, Any]] = {}
        self._buffers: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}
        self._captured: dict[str, _Place] = {}
        """Output widget → where its outputs go."""
        self._capturing: dict[str, list[str]] = {}
        """Request → the Output widgets that take its outputs, the last one first."""

    @property
    def has_widgets(self) -> bool:
        """Does the kernel wait for what we have to say of its widgets?"""
        return bool(self._widgets)

    def take(self, index: int, message: Message) -> None:
        """Take a message on the outputs of a cell, or of any other kind."""
        content = message.content
        if message.type.startswith("comm_"):
            self._take_comm(message)
            return
        place, widget = self._place(index, message.parent)
        match message.type:
            case "stream":
                self._before(place)
                place.print(str(content["name"]), str(content["text"]))
            case "display_data" | "execute_result" | "update_display_data":
                self._show(place, message)
            case "error":
                self._before(place)
                error = {key: content[key] for key in ("ename", "evalue", "traceback")}
                place.add(_node(output_type="error", **error))
            case "clear_output" if content.get("wait"):
                place.clears = True
            case "clear_output":
                place.clear()
            case _:
                return
        if widget is not None:
            self._tell(widget)

    def settle(self) -> None:
        """Write what has come up to now into the notebook, widgets included."""
        for place in (*self._cells.values(), *self._captured.values()):
            place.settle()
        models = {name: state for name, state in self._widgets.items() if "_model_name" in state}
        if not models:
            return
        state: dict[str, Any] = {name: _as_saved(state) for name, state in models.items()}
        for name, buffers in self._buffers.items():
            if name in state and buffers:
                state[name]["buffers"] = list(buffers.values())
        saved = {"state": state, "version_major": 2, "version_minor": 0}
        self._notebook["metadata"]["widgets"] = {_WIDGET_STATE: saved}

    # --- Cells

    def _place(self, index: int, request: str) -> tuple[_Place, str | None]:
        for widget in self._capturing.get(request, ()):
            return self._captured[widget], widget
        if index not in self._cells:
            self._cells[index] = _Place(self._notebook["cells"][index]["outputs"], self._limit, self._limit)
        return self._cells[index], None

    def _before(self, place: _Place) -> None:
        if place.clears:
            place.clear()

    def _show(self, place: _Place, message: Message) -> None:
        content = message.content
        name = (content.get("transient") or {}).get("display_id")
        data, metadata = content.get("data") or {}, content.get("metadata") or {}
        for output in self._shown.get(name, ()) if name else ():
            output["data"], output["metadata"] = data, metadata
        if message.type == "update_display_data":
            return
        self._before(place)
        output = _node(output_type=message.type, data=data, metadata=metadata)
        if message.type == "execute_result":
            output["execution_count"] = content.get("execution_count")
        place.add(output)
        if name:
            self._shown.setdefault(name, []).append(output)

    # --- Widgets

    def _take_comm(self, message: Message) -> None:
        name, data = str(message.content.get("comm_id", "")), message.content.get("data") or {}
        state = data.get("state")
        if not isinstance(state, dict):
            return
        self._widgets.setdefault(name, {}).update(state)
        paths = data.get("buffer_paths") or []
        for path, buffer in zip(paths, message.buffers, strict=False):
            encoded = base64.b64encode(buffer).decode("ascii")
            self._buffers.setdefault(name, {})[tuple(path)] = {"encoding": "base64", "path": path, "data": encoded}
        if message.type == "comm_open" and state.get("_model_name") == "OutputModel":
            self._captured[name] = _Place([], self._limit, self._limit)
        if name in self._captured and "msg_id" in state:
            for widgets in self._capturing.values():
                if name in widgets:
                    widgets.remove(name)
            if state["msg_id"]:
                self._capturing.setdefault(state["msg_id"], []).insert(0, name)

    def _tell(self, widget: str) -> None:
        """Tell the kernel, whose code may ask its widget, what has been captured."""
        place = self._captured[widget]
        place.settle()
        self._widgets[widget]["outputs"] = place.outputs
        update = {"method": "update", "state": {"outputs": place.outputs}, "buffer_paths": []}
        self._reply("comm_msg", {"comm_id": widget, "data": update})


def _as_saved(state: dict[str, Any]) -> dict[str, Any]:
    names = {key: state.get(f"_{key}") for key in ("model_name", "model_module", "model_module_version")}
    return {**names, "state": state}


def clear(notebook: NotebookNode) -> None:
    """Remove what an earlier run left in the cells."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell["outputs"] = []
            cell["execution_count"] = None
            cell.metadata.pop("execution", None)
