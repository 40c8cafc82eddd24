"""A notebook, followed through: what crosses its cuts, what each task repeats, where functions and classes go.

Pure. `flow` joins it all, and asks from the last section to the first, so that only what somebody needs is given.
"""
