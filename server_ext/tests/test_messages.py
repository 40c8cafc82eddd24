"""Our messages and jupyter_client's are the same, whatever is in them; what is not signed is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jupyter_client.session import Session

from cauce.engine.executors.messages import Message, Wire

KEY = b"0123456789abcdef"
AWKWARD = st.sampled_from(["\udc80", "\ud83d", "é\x00", "\u2028", "</script>", "😀", ""])
TEXT = st.text() | AWKWARD
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
CONTENT = st.dictionaries(TEXT, VALUES, max_size=5)


def theirs() -> Any:
    return Session(key=KEY, check_pid=False)


def same(one: Any, two: Any) -> bool:
    """Equal as JSON: NaN is itself, 1 and 1.0 differ, and no front end knows the difference of two long fractions."""
    return json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)


def sent_by_them(session: Any, kind: str, content: Any, parent: Any = None, buffers: Any = None) -> list[bytes]:
    message = session.msg(kind, content, parent=parent)
    return [*session.serialize(message, ident=b"topic"), *(buffers or ())]


@given(content=CONTENT, buffers=st.lists(st.binary(max_size=50), max_size=3))
@example(content={"n": float("nan"), "i": float("inf")}, buffers=[b"<IDS|MSG>"])
@example(content={"n": 2**64, "m": -(2**63) - 1, "f": 1e400, "g": 0.1}, buffers=[])
def test_what_they_send_we_understand(content: dict[str, Any], buffers: list[bytes]) -> None:
    session = theirs()
    asked = session.msg("execute_request", {})
    packed = json.dumps(content).encode()
    frames = sent_by_them(session, "display_data", packed, asked, buffers)
    message = Wire(KEY).unpack(frames)
    assert (message.type, message.parent, message.buffers) == ("display_data", asked["header"]["msg_id"], (*buffers,))
    assert same(message.content, json.loads(packed))
    assert message.header["session"] == session.session


@given(content=CONTENT, metadata=CONTENT)
def test_what_we_send_they_understand(content: dict[str, Any], metadata: dict[str, Any]) -> None:
    name, frames = Wire(KEY).pack("execute_request", content, metadata, {"msg_id": "x"})
    session = theirs()
    _, rest = session.feed_identities(frames)
    message = session.deserialize(rest)
    assert message["header"]["msg_id"] == name
    assert message["header"]["msg_type"] == "execute_request"
    assert message["parent_header"]["msg_id"] == "x"
    for theirs_, ours in ((message["content"], content), (message["metadata"], metadata)):
        assert same(finite(theirs_), finite(ours))


def finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: null may take their place."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list) else value


@given(index=st.integers(0, 6), flip=st.integers(0, 2000), data=st.data())
def test_a_message_that_was_changed_is_none(index: int, flip: int, data: st.DataObject) -> None:
    frames = sent_by_them(theirs(), "stream", {"name": "stdout", "text": "x"}, {"header": {"msg_id": "a"}})
    place = index % (len(frames) - 1) + 1  # the topic is not signed
    frame = bytearray(frames[place])
    frame[flip % len(frame)] ^= 1 << data.draw(st.integers(0, 7))
    frames[place] = bytes(frame)
    with pytest.raises(ValueError, match=r".*"):
        Wire(KEY).unpack(frames)


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [b"x"],
        [b"<IDS|MSG>"],
        [b"<IDS|MSG>", b"", b"{}", b"{}", b"{}"],
        [b"<IDS|MSG>", b"", b"{}", b"{}", b"{}", b"{}"],
        [b"<IDS|MSG>", b"", b"[]", b"{}", b"{}", b"{}"],
        [b"<IDS|MSG>", b"", b"{}", b"{}", b"{}", b"{"],
        [b"<IDS|MSG>", b"", b"{}", b"{}", b"{}", b'{"a":' * 200_000],
        [b"<IDS|MSG>", b"", b"{}", b"{}", b"{}", b'{"a":' * 200_000 + b"1" + b"}" * 200_000],
    ],
)
def test_what_is_no_message_is_refused(frames: list[bytes]) -> None:
    for wire, whole in ((Wire(KEY), False), (Wire(b""), frames[2:] == [b"{}"] * 4)):
        if whole:
            assert wire.unpack(frames) == Message("", "", {}, {}, {})
        else:
            with pytest.raises(ValueError, match=r".*"):
                wire.unpack(frames)


def test_bytes_that_are_no_text_and_halves_of_characters_are_taken() -> None:
    wire = Wire(b"")
    frames = [b"<IDS|MSG>", b"", b"{}", b"{}", b"{}", b'{"a": "\xff", "b": "\\ud800"}']
    assert wire.unpack(frames).content == {"a": "\ufffd", "b": "\ud800"}
