"""From one long notebook to a pipeline: read, cut, followed through, written down, proved.

    bytes ─book─► Book ─sections─► Section, Section …          where it is cut
                   └─statements─► Statement with its Effect     what each line does to names
                        └─flow(+ Trace)─► Flow                  what crosses the cuts, and what is repeated
                             └─writing(+ choices)─► SplitPlan, files     shown, then done by `editing.perform`

All of that is pure: nothing of the notebook is imported or run. Only `tracing` (the notebook, once, cell by
cell) and `proving` (the pipeline, compared with that) run it, in a builder, when they are asked to.
"""
