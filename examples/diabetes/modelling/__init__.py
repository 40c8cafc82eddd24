"""What the tasks share: the names of the columns, how a model is judged, how plots look.

Cauce follows imports: edit a function here, and the tasks that import the module (not the
others) are stale.
"""
