"""Digests of values: equal for equal content, in whatever process and after whatever journey; apart for all else."""

from __future__ import annotations

import ast
import datetime
import io
import json
import math
import os
import pickle
import random
import re
import subprocess
import sys
import threading
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cauce.runner.probe import likeness
from cauce.runner.probe.likeness import digest
from cauce.runner.probe.telling import holds_json, is_storable_frame, storing

Place = namedtuple("Place", ["x", "y"])


class Colour(Enum):
    RED = 1
    BLUE = 2


class Attributes(dict[str, Any]):
    """A dict whose items are its attributes, as libraries hand out data sets."""

    def __init__(self, **own: Any) -> None:
        super().__init__(own)
        self.__dict__ = self


class Thing:
    def __init__(self, **own: Any) -> None:
        self.__dict__.update(own)


plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf]),
    st.sampled_from(["", "a", "b", "1", "\ud800"]),
    st.sampled_from([b"", b"a"]),
)
values = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from(["a", "b", 1, True, None]), inner, max_size=3),
        st.sets(plain, max_size=3),
        st.frozensets(plain, max_size=3),
        st.dictionaries(st.sampled_from(["p", "q"]), inner, max_size=2).map(lambda own: Thing(**own)),
    ),
    max_leaves=8,
)


def stored(value: Any) -> Any:
    """As it comes back from pickle."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own


def alike(one: Any, other: Any) -> bool:
    """Is it the same by type and content, -0.0 and 0.0 apart, NaN like itself?"""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or str(one) == str(other)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return alike(list(one), list(other)) and alike(list(one.values()), list(other.values()))
    if isinstance(one, set | frozenset):
        return len(one) == len(other) and all(any(alike(a, b) for b in other) for a in one)
    if isinstance(one, Thing):
        return alike(vars(one), vars(other))
    return bool(one == other)


@given(values, values)
@settings(max_examples=400)
def test_two_digests_are_equal_exactly_when_two_values_are(one: Any, other: Any) -> None:
    assert digest(one)
    assert (digest(one) == digest(other)) == alike(one, other)


@given(values)
def test_a_digest_outlives_pickle(value: Any) -> None:
    assert digest(stored(value)) == digest(value)


@given(st.lists(st.one_of(st.integers(), st.floats(), st.text(), st.booleans()), min_size=30, max_size=60))
def test_long_lists_of_one_type_are_taken_at_once_and_are_no_other_for_that(items: list[Any]) -> None:
    assert digest(stored(items)) == digest(items)
    changed = [*items]
    changed[17] = "another"
    assert (digest(changed) == digest(items)) == (items[17] == "another" and type(items[17]) is str)


@given(st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=2), inner), max_leaves=10))
def test_what_is_said_to_fit_into_json_comes_back_as_it_was(value: Any) -> None:
    if holds_json(value):
        assert digest(json.loads(json.dumps(value))) == digest(value)


def test_what_json_would_change_is_not_said_to_fit() -> None:
    twice: list[int] = []
    for value in ((1, 2), {1: "a"}, [math.nan], [twice, twice], {"a": {1}}, Colour.RED, Counter("ab"), [b""]):
        assert not holds_json(value), value


COMPARABLE: list[Any] = [
    *(datetime.date(2024, 1, 2), datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC), datetime.timedelta(1, 2)),
    *(Path("a/b"), re.compile("a+", re.I), Decimal("1.50"), Fraction(1, 3), Colour.RED, Colour.BLUE, Colour),
    *(
        Attributes(a=1),
        Attributes(a=2),
        Place(1, 2),
        Place(2, 1),
        OrderedDict(a=1),
        defaultdict(list, a=[1]),
        Counter("aab"),
        deque([1], 5),
        deque([1]),
    ),
    *(range(3), slice(1, 2), 3 + 4j, bytearray(b"a"), ..., len, np.mean, np.sqrt, math, Thing, Thing(a=1), Thing(a=2)),
    *(np.int64(1), np.float64(1), np.float32(1), np.arange(3), np.arange(3.0), np.zeros((2, 3)), np.zeros((3, 2))),
    np.array(["a", None], dtype=object),
    np.array([(1, 2.0)], dtype=[("a", "i1"), ("b", "f8")]),
    np.array(["2024-01-01"], dtype="M8[D]"),
    np.ma.array([1, 2], mask=[True, False]),
    *(np.random.RandomState(1), np.random.default_rng(1), np.random.default_rng(2), np.longdouble(1) / 3),
    *(pd.Timestamp("2024-01-01"), pd.Timedelta("1s"), pd.NaT, pd.NA, pd.Period("2024-01", "M"), pd.Interval(0, 1)),
    *(
        pd.Series([1, 2]),
        pd.Series([1, 2], name="a"),
        pd.Series([1, 2], index=[1, 2]),
        pd.Index([1, 2]),
        pd.Index(["a"]),
    ),
    pd.MultiIndex.from_product([[1, 2], ["a", "b"]]),
    pd.DataFrame({"a": [1, None], "b": ["x", None]}),
    pd.DataFrame({"a": pd.Categorical(["x", "y"])}),
    pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
    pd.DataFrame({"a": pd.to_datetime(["2024-01-01"]).tz_localize("UTC")}),
    LogisticRegression(),
    LogisticRegression(C=2.0).fit([[0.0], [1.0]], [0, 1]),
    RandomForestClassifier(3, random_state=0).fit([[0.0], [1.0], [2.0]], [0, 1, 1]),
    GradientBoostingClassifier(n_estimators=3, random_state=0).fit([[0.0], [1.0], [2.0]], [0, 1, 1]),
    make_pipeline(StandardScaler(), LogisticRegression()).fit([[0.0], [1.0]], [0, 1]),
]


def test_each_of_these_is_unlike_the_others_and_like_its_copy() -> None:
    digests = [digest(value) for value in COMPARABLE]
    assert all(digests), [value for value, found in zip(COMPARABLE, digests, strict=True) if not found]
    assert len(set(digests)) == len(digests)
    for value, found in zip(COMPARABLE, digests, strict=True):
        if value is not math:  # pickle stores no modules
            assert digest(stored(value)) == found, value


def test_fitting_twice_with_one_seed_makes_the_same_and_another_seed_another() -> None:
    rows = np.arange(60.0).reshape(20, 3) % 7
    fitted = [RandomForestClassifier(5, random_state=seed).fit(rows, [0, 1] * 10) for seed in (1, 1, 2)]
    assert digest(fitted[0]) == digest(fitted[1]) != digest(fitted[2])


def test_how_long_a_search_took_is_no_difference() -> None:
    rows, labels = np.arange(12.0).reshape(-1, 1), [0, 1] * 6
    searches = [GridSearchCV(LogisticRegression(), {"C": [1, best]}, cv=2).fit(rows, labels) for best in (2, 2, 3)]
    assert digest(searches[0]) == digest(searches[1]) != digest(searches[2])


def test_what_points_to_the_generator_of_the_process_is_the_same_after_a_draw() -> None:
    held = Thing(a=stats.t, b=stats.norm(1, 2), c=np.random.mtrand._rand, d=random._inst)  # type: ignore[attr-defined]
    before = digest(held)
    np.random.random(), random.random()
    assert before == digest(held) != ""
    assert digest(stored(stats.norm(1, 2))) == digest(stats.norm(1, 2)) != digest(stats.norm(1, 3))
    own = Thing(generator=np.random.RandomState(1))
    before = digest(own)
    own.generator.random()
    assert digest(own) != before


def test_functions_are_what_their_code_is_and_closures_what_they_hold() -> None:
    def adding(amount: int) -> Any:
        return lambda x: x + amount

    assert digest(adding(1)) == digest(adding(1)) != digest(adding(2))
    assert digest(lambda x: x + 1) != digest(lambda x: x + 2)
    assert digest(lambda x=1: x) != digest(lambda x=2: x)


def test_circles_and_long_chains_come_to_an_end() -> None:
    def ring(size: int) -> list[Any]:
        first: list[Any] = []
        last = first
        for number in range(size):
            last = [number, last]
        first.append(last)
        return first

    assert digest(ring(3)) == digest(ring(3)) != digest(ring(4))
    tree = Thing(name="root", children=[])
    tree.children = [Thing(name=str(number), parent=tree) for number in range(5)]
    assert digest(tree) == digest(stored(tree)) != ""
    chain: Any = None
    for _ in range(10_000):
        chain = [chain]
    assert digest(chain) == ""


def test_what_cannot_be_compared_is_left_alone(tmp_path: Path) -> None:
    used = (number for number in range(3))
    walked = iter([1, 2])
    figure = pytest.importorskip("matplotlib.figure").Figure()
    with (tmp_path / "file").open("w") as file:
        for value in (used, walked, map(str, [1]), file, io.StringIO("a"), threading.Lock(), figure, [figure]):
            assert digest(value) == "", value
    assert list(used) == [0, 1, 2]
    assert list(walked) == [1, 2]


def test_classes_that_misbehave_are_not_comparable_and_nothing_is_raised() -> None:
    class Rude:
        def __reduce_ex__(self, protocol: Any) -> Any:
            raise SystemError("no")

        def __eq__(self, other: object) -> bool:
            raise SystemError("no")

        __hash__ = None  # type: ignore[assignment]

    class Endless:
        def __reduce_ex__(self, protocol: Any) -> Any:
            return list, ([Endless()],)

    class Anything:
        def __getattr__(self, name: str) -> Any:
            raise SystemError(name)

    assert digest(Rude()) == digest(Endless()) == ""
    assert digest(Anything())
    assert digest([0] * 10) != digest([0] * 11)
    assert digest(list(range(1_000)) + ["a"] * 1_000, seconds=-1) == ""


def test_a_digest_does_not_depend_on_the_seed_of_hashes() -> None:
    code = (
        "from cauce.runner.probe.likeness import digest\n"
        "from sklearn.feature_extraction.text import TfidfVectorizer\n"
        "from sklearn.gaussian_process import GaussianProcessRegressor\n"
        "print(digest(TfidfVectorizer().fit(['a cat', 'two cats'])))\n"
        "print(digest(GaussianProcessRegressor().fit([[0.0], [1.0]], [0, 1])))\n"
        "print(digest([{'a', 'b', 'c', 'd'}, frozenset('xyz'), {'k': {('p', 1), ('q', 2)}}, {1.5, None, 'z'}]))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1
    assert said.pop().strip()


# --- Tables and files

columns = st.sampled_from(
    [
        [1, 2, 3],
        [1.0, math.nan, -0.0],
        [True, False, True],
        ["a", "b", "ä"],
        ["a", None, "b"],
        pd.to_datetime(["2024-01-01", None, "2024-01-03"]),
        pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]).tz_localize("Europe/Madrid"),
        pd.to_timedelta([1, 2, 3], unit="s"),
        pd.Categorical(["x", "y", "x"]),
        pd.Categorical(["x", "y", "x"], categories=["y", "x", "unused"], ordered=True),
        pd.Categorical([1, 2, 1]),
        pd.array([1, None, 3], dtype="Int64"),
        pd.array([True, None, False], dtype="boolean"),
        pd.array(["a", None, "b"], dtype="string"),
        np.array([1, 2, 3], dtype="uint8"),
        np.array([1, 2, 3], dtype="float16"),
        np.array([1, 2, 3], dtype="complex64"),
        np.array(["a", 1, None], dtype=object),
        np.array(["a", "b", "c"], dtype=object),
        [[1], [2], [3]],
        pd.period_range("2024-01", periods=3, freq="M"),
        pd.interval_range(0, 3),
        np.array(["2024-01-01"] * 3, dtype="M8[s]"),
    ]
)
indexes = st.sampled_from(
    [
        None,
        [5, 6, 7],
        ["p", "q", "r"],
        pd.Index([1, 2, 3], name="key"),
        pd.date_range("2024-01-01", periods=3),
        pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a")]),
        pd.RangeIndex(3, 9, 2),
    ]
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c", 1]), columns, max_size=3), indexes)
@settings(max_examples=150)
def test_a_table_that_parquet_is_said_to_hold_comes_back_as_it_was(held: dict[Any, Any], index: Any) -> None:
    frame = pd.DataFrame({name: pd.Series(column) for name, column in held.items()})
    if index is not None and len(frame) == len(index):
        frame.index = index
    assert digest(frame)
    assert digest(stored(frame)) == digest(frame)
    if is_storable_frame(frame):
        back = pd.read_parquet(io.BytesIO(frame.to_parquet()))
        pd.testing.assert_frame_equal(back, frame, check_freq=False, check_index_type="equiv")
        assert digest(back) == digest(frame)


def test_ordinary_tables_are_said_to_fit_into_parquet() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [1.5, None], "c": ["x", None], "d": pd.to_datetime(["2024-01-01"] * 2)})
    assert is_storable_frame(frame)
    assert is_storable_frame(frame.set_index("a"))
    assert not is_storable_frame(frame.rename(columns={"a": 1}))
    assert not is_storable_frame(frame.assign(e=[[1], [2]]))
    assert not is_storable_frame(frame.set_index(pd.date_range("2024-01-01", periods=len(frame))))
    assert not is_storable_frame(pd.concat([frame, frame], axis=1))


def test_one_number_in_a_table_makes_it_another() -> None:
    frame = pd.DataFrame(np.arange(3_000.0).reshape(-1, 3), columns=list("abc"))
    other = frame.copy()
    other.iloc[500, 1] += 1e-9
    assert digest(frame) == digest(frame.copy()) != digest(other)
    assert digest(frame) != digest(frame.rename(columns={"a": "z"}))
    assert digest(frame) != digest(frame.iloc[::-1])


def test_what_is_told_of_storing(tmp_path: Path) -> None:
    assert storing([1])[0] == ""
    assert storing(lambda x: x)[0] == "cloudpickle"
    assert storing({"f": [lambda: 1]})[0] == "cloudpickle"
    assert storing(number for number in "ab")[0] == "a generator"
    assert storing([threading.Lock()])[0] == "it holds a lock"
    with (tmp_path / "file").open("w") as file:
        assert storing(file)[0] == "an open file"
    assert storing(np.zeros(1_000_000))[1] == pytest.approx(8_000_000, rel=0.01)


def test_it_is_sent_to_kernels_of_older_pythons_and_needs_nothing_but_the_standard_library() -> None:
    known = {*sys.stdlib_module_names, "IPython", "cloudpickle"}  # the last where it is installed
    for file in Path(likeness.__file__).parent.glob("*.py"):
        tree = ast.parse(file.read_text("utf-8"), feature_version=(3, 8))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert str(node.module).partition(".")[0] in known, file.name
            if isinstance(node, ast.Import):
                assert {each.name.partition(".")[0] for each in node.names} <= known, file.name
