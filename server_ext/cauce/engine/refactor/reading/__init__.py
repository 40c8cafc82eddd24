"""A notebook, read: its cells and headings, where it is cut, and what each statement does to names.

Pure. `book`, `sections` and `statements` are what others begin with; `effects` says what a statement does, by
`walk` (the order in which Python goes through it), `values`, `calls` and the tables in `libraries`.
"""
