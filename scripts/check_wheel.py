"""Does the wheel in dist/ work in an empty environment without Node?

Installs it, with JupyterLab and nothing else, into a new virtual environment whose PATH
has no Node, and asks JupyterLab, the Jupyter server and the command line whether they
have it. Takes the requirement for JupyterLab, as pip spells it.
"""
# ruff: noqa: T201  A script: printing is what it does.

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def the_wheel(folder: Path) -> Path:
    """The one wheel in `folder`."""
    wheels = sorted(folder.glob("*.whl"))
    if len(wheels) != 1:
        sys.exit(f"Expected one wheel in {folder}, found {len(wheels)}: run `make wheel`.")
    return wheels[0]


def contents_problem(wheel: Path) -> str | None:
    """What is missing from the wheel or should not be in it; None when all is well."""
    names = zipfile.ZipFile(wheel).namelist()
    wanted = [
        "/share/jupyter/labextensions/jupyterlab-cauce/package.json",
        "/share/jupyter/labextensions/jupyterlab-cauce/install.json",
        "/etc/jupyter/jupyter_server_config.d/cauce.json",
        "/locale/es_ES/LC_MESSAGES/jupyterlab_cauce.json",
    ]
    for ending in wanted:
        if not any(name.endswith(ending) for name in names):
            return f"{ending} is missing"
    unwanted = re.compile(r"(^|/)(tests|node_modules|__pycache__)/|^cauce/labextension/|\.map$")
    return next((f"{name} should not be in it" for name in names if unwanted.search(name)), None)


def check(what: str, pattern: str, text: str) -> None:
    """Exit unless `pattern` is found in `text`."""
    plain = ANSI.sub("", text)
    if not re.search(pattern, plain):
        sys.exit(f"not ok: {what}. Expected /{pattern}/ in:\n{plain}")
    print(f"ok: {what}")


def main(jupyterlab: str) -> None:
    wheel = the_wheel(Path("dist"))
    if problem := contents_problem(wheel):
        sys.exit(f"not ok: {wheel.name}: {problem}")
    print(f"ok: {wheel.name} holds what it should")

    with tempfile.TemporaryDirectory(prefix="cauce-wheel-") as place:
        venv = Path(place) / "venv"
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        # Nothing of this environment, of the user's Jupyter or of the system's tools. pip keeps
        # HOME and the PIP_ variables, for they say where packages come from.
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("JUPYTER", "PYTHON", "VIRTUAL_ENV", "NODE", "npm_", "NPM_"))
        }
        environment["PATH"] = str(venv / "bin")
        if shutil.which("node", path=environment["PATH"]):
            sys.exit("Node is on the path: this check would prove nothing.")
        subprocess.run(
            [venv / "bin" / "pip", "install", "--quiet", wheel, jupyterlab],
            check=True,
            env=environment,
        )
        environment |= {"JUPYTER_CONFIG_DIR": f"{place}/config", "JUPYTER_DATA_DIR": f"{place}/data"}

        def output(command: str, *arguments: str) -> str:
            done = subprocess.run(
                [venv / "bin" / command, *arguments],
                cwd=place,
                env=environment,
                check=True,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            return done.stdout

        check(
            "JupyterLab has the labextension, enabled and compatible",
            r"jupyterlab-cauce v\S+ enabled OK",
            output("jupyter", "labextension", "list"),
        )
        servers = output("jupyter", "server", "extension", "list")
        check("the Jupyter server enables the server extension", r"(?m)^\s*cauce enabled", servers)
        check("the server extension loads", r"(?m)^\s*cauce \S* ?OK", servers)
        check("the command line answers", r"Usage: cauce", output("cauce", "--help"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
