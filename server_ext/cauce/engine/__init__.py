"""The engine: from pipeline.yaml to built products, with no Jupyter server in sight.

The path of a build, one noun a step:

    document → spec → source → graph → fingerprint → staleness → plan → executors → store

`project` joins what can be told by looking, `build` is the one loop that acts. A source
becomes a notebook in `notebook`, gets its values in `injection` and is read cell by cell in
`cellcode`; `lookup` tells which task a file belongs to. What is read
and written of a project's files goes through `files`, what is remembered through `store`.
"""
