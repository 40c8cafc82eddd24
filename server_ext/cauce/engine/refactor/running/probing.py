"""The probe as a kernel is sent it: the text of `cauce.runner.probe`, and the calls of it. Pure.

Nothing of that package is imported here: it runs in the user's kernel, which may be of another environment, under a
name of its own in `sys.modules`. Each call is one expression that needs none of the user's names.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["call", "installed_and"]

_NAME = "_cauce_probe"
_PARTS = ("likeness", "telling", "sharing", "watching")
"""In the order in which they import each other."""
_INSTALL = """
import sys, types
def add(name, text):
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__, module.__package__ = [], package
    exec(compile(text, "<" + name + ">", "exec"), module.__dict__)
    return module
if package not in sys.modules:
    path = sys.path[:]  # files beside the notebook may have the names of modules
    sys.path[:] = [folder for folder in path if folder not in ("", ".", __import__("os").getcwd())]
    whole = sys.modules[package] = types.ModuleType(package)
    whole.__path__, whole.__package__ = [], package
    for name, text in parts:
        add(package + "." + name, text)
    exec(compile(text_of_all, "<" + package + ">", "exec"), whole.__dict__)
    sys.path[:] = path
"""


def call(function: str, *arguments: str | int | list[str]) -> str:
    """Code that calls a function of the probe."""
    given = ", ".join(map(repr, arguments))
    return f"__import__('sys').modules[{_NAME!r}].{function}({given})"


def installed_and(then: str) -> str:
    """Code that installs the probe, where it is not yet, and goes on with a call of it."""
    return f"{_installation()}\n{then}"


@cache
def _installation() -> str:
    folder = files("cauce") / "runner" / "probe"
    parts = [(name, (folder / f"{name}.py").read_text("utf-8")) for name in _PARTS]
    given = {"package": _NAME, "parts": parts, "text_of_all": (folder / "__init__.py").read_text("utf-8")}
    return f"__import__('builtins').exec({_INSTALL!r}, {given!r})"
