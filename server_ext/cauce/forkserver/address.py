"""Which fork server serves a process, and where it listens.

What an interpreter is like is settled while it starts and imports: by its packages, by
environment variables that are read then, by configuration; and it inherits limits, and a view of the machine.
Processes for which all of that is the same can be forked from the same server; for others there
is another one.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["OFF", "Address", "Unavailable", "address_of", "is_read", "runtime_folder"]

OFF = "CAUCE_FORKSERVER"
"""This variable, set to ``off``, has all processes started the ordinary way."""

_READ_AT_IMPORT = (
    *("OMP_", "OPENBLAS_", "GOTO_", "MKL_", "BLIS_", "NUMEXPR_", "NUMBA_", "VECLIB_", "KMP_"),
    *("CUDA_", "NVIDIA_", "XLA_", "JAX_", "TF_", "TORCH_", "PYTORCH_", "GOMP_", "TBB_", "OMPI_"),
    *("LD_", "DYLD_", "MALLOC_", "PYTHON", "LC_", "LANG", "TZ"),
    *("IPYTHON", "JUPYTER_CONFIG", "JUPYTER_PREFER", "JUPYTER_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "HOME"),
    *("XDG_CONFIG", "XDG_DATA", "XDG_CACHE", "MPLCONFIGDIR", "MATPLOTLIBRC", "PATH", "PANDAS_", "NPY_", "SCIPY_"),
    *(
        "SKLEARN_",
        "JOBLIB_",
        "ARROW_",
        "SQLALCHEMY_",
        "SYMPY_",
        "PLOTLY_",
        "BOKEH_",
        "TQDM_",
        "PYDANTIC_",
        "GDAL_",
        "PROJ_",
    ),
)
"""Beginnings of the names of variables that libraries, or Python, look at while they are imported."""

_RAISED_AT_WILL = ("Max open files", "Max pending signals")
"""Of the first the hard limit counts all the same. How many a process may open of those comes with each request."""
_HANDED_DOWN = ("Uid", "Gid", "Groups", "Umask", "Cap", "NoNewPrivs", "Seccomp", "Cpus_allowed:", "Mems_allowed:")
"""Beginnings of lines of ``/proc/self/status``."""

_NOT_READ = ("PYTHONUNBUFFERED", "PYTHON_EGG")
"""They begin like those but make no difference in a child."""


class Unavailable(Exception):
    """There is no fork server to be had; the message says why. Start an ordinary process."""


@dataclass(frozen=True)
class Address:
    """One fork server: what it has to be like, and where it listens."""

    python: str
    preload: tuple[str, ...]
    """Modules, dotted, that it has imported."""
    socket: Path
    lock: Path
    """Who starts or ends the server holds this file."""
    log: Path
    variables: tuple[tuple[str, str], ...]
    """What its environment says of all that may be read while it imports. It has none but these of that kind."""


def address_of(env: Mapping[str, str], preload: Iterable[str]) -> Address:
    """The server for a process with this environment and these modules imported ahead.

    Raises Unavailable where there cannot be one.
    """
    if sys.platform != "linux":
        raise Unavailable("Forking is safe on Linux only.")
    if env.get(OFF) == "off":
        raise Unavailable(f"{OFF} is off.")
    preload = tuple(sorted(preload))
    folder = runtime_folder()
    variables = sorted((name, value) for name, value in env.items() if is_read(name))
    facts = (
        *(sys.executable, sys.version, preload, variables),
        *(_packages(), _own_code(), _configuration(env), _circumstances()),
    )
    name = hashlib.blake2b(repr(facts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
    return Address(
        python=sys.executable,
        preload=preload,
        socket=folder / f"{name}.sock",
        lock=folder / f"{name}.lock",
        log=folder / f"{name}.log",
        variables=tuple(variables),
    )


def is_read(name: str) -> bool:
    """May this variable be read while Python starts, or while something is imported?"""
    return name.startswith(_READ_AT_IMPORT) and not name.startswith(_NOT_READ)


def runtime_folder() -> Path:
    """A folder of this user's alone, which is gone when the machine starts anew. Raises Unavailable."""
    # Not where TMPDIR says: jobs that have a folder of their own for files may share a server all the same.
    bases = (os.environ.get("XDG_RUNTIME_DIR", ""), "/tmp", tempfile.gettempdir())  # noqa: S108 (see below)
    trouble = Unavailable("There is no folder for sockets.")
    for base in filter(os.path.isdir, bases):
        try:
            return _own_folder(Path(base, f"cauce-{os.getuid()}"))
        except Unavailable as why:  # another user's, as `su` may leave it in XDG_RUNTIME_DIR
            trouble = why
    raise trouble


def _own_folder(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
    except OSError as error:
        raise Unavailable(f"{folder}: {error.strerror}") from error
    # Somebody else may have made it first, where everybody can: they must not serve our children.
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o077:
        raise Unavailable(f"{folder} is not a folder of ours alone.")
    if len(os.fsencode(folder)) > 60:
        raise Unavailable(f"{folder} is too long a path for a socket.")
    return folder


# --- What changes when the environment does ---------------------------------------------------


def _packages() -> tuple[tuple[str, int], ...]:
    """Where packages are, and when one was installed there or removed last."""
    return tuple((each, _changed(each)) for each in sys.path if each.endswith(("site-packages", "dist-packages")))


@cache
def _own_code() -> int:
    """When this package was changed last, as we have it: its children must speak as we do."""
    package = Path(__file__).parents[1]
    folders = [package / "forkserver", package / "runner", *sorted((package / "runner").glob("*/"))]
    return max(_changed(file) for folder in folders for file in folder.glob("*.py"))


def _configuration(env: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """IPython's and matplotlib's configuration files, which a server reads before it forks."""
    home = env.get("IPYTHONDIR") or os.path.join(env.get("HOME", ""), ".ipython")  # noqa: PTH118 - text of the environment
    folders = [f"{home}/profile_default", f"{sys.prefix}/etc/ipython", "/usr/local/etc/ipython", "/etc/ipython"]
    names = [f"{kind}_config.{end}" for kind in ("ipython", "ipython_kernel") for end in ("py", "json")]
    paths = [f"{folder}/{name}" for folder in folders for name in names]
    above = env.get("XDG_CONFIG_HOME") or os.path.join(env.get("HOME", ""), ".config")  # noqa: PTH118 - text of the environment
    paths.append(f"{env.get('MPLCONFIGDIR') or f'{above}/matplotlib'}/matplotlibrc")
    return tuple((path, changed) for path in paths if (changed := _changed(path)))


def _circumstances() -> tuple[str, ...]:
    """What a process hands down to its children, and a server would not know of: who it is, where, and its limits."""
    import resource

    about = _text("status").splitlines()
    limits = [line for line in _text("limits").splitlines() if not line.startswith(_RAISED_AT_WILL)]
    namespaces = (_link(f"ns/{kind}") for kind in ("mnt", "net", "pid", "user", "ipc", "uts"))
    return (
        *(line for line in about if line.startswith(_HANDED_DOWN)),
        *limits,
        str(resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
        *(_text("cgroup"), str(os.getpriority(os.PRIO_PROCESS, 0)), *namespaces),
    )


def _text(name: str) -> str:
    try:
        return Path("/proc/self", name).read_text("utf-8", "surrogateescape")
    except OSError:
        return ""


def _link(name: str) -> str:
    try:
        return os.readlink(f"/proc/self/{name}")  # noqa: PTH115 (it names no path)
    except OSError:
        return ""


def _changed(path: str | Path) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 (a path may be a text here)
    except OSError:
        return 0
