"""What Cauce costs on this machine, next to its peers in the same run. `make bench` writes docs/benchmarks.md.

Rounds alternate between the contestants, after one that does not count, and medians are compared,
so that a busy machine slows all of them. Ratios travel from machine to machine, seconds do not.

* `figures`: samples, goals and tables, and how they are written down.
* `subjects`: the pipelines and notebooks that are run.
* `contestants`: Cauce and its peers, each called as the library that it is, in a process of its own.
* `contest`: the other side of those processes, and the fork servers that belong to this run alone.
* A table is a module: `kernels`, `costs`, `commands`, `clicking`, `looking`.
"""
