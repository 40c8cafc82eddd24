"""A split, written down: the text of tasks and of what stands beside them, and the plan that is shown and done.

Pure but for `applying`, which hands the plan to `editing.perform`. `planning` joins it all.
"""
