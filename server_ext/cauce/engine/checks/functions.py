"""Tasks that are functions: can they be called with what the task gives, and do they use names that nobody defines?"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cauce.contract import Problem, Where
from cauce.engine.cellcode import first_line
from cauce.engine.checks.magics import parsed
from cauce.engine.checks.words import MOST, close_to, defined_elsewhere, given_to, listed, problem, told
from cauce.engine.source import Signature
from cauce.engine.spec.model import TaskSpec

if TYPE_CHECKING:
    from cauce.engine.checks.names import Finding

__all__ = ["ModuleMistakes", "check_body", "check_signature", "mistakes_in"]

_MAX_CODE = 200_000
_UPSTREAM = "Did you forget the argument 'upstream' of the function?"
_UNSEEN = "Define or import it in the module."


def check_signature(signature: Signature, task: TaskSpec, place: Where | None, *, needs: bool) -> Iterator[Problem]:
    """What keeps the function from being called as its task would.

    Args:
        place: Where the function is defined.
        needs: Whether the task needs others.
    """
    sure = not signature.decorated  # what is called then may take something else
    function = task.source.rpartition(".")[2]
    takes = signature.parameters
    serialized = task.serializer is not None

    def wrong(message: str, hint: str, *, error: bool = True) -> Problem:
        return problem("check_signature", f"The function '{function}' {message}.", hint, place, sure=error and sure)

    unknown = [name for name in given_to(task) if name not in takes and name != "resources_"]
    given = {*given_to(task), "upstream", *([] if serialized else ["product"])}
    lacking = [name for name in takes if name in signature.required and name not in given]
    if serialized and "product" in lacking:
        lacking.remove("product")
        yield wrong("takes 'product', but has a serializer", "Return what is to be written, and remove 'product'.")
    if not serialized and "product" not in takes and not signature.gathers:
        yield wrong("does not take 'product', the path to write to", f"Write 'def {function}(product, …)'.")
    if unknown and not signature.gathers:
        close = close_to(unknown[0], lacking or takes) if len(unknown) == 1 else None
        hint = f"Did you mean '{close}'?" if close else "Add it to the function, or remove it from 'params'."
        yield wrong(f"does not take {listed(unknown)}, which 'params' gives", hint)
    if lacking:
        yield wrong(
            f"needs {listed(lacking)}, which nobody gives", "Give it in 'params', or a default in the function."
        )
    if signature.positional_only:
        hint = "Remove the '/' from the function."
        yield wrong(f"takes {listed(signature.positional_only)} by position only, but a task gives names", hint)
    if "upstream" in signature.required and not needs:
        hint = 'Use upstream["task"] in it, or remove the argument.'
        yield wrong("takes 'upstream', but the task needs no other", hint, error=False)
    elif needs and "upstream" not in takes and not signature.gathers:
        hint = "Add the argument to find what the tasks before have made."
        yield wrong("does not take 'upstream', though the task needs others", hint, error=False)


@dataclass(frozen=True)
class ModuleMistakes:
    """What was found in a module."""

    path: str
    found: tuple[Finding, ...] = ()
    defined: tuple[str, ...] = ()
    anything: bool = False
    """May it define names in ways that its text does not show?"""
    lines: tuple[bytes, ...] = ()
    functions: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """Line of a function's `def` → its first and last line."""


def mistakes_in(content: bytes, path: str) -> ModuleMistakes:
    """Mistakes anywhere in a module; nothing in one that is no Python, for that is said where it is read."""
    if len(content) > _MAX_CODE:
        return ModuleMistakes(path)
    from cauce.engine.checks.names import find_mistakes

    tree, _ = parsed(content)
    if tree is None:
        return ModuleMistakes(path)
    found, defined = find_mistakes(tree.body, (), notebook=False)
    functions = {
        node.lineno: (first_line(node), node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    anything = defined_elsewhere(tree.body)
    return ModuleMistakes(path, found, tuple(sorted(defined)), anything, tuple(content.split(b"\n")), functions)


def check_body(module: ModuleMistakes, line: int) -> Iterator[Problem]:
    """The mistakes in the function that is defined at that line, each name once."""
    first, last = module.functions.get(line, (0, 0))
    said: set[tuple[str, str]] = set()
    for finding in module.found:
        if not first <= finding.line <= last or (finding.kind, finding.name) in said:
            continue
        said.add((finding.kind, finding.name))
        code, message, hint = told(finding, module.defined, upstream=_UPSTREAM, unseen=_UNSEEN)
        before = module.lines[finding.line - 1][: finding.column] if finding.line <= len(module.lines) else b""
        where = Where(path=module.path, line=finding.line, column=len(before.decode("utf-8", "replace")) + 1)
        sure = finding.sure and not (module.anything and finding.name)
        yield problem(code, message, hint, where, sure=sure)
        if len(said) == MOST:
            return
