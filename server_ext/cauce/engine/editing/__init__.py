"""Changes to the user's own files, at the user's wish.

Each is first a plan (`Change`: which file, from which bytes, to which bytes) that can be shown, and
only then done (`apply`), wholly or not at all. What is not plainly understood is refused, not guessed.
Changes of the pipeline itself are `Planned` beside that, done by `perform`, and taken back by `undo`.
"""

from cauce.engine.editing.adding import add_task
from cauce.engine.editing.change import Change, FileChange, apply
from cauce.engine.editing.creating import create_pipeline
from cauce.engine.editing.doing import perform, undo
from cauce.engine.editing.drafting import Planned
from cauce.engine.editing.removing import remove_task
from cauce.engine.editing.renaming import rename_task
from cauce.engine.editing.scaffold import scaffold_missing
from cauce.engine.editing.upstream import edit_upstream

__all__ = [
    "Change",
    "FileChange",
    "Planned",
    "add_task",
    "apply",
    "create_pipeline",
    "edit_upstream",
    "perform",
    "remove_task",
    "rename_task",
    "scaffold_missing",
    "undo",
]
