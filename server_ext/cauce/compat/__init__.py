"""Stand-ins for packages that projects import, for the child processes in which project code runs.

`runner/paths.py` puts this folder last on `sys.path`, so that the real packages are preferred.
"""
