"""Kernels and child processes that are forked instead of started.

Starting Python, importing ipykernel and pandas and scikit-learn takes seconds, and each task
wants a process of its own. A *fork server* does that once: a single-threaded process that has
imported what tasks import, runs nobody's code, and forks a child for each task.

    builder ──connects──► fork server ──forks──► kernel, or runner
       └── one connection for each child: request, pid, how it ended ──┘

* `server` is the process: one loop, from the first import to the last child. `fresh` makes
  a forked child like a process that was started, `kernel` turns it into a Jupyter kernel.
* `address` says which server serves whom (same interpreter, same packages, same preload, same
  import-time environment) and where it listens; `client` connects, starting it if need be.
* `preload` decides what may be imported ahead.
* `provisioner` offers forked kernels to whoever speaks jupyter_client: nbclient, papermill,
  Jupyter itself.

A server outlives the builder that started it, so that the next one finds it warm, and ends
when nobody has been connected for a while. A child does not: its connection closes with the
builder, whatever that died of, and the server kills the child with its whole process group.
Should the server itself be killed, the system kills its children (`PR_SET_PDEATHSIG`).

In the environment of whoever asks, ``CAUCE_FORKSERVER=off`` has every process started the ordinary way,
``CAUCE_FORKSERVER_IDLE`` says after how many seconds without a connection a server ends (300), and
``CAUCE_FORKSERVER_PATIENCE`` for how many one is waited for before a process is started instead (60).

Linux only. Everything here begins with the standard library; other systems, and other
languages' kernels, are served by ordinary processes.
"""
