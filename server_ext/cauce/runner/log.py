"""What a verb itself has to say in the task's log, without passwords."""

from __future__ import annotations

import re
import sys

__all__ = ["conceal", "say"]

_PASSWORDS = (
    (re.compile(r"(://[^\s/:@'\"]*:)[^\s'\"]*@"), r"\1***@"),
    (re.compile(r"((?i:password|passwd|pwd|secret|token)['\"]?\s*[=:]\s*)(?:'[^'\n]*'|\"[^\"\n]*\")"), r"\1'***'"),
    (re.compile(r"((?i:password|passwd|pwd)=)[^\s;&'\"]+"), r"\1***"),
)


def say(text: str) -> None:
    """Write lines to the log."""
    sys.stdout.write(f"{conceal(text.strip())}\n")
    sys.stdout.flush()


def conceal(text: str) -> str:
    """The text without what looks like a password."""
    for pattern, replacement in _PASSWORDS:
        text = pattern.sub(replacement, text)
    return text
