"""Changes to the user's own files, at the user's wish.

Each is first a plan (`Change`: which file, from which bytes, to which bytes) that can be shown, and
only then done (`apply`), wholly or not at all. What is not plainly understood is refused, not guessed.
"""

from cauce.engine.editing.change import Change, FileChange, apply
from cauce.engine.editing.scaffold import scaffold_missing
from cauce.engine.editing.upstream import edit_upstream

__all__ = ["Change", "FileChange", "apply", "edit_upstream", "scaffold_missing"]
