"""A notebook that is split, run: once by itself, to see what its cells do, and as a pipeline, to compare.

Only builders use what is here, after an explicit wish.
"""
