"""The engine: from pipeline.yaml to built products, with no Jupyter server in sight.

The path of a build, one noun a step:

    spec → graph → source → fingerprint → staleness → plan → executors → store → events

`project` joins the first four into what a reader sees, `build` is the one loop that acts.
"""
