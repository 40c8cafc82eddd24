"""Where a pipeline begins: what `-e` may name, and what is found without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cauce.engine.errors import CauceError, NotFound, UsageError
from cauce.engine.spec import Entry, entry_of_file, find_entry

Tree = str
"""Paths of files, one per line; ``path: content`` for one with content."""


def plant(folder: Path, tree: Tree) -> Path:
    for line in tree.split():
        path, _, content = line.partition(":")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content.replace("|", "\n").replace("~", " "))
    return folder


def seen(entry: Entry, base: Path) -> tuple[str, str, str, str]:
    """Kind, root, name below it and target, the root seen from `base`."""
    return entry.kind, entry.root.relative_to(base).as_posix(), entry.name, entry.target


PROJECT = "pipeline.yaml pipeline.serve.yaml scripts/a.py scripts/sub/pipeline.yaml data/x.csv"


@pytest.mark.parametrize(
    ("cwd", "text", "expected"),
    [
        (".", None, ("file", ".", "pipeline.yaml", "")),
        ("data", None, ("file", ".", "pipeline.yaml", "")),
        ("scripts/sub", None, ("file", "scripts/sub", "pipeline.yaml", "")),
        ("scripts", "../pipeline.serve.yaml", ("file", ".", "pipeline.serve.yaml", "")),
        (".", "scripts/sub", ("file", "scripts/sub", "pipeline.yaml", "")),
        (".", "scripts", ("glob", ".", "scripts/*", "scripts/*")),
        ("data", "../scripts", ("glob", "scripts", "*", "*")),
        ("scripts", ".", ("glob", "scripts", "*", "*")),
        (".", "*.py", ("glob", ".", "*.py", "*.py")),
        (".", "./scripts/**/*.py", ("glob", ".", "scripts/**/*.py", "scripts/**/*.py")),
        ("data", "../scripts/*.py", ("glob", "scripts", "*.py", "*.py")),
        (".", "pipeline.make", ("factory", ".", "pipeline.make", "pipeline.make")),
        ("scripts", "package.sub.make", ("factory", "scripts", "package.sub.make", "package.sub.make")),
    ],
)
def test_what_an_entry_point_names(
    tmp_path: Path, cwd: str, text: str | None, expected: tuple[str, str, str, str]
) -> None:
    plant(tmp_path, PROJECT)
    assert seen(find_entry(text, tmp_path / cwd, {}), tmp_path) == expected


@pytest.mark.parametrize(
    ("cwd", "text", "message", "hint"),
    [
        ("data", "pipeline.yaml", "There is no pipeline at pipeline.yaml.", "Give a pipeline.yaml"),
        (
            ".",
            "pipeline.srve.yaml",
            "There is no pipeline at pipeline.srve.yaml.",
            "Did you mean '-e pipeline.serve.yaml'?",
        ),
        (".", "scripts/a.py", "scripts/a.py is no pipeline.", "-e '*.py'"),
        (".", "data", "There is no pipeline.yaml in data, and no script.", ""),
        (".", "nothing", "There is no pipeline at nothing.", "a function such as module.function"),
        (".", "a/b.make", "There is no pipeline at a/b.make.", ""),
        (".", "no_such_package::pipeline.yaml", "There is no package 'no_such_package'", "pip install --editable"),
        (".", " ", "The entry point is no name.", ""),
    ],
)
def test_what_names_none_is_refused_with_what_may_have_been_meant(
    tmp_path: Path, cwd: str, text: str, message: str, hint: str
) -> None:
    plant(tmp_path, PROJECT)
    with pytest.raises((NotFound, UsageError)) as caught:
        find_entry(text, tmp_path / cwd, {})
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint


def test_nothing_to_be_found(tmp_path: Path) -> None:
    plant(tmp_path, "pipeline.serve.yaml")
    with pytest.raises(NotFound) as caught:
        find_entry(None, tmp_path, {})
    assert caught.value.hint == "Did you mean '-e pipeline.serve.yaml'?"


# --- What the project says


def test_the_environment_variable_names_a_file_or_a_function(tmp_path: Path) -> None:
    plant(tmp_path, f"{PROJECT} setup.cfg:[ploomber]|entry-point=scripts/sub/pipeline.yaml")
    serve = find_entry(None, tmp_path / "data", {"ENTRY_POINT": "pipeline.serve.yaml"})
    assert seen(serve, tmp_path) == ("file", ".", "pipeline.serve.yaml", "")
    factory = find_entry(None, tmp_path, {"ENTRY_POINT": "pipeline.make"})
    assert seen(factory, tmp_path) == ("factory", ".", "pipeline.make", "pipeline.make")
    assert seen(find_entry("pipeline.yaml", tmp_path, {"ENTRY_POINT": "x.yaml"}), tmp_path)[2] == "pipeline.yaml"
    with pytest.raises(UsageError, match=r"ENTRY_POINT is 'a/pipeline\.yaml'"):
        find_entry(None, tmp_path, {"ENTRY_POINT": "a/pipeline.yaml"})
    with pytest.raises(NotFound, match=r"There is no other\.yaml in"):
        find_entry(None, tmp_path, {"ENTRY_POINT": "other.yaml"})


@pytest.mark.parametrize(
    "config",
    [
        "setup.cfg:[ploomber]|entry-point~=~flows/pipeline.main.yaml",
        "pyproject.toml:[tool.cauce]|entry-point~=~'flows/pipeline.main.yaml'",
        "pyproject.toml:[tool.ploomber]|entry-point~=~'flows/pipeline.main.yaml'",
    ],
)
def test_a_configuration_file_names_the_entry_point(tmp_path: Path, config: str) -> None:
    plant(tmp_path, f"pipeline.yaml flows/pipeline.main.yaml flows/deep/x {config}")
    for cwd in (".", "flows/deep"):
        assert seen(find_entry(None, tmp_path / cwd, {}), tmp_path) == ("file", "flows", "pipeline.main.yaml", "")
    (tmp_path / "flows/pipeline.main.yaml").unlink()
    with pytest.raises(NotFound, match=r"names the entry point 'flows/pipeline\.main\.yaml', which does not exist"):
        find_entry(None, tmp_path, {})


@pytest.mark.parametrize(
    "config", ["setup.cfg:[ploomber", "setup.cfg:[ploomber]|x=1", "pyproject.toml:entry-point=[", "setup.cfg:[other]"]
)
def test_a_configuration_file_that_says_nothing_of_it_is_passed_over(tmp_path: Path, config: str) -> None:
    plant(tmp_path, f"pipeline.yaml {config}")
    assert find_entry(None, tmp_path, {}).name == "pipeline.yaml"


# --- Packages


@pytest.mark.parametrize("mark", ["setup.py", "pyproject.toml"])
@pytest.mark.parametrize("cwd", [".", "src", "src/pkg", "tests"])
def test_the_root_of_a_package_is_where_its_set_up_is(tmp_path: Path, mark: str, cwd: str) -> None:
    plant(tmp_path, f"{mark} src/pkg/pipeline.yaml src/pkg/tasks.py src/pkg.egg-info/x tests/x.py")
    assert seen(find_entry(None, tmp_path / cwd, {}), tmp_path) == ("file", ".", "src/pkg/pipeline.yaml", "")
    assert entry_of_file(tmp_path / "src/pkg/pipeline.yaml").root == tmp_path
    assert seen(find_entry("pkg::pipeline.yaml", tmp_path, {}), tmp_path)[2] == "src/pkg/pipeline.yaml"


def test_without_a_set_up_a_folder_called_src_is_like_any_other(tmp_path: Path) -> None:
    plant(tmp_path, "src/pkg/pipeline.yaml")
    assert seen(find_entry(None, tmp_path / "src/pkg", {}), tmp_path) == ("file", "src/pkg", "pipeline.yaml", "")
    with pytest.raises(NotFound):
        find_entry(None, tmp_path, {})


@pytest.mark.parametrize("more", ["pipeline.yaml", "src/other/pipeline.yaml"])
@pytest.mark.parametrize("cwd", [".", "src/pkg"])
def test_two_pipelines_that_could_be_meant_are_refused(tmp_path: Path, more: str, cwd: str) -> None:
    plant(tmp_path, f"setup.py src/pkg/pipeline.yaml {more}")
    with pytest.raises(UsageError) as caught:
        find_entry(None, tmp_path / cwd, {})
    assert more in caught.value.message
    assert caught.value.hint.startswith("Keep one, or name the one that is meant: -e ")
    assert find_entry("src/pkg/pipeline.yaml", tmp_path, {}).name == "src/pkg/pipeline.yaml"


def test_a_package_that_is_installed_is_no_project(tmp_path: Path) -> None:
    plant(tmp_path, "site-packages/pkg/__init__.py site-packages/pkg/pipeline.yaml")
    with pytest.raises(UsageError, match="is installed, and no project"):
        find_entry("pkg::pipeline.yaml", tmp_path / "site-packages", {})


def test_no_package_is_imported_to_find_a_file_in_it(tmp_path: Path) -> None:
    plant(tmp_path, "pkg/sub/pipeline.yaml pkg/sub/__init__.py pkg/__init__.py:raise~SystemExit")
    assert seen(find_entry("pkg.sub::pipeline.yaml", tmp_path, {}), tmp_path) == (
        "file",
        "pkg/sub",
        "pipeline.yaml",
        "",
    )
    with pytest.raises(CauceError, match=r"There is no file 'x\.yaml' in the package 'pkg'"):
        find_entry("pkg::x.yaml", tmp_path, {})
