"""From one long notebook to a pipeline: read, cut, followed through, written down, proved.

    reading    bytes ─► Book ─► Sections                  where it is cut
                         └────► Statement with its Effect  what each line does to names
    following  … (+ Trace) ─► Flow                         what crosses the cuts, and what is repeated
    writing    … (+ SplitRequest) ─► Split, files          shown, then done by `editing.perform`
    running    the notebook ─► Trace; the pipeline ─► SplitProof

`model` is what they agree on. All but the last is pure: nothing of the notebook is imported or run. `running` does
that, in a builder, when it is asked to.
"""
