"""Copies of products in a storage: made when a task has succeeded, fetched instead of running it again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cauce.compat.ploomber.clients import S3Client

PIPELINE = """
clients:
  File: clients.get
tasks:
  - source: work.make
    product: {file: out/text.txt, folder: out/folder}
  - source: work.use
    product: out/used.txt
"""
WORK = """
from pathlib import Path


def make(product):
    Path(product["file"]).write_text("made")
    Path(product["folder"], "deep").mkdir(parents=True, exist_ok=True)
    Path(product["folder"], "deep", "file").write_text("in it")
    with open("ran", "a") as file:
        file.write("make ")


def use(product, upstream):
    Path(product).write_text(Path(upstream["make"]["file"]).read_text())
"""
LOCAL = "from ploomber.clients import LocalStorageClient\n\ndef get():\n    return LocalStorageClient('backup')\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    (tmp_path / "work.py").write_text(WORK)
    (tmp_path / "clients.py").write_text(LOCAL)
    return tmp_path


def build(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cauce", "build", *arguments],
        cwd=root,
        env={**os.environ, "COLUMNS": "1000"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_products_are_copied_once_their_task_has_succeeded(root: Path) -> None:
    done = build(root)
    assert done.returncode == 0, done.stderr
    assert (root / "backup/out/text.txt").read_text() == "made"
    assert (root / "backup/out/folder/deep/file").read_text() == "in it"
    assert (root / "backup/out/used.txt").read_text() == "made"


def test_a_product_that_is_gone_is_fetched_if_its_copy_is_the_same(root: Path) -> None:
    assert build(root).returncode == 0
    shutil.rmtree(root / "out")
    done = build(root)
    assert done.returncode == 0, done.stderr
    assert (root / "out/folder/deep/file").read_text() == "in it"
    assert (root / "out/used.txt").read_text() == "made"
    assert (root / "ran").read_text() == "make "
    assert "Everything is up to date." in build(root).stdout
    (root / "out/text.txt").unlink()
    (root / "backup/out/text.txt").write_text("another")
    assert build(root).returncode == 0
    assert (root / "out/text.txt").read_text() == "made"
    assert (root / "ran").read_text() == "make make "


def test_a_storage_that_takes_nothing_fails_the_task(root: Path) -> None:
    (root / "clients.py").write_text("def get():\n    pass\n")
    done = build(root)
    assert done.returncode == 1
    assert "'clients.get' returned nothing, which is no storage." in done.stdout + done.stderr


def test_a_bucket_is_written_and_read_through_fsspec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    class InMemory(S3Client):
        _PROTOCOL = "memory"

        def _with(self, arguments: dict[str, object]) -> dict[str, object]:
            return {}

    client = InMemory("bucket", "parent/of")
    Path("file").write_text("made")
    Path("folder/deep").mkdir(parents=True)
    Path("folder/deep/file").write_text("in it")
    there: Callable[[str], bool] = client._remote_exists
    for path in ("file", "folder"):
        client.upload(path)
        assert there(path)
    client.download("file", destination="copy")
    client.download("folder", destination="copies")
    assert (Path("copy").read_text(), Path("copies/deep/file").read_text()) == ("made", "in it")
    assert not there("nothing")
