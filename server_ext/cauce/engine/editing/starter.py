"""A new project, small enough to read at once, that builds with nothing but Python and a kernel."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from typing import Literal

from cauce.engine.editing.change import Change, FileChange
from cauce.engine.errors import UsageError

__all__ = ["plan_project"]

_LOAD = """# %% [markdown]
# # Load
#
# Makes up some measurements; put the reading of your own data in place of it.

# %% tags=["parameters"]
# The tasks that this one needs: none. What is None is filled in from pipeline.yaml, in a cell below.
upstream = None
product = None
rows = None

# %%
import csv
import random
from pathlib import Path

# %%
numbers = random.Random(7)
measurements = [(day, round(20 + 5 * numbers.random(), 2)) for day in range(1, rows + 1)]
measurements[3] = (4, "")

# %%
with Path(product["data"]).open("w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["day", "degrees"])
    writer.writerows(measurements)
print(len(measurements), "rows")
"""
_CLEAN = """# %% [markdown]
# # Clean
#
# Leaves out the days without a measurement.

# %% tags=["parameters"]
upstream = ["load"]
product = None

# %%
import csv
from pathlib import Path

# %%
with Path(upstream["load"]["data"]).open(newline="") as file:
    measurements = [row for row in csv.DictReader(file) if row["degrees"]]

# %%
with Path(product["data"]).open("w", newline="") as file:
    writer = csv.DictWriter(file, ["day", "degrees"])
    writer.writeheader()
    writer.writerows(measurements)
print(len(measurements), "rows are left")
"""
_REPORT = """# %% [markdown]
# # Report

# %% tags=["parameters"]
upstream = ["clean"]
product = None

# %%
import csv
import statistics
from pathlib import Path

# %%
with Path(upstream["clean"]["data"]).open(newline="") as file:
    degrees = [float(row["degrees"]) for row in csv.DictReader(file)]

# %%
summary = f"{len(degrees)} days, {statistics.mean(degrees):.2f} degrees on average\\n"
Path(product["summary"]).write_text(summary)
print(summary)
"""
_PIPELINE = """# What is built, from what, into what. Dependencies are read from the sources: 'upstream = […]'.
tasks:
  - source: {folder}load.py
    product:
      nb: output/load.ipynb
      data: output/measurements.csv
    params:
      rows: '{{{{rows}}}}'

  - source: {folder}clean.py
    product:
      nb: output/clean.ipynb
      data: output/clean.csv

  - source: {folder}report.py
    product:
      nb: output/report.ipynb
      summary: output/summary.txt
"""
_EMPTY = """# What is built, from what, into what. A task looks like this:
#
#   - source: {folder}load.py
#     product:
#       nb: output/load.ipynb
#       data: output/load.csv
#
# 'cauce scaffold' creates the sources that do not exist yet.
tasks: []
"""
_ENV = """# Values for '{{name}}' in pipeline.yaml; for one time only: cauce build --env--rows 10
rows: 30
"""
_IGNORE = """.cauce/
.ipynb_checkpoints/
__pycache__/
*.egg-info/
output/
"""
_README = """# {name}

```sh
{install}
cauce status    # which tasks are up to date, and why not
cauce build     # run those that are not
```

`{pipeline}` says what is built; the tasks are in `{folder}`, what they make is in `output/`.
In JupyterLab the tasks open as notebooks, with what pipeline.yaml gives them filled in.
"""
_PYPROJECT = """[build-system]
requires = ["setuptools>=64"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "0.1.0"
dependencies = ["cauce"]

[tool.setuptools.packages.find]
where = ["src"]

[tool.setuptools.package-data]
{package} = ["pipeline.yaml", "tasks/*"]
"""


def plan_project(
    folder: Path, *, empty: bool = False, package: bool = False, environment: Literal["pip", "conda"] = "pip"
) -> Change:
    """The files of a new project in a folder that does not exist yet, or is empty.

    Args:
        empty: A pipeline without tasks.
        package: One that can be installed, below ``src/``.
        environment: requirements.txt, or environment.yml.

    Raises:
        UsageError: There is something in the folder, or its name is none.
    """
    name = folder.name
    if not re.fullmatch(r"[\w.-]+", name) or name.startswith((".", "-")):
        raise UsageError(f"'{name}' cannot be a project's name.", hint="Use letters, digits, '-' and '_'.")
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise UsageError(f"{folder} is there already.", hint="Choose another name; nothing was changed.")
    module = re.sub(r"\W", "_", name).lower()
    if package and (not module.isidentifier() or keyword.iskeyword(module)):
        raise UsageError(f"'{name}' cannot be a package's name.", hint="Begin it with a letter.")
    home = f"src/{module}/" if package else ""
    tasks = f"{home}tasks/"
    files = {
        f"{home}pipeline.yaml": (_EMPTY if empty else _PIPELINE).format(folder=tasks),
        ".gitignore": _IGNORE,
    }
    if not empty:
        files |= {"env.yaml": _ENV, f"{tasks}load.py": _LOAD, f"{tasks}clean.py": _CLEAN, f"{tasks}report.py": _REPORT}
    if environment == "conda":
        pip = ["      - -e ."] if package else ["      - cauce"]
        lines = [f"name: {name}", "dependencies:", "  - python>=3.11", "  - pip", "  - pip:", *pip]
        files["environment.yml"] = "\n".join(lines) + "\n"
        install = f"conda env create --file environment.yml\nconda activate {name}"
    elif package:
        install = "pip install --editable ."
    else:
        files["requirements.txt"] = "cauce\n"
        install = "pip install --requirement requirements.txt"
    if package:
        files[f"{home}__init__.py"] = ""
        files["pyproject.toml"] = _PYPROJECT.format(name=module, package=module)
    files["README.md"] = _README.format(name=name, install=install, pipeline=f"{home}pipeline.yaml", folder=tasks)
    changes = tuple(FileChange(path, None, text.encode()) for path, text in sorted(files.items()))
    return Change(folder, changes, tuple(f"Created {change.path}." for change in changes))
