"""A notebook, cut at random, computes the same as tasks: random programs, run whole and in pieces."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, note, settings
from hypothesis import strategies as st
from splits import differences, split

INTS, LISTS, DICTS, NESTS, OBJECTS = "int", "list", "dict", "nest", "object"
VALUES = ("a", "b", "c", "d", "e", "k")
FUNCTIONS = ("f", "g", "h")
CLASSES = ("A", "B")


@dataclass
class Program:
    """A program while it is made: what is bound for sure, and to what."""

    draw: Any
    kinds: dict[str, str] = field(default_factory=dict)
    functions: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    """Name → how it is called, and names that have to be there, of their kinds."""
    classes: dict[str, frozenset[str]] = field(default_factory=dict)
    needs: dict[str, dict[str, str]] = field(default_factory=dict)

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def number(self) -> int:
        return self.draw(st.integers(0, 9))

    def name(self, kind: str) -> str | None:
        names = [name for name, each in self.kinds.items() if each == kind]
        return self.pick(*names) if names else None

    def bind(self, kind: str) -> str:
        name = self.pick(*VALUES)
        self.kinds[name] = kind
        return name

    def expression(self, depth: int = 0) -> str:
        """Of an int."""
        ways = ["number", "name", "item", "len", "sum", "key", "call", "import", "lambda", "method"]
        way = self.pick(*ways) if depth < 2 else "number"
        if way == "name" and (name := self.name(INTS)):
            return f"{name} + {self.expression(depth + 1)}"
        if way == "item" and (name := self.name(LISTS)):
            return f"({name} + [0])[0]"
        if way == "len" and (name := self.name(self.pick(LISTS, DICTS, NESTS))):
            return f"len({name})"
        if way == "sum" and (name := self.name(LISTS)):
            return f"sum([i * 2 for i in [*{name}] if i < {self.expression(depth + 1)}])"
        if way == "key" and (name := self.name(DICTS)):
            return f"{name}.get('k', {self.expression(depth + 1)})"
        if way == "method" and (name := self.name(OBJECTS)) and self.callable_now(name):
            return f"{name}.m()"
        if way == "call":
            return self.call(depth) or "1"
        if way == "import" and self.kinds.get("math") == "import":
            return "math.floor(math.pi)"
        return str(self.number())

    def callable_now(self, name: str) -> bool:
        return all(
            self.kinds.get(needed) == kind and (kind != "function" or self.callable_now(needed))
            for needed, kind in self.needs.get(name, {}).items()
        )

    def call(self, depth: int = 0) -> str | None:
        names = [name for name in self.functions if self.callable_now(name)]
        if not names:
            return None
        name = self.pick(*names)
        return f"{name}({self.expression(depth + 1)})"

    # -- Statements

    def statement(self) -> str | None:
        way = self.pick(
            "int", "int", "list", "dict", "nest", "alias", "alias", "append", "append", "store", "deep", "aug",
            "augment", "loop", "if", "del", "function", "function", "class", "object", "attribute", "call", "swap",
            "part", "import", "rebuild", "lambda",
        )  # fmt: skip
        return getattr(self, f"_{way}")()

    def _int(self) -> str:
        value = self.expression()
        return f"{self.bind(INTS)} = {value}"

    def _list(self) -> str:
        value = self.expression()
        return f"{self.bind(LISTS)} = [{value}, {self.number()}]"

    def _dict(self) -> str:
        value = self.expression()
        return f"{self.bind(DICTS)} = {{'k': {value}}}"

    def _nest(self) -> str | None:
        if (name := self.name(LISTS)) is None:
            return None
        return f"{self.bind(NESTS)} = [{name}, {name}]"

    def _alias(self) -> str | None:
        kind = self.pick(LISTS, DICTS, NESTS, OBJECTS)
        if (name := self.name(kind)) is None:
            return None
        needs = self.needs.get(name)
        other = self.bind(kind)
        if kind == OBJECTS and needs is not None:
            self.needs[other] = needs
        return f"{other} = {name}"

    def _append(self) -> str | None:
        name = self.name(LISTS)
        return f"{name}.append({self.expression()})" if name else None

    def _store(self) -> str | None:
        name = self.name(DICTS)
        return f"{name}['{self.pick('k', 'l')}'] = {self.expression()}" if name else None

    def _deep(self) -> str | None:
        name = self.name(NESTS)
        return f"{name}[0].append({self.expression()})" if name else None

    def _part(self) -> str | None:
        if (name := self.name(NESTS)) is None:
            return None
        return f"{self.bind(LISTS)} = {name}[{self.pick('0', '-1')}]"

    def _aug(self) -> str | None:
        name = self.name(INTS)
        return f"{name} += {self.expression()}" if name else None

    def _augment(self) -> str | None:
        name = self.name(LISTS)
        return f"{name} += [{self.expression()}]" if name else None

    def _rebuild(self) -> str | None:
        name = self.name(LISTS)
        return f"{name} = {name} + [{self.number()}]" if name else None

    def _loop(self) -> str | None:
        if (name := self.name(LISTS)) is None:
            return None
        total = self.name(INTS)
        if total is None or total == name:
            return None
        target = self.pick("i", *(other for other in VALUES if other not in (name, total)))
        self.kinds[target] = INTS
        return f"for {target} in [*{name}, 1]:\n    {total} = {total} + {target}"

    def _if(self) -> str | None:
        if (name := self.name(self.pick(INTS, LISTS))) is None:
            return None
        test = self.expression()
        value = self.expression()
        if self.kinds[name] == INTS:
            return f"if {test} % 2:\n    {name} = {value}"
        return f"if {test} % 2:\n    {self.pick(f'{name}.append({value})', f'{name} = [{value}]')}"

    def _del(self) -> str | None:
        names = list(self.kinds)
        if len(names) < 3:
            return None
        name = self.pick(*names)
        del self.kinds[name]
        self.functions.pop(name, None)
        return f"del {name}"

    def _swap(self) -> str | None:
        kind = self.pick(INTS, LISTS)
        one, other = self.name(kind), self.name(kind)
        return f"{one}, {other} = {other}, {one}" if one and other and one != other else None

    def _import(self) -> str:
        self.kinds["math"] = "import"
        return "import math"

    def _body(self) -> tuple[list[str], str, dict[str, str]]:
        """Lines of a function, what it returns, and what has to be there."""
        needs: dict[str, str] = {}
        lines: list[str] = []
        result = "n"
        if (name := self.name(INTS)) and self.draw(st.booleans()):
            needs[name] = INTS
            result += f" + {name}"
            if self.draw(st.integers(0, 4)) == 0:
                lines += [f"global {name}", f"{name} = {name} + 1"]
        if (name := self.name(LISTS)) and self.draw(st.booleans()):
            needs[name] = LISTS
            result += f" + len({name})"
            if self.draw(st.booleans()):
                lines.append(f"{name}.append(n)")
        others = [name for name in self.functions if self.callable_now(name)]
        if others and self.draw(st.booleans()):
            other = self.pick(*others)
            needs[other] = "function"
            result += f" + {other}(n)"
        return [*lines, f"return {result}"], result, needs

    def _function(self) -> str:
        name = self.pick(*FUNCTIONS)
        self.functions.pop(name, None)
        self.kinds.pop(name, None)
        lines, _, needs = self._body()
        default = self.name(INTS) if self.draw(st.integers(0, 4)) == 0 else None
        self.functions[name] = (name, frozenset())
        self.kinds[name] = "function"
        self.needs[name] = needs
        text = "\n    ".join(lines)
        return f"def {name}(n{f', m={default}' if default else ''}):\n    {text}"

    def _lambda(self) -> str:
        name = self.pick(*FUNCTIONS)
        self.functions.pop(name, None)
        self.kinds.pop(name, None)
        _, result, needs = self._body()
        self.functions[name] = (name, frozenset())
        self.kinds[name] = "function"
        self.needs[name] = needs
        return f"{name} = lambda n: {result}"

    def _class(self) -> str:
        name = self.pick(*CLASSES)
        if name in self.kinds:  # which of two classes an old object is of, nobody can read
            self.kinds = {other: kind for other, kind in self.kinds.items() if kind != OBJECTS}
        lines, _, needs = self._body()
        self.kinds[name] = "class"
        self.needs[name] = needs
        lines = [line.replace("return n", "return self.v").replace("append(n)", "append(self.v)") for line in lines]
        text = "\n        ".join(line.replace("(n)", "(self.v)") for line in lines)
        return f"class {name}:\n    def __init__(self, v):\n        self.v = v\n    def m(self):\n        {text}"

    def _object(self) -> str | None:
        if (made := self.name("class")) is None:
            return None
        value = self.expression()
        needs = {**self.needs[made]}
        name = self.bind(OBJECTS)
        self.needs[name] = needs
        return f"{name} = {made}({value})"

    def _attribute(self) -> str | None:
        name = self.name(OBJECTS)
        return f"{name}.v = {self.expression()}" if name else None

    def _call(self) -> str | None:
        return self.call()


@st.composite
def programs(draw: Any) -> list[list[str]]:
    """Sections of cells."""
    program = Program(draw)
    sections: list[list[str]] = []
    start = [program.pick(Program._int, Program._list, Program._dict)(program) for _ in range(3)]
    start += [statement for statement in (program._alias(), program._nest()) if statement is not None]
    for _ in range(draw(st.integers(2, 5))):
        cells: list[str] = start
        start = []
        for _ in range(draw(st.integers(1, 7))):
            if (statement := program.statement()) is not None:
                cells.append(statement)
        sections.append(cells or ["pass"])
    return sections


@settings(max_examples=300, report_multiple_bugs=False)
@given(programs())
def test_tasks_compute_what_the_notebook_does(sections: list[list[str]]) -> None:
    """Each variable that a section binds, changes or takes is in its task what it is in the notebook."""
    note("\n\n".join(f"## {chr(97 + at)}\n" + "\n".join(cells) for at, cells in enumerate(sections)))
    made = split(*sections)
    refused = {remark.code for remark in made.flow.remarks if remark.severity == "error"}
    assert refused <= {"definition_changed"}, made.flow.remarks
    if not refused and "unstorable" not in {remark.code for remark in made.flow.remarks}:
        assert not differences(made)
