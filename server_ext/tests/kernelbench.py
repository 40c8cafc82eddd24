"""A project folder, a `NotebookExecutor` and its real kernels, and proof that nothing of them stays behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from childbench import held, until

from cauce.contract import Progress, Where
from cauce.engine.executors import Job, Listener, Outcome
from cauce.engine.executors.notebook import NotebookExecutor
from cauce.engine.injection import Binding
from cauce.engine.process import ProcessRecord
from cauce.engine.spec import TaskSpec

__all__ = ["Bench", "Try", "kernel_bench_in"]

read: Callable[..., Any] = nbformat.read


@dataclass
class Try:
    """One job, and what was told about it."""

    job: Job
    cancel: asyncio.Event = field(default_factory=asyncio.Event)
    progress: list[Progress] = field(default_factory=list)
    processes: list[ProcessRecord] = field(default_factory=list)

    @property
    def log(self) -> str:
        return self.job.log.read_text("utf-8")

    @property
    def notebook(self) -> Any:
        """The executed notebook, which must be valid."""
        notebook = read(self.job.notebook, as_version=4)
        nbformat.validate(notebook)
        return notebook

    @property
    def outputs(self) -> list[list[Any]]:
        """Of the code cells after the injected one."""
        return [cell.outputs for cell in self.notebook.cells if cell.cell_type == "code"][1:]

    def streams(self) -> list[str]:
        return [output.text for outputs in self.outputs for output in outputs if output.output_type == "stream"]


class Bench:
    """A project folder and an executor."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.executor = NotebookExecutor(log_limit=2_000, output_limit=20_000)

    def task(self, source: str | bytes, name: str = "task.py", **binding: Any) -> Try:
        stem = Path(name).stem
        bound = Binding(
            root=self.root, pipeline="pipeline.yaml", task=stem, params={}, upstream=None, product=f"out/{stem}.ipynb"
        )
        content = source if isinstance(source, bytes) else source.encode()
        spec = TaskSpec(stem, "notebook", name, (), ("",), {}, None, Where(path="pipeline.yaml"))
        target, log = self.root / f"out/.{stem}.tmp", self.root / f"{stem}.log"
        return Try(Job(spec, replace(bound, **binding), content, {f"out/{stem}.ipynb": target}, target, log))

    async def go(self, attempt: Try) -> Outcome:
        # ipykernel behaves otherwise when it believes that it is being tested.
        os.environ.pop("PYTEST_CURRENT_TEST", None)
        listener = Listener(attempt.progress.append, attempt.processes.append)
        return await self.executor.run(attempt.job, listener, attempt.cancel)

    def run(self, attempt: Try) -> Outcome:
        return asyncio.run(self.go(attempt))

    def run_all(self, attempts: list[Try], *beside: Coroutine[Any, Any, None]) -> list[Outcome]:
        async def together() -> list[Outcome]:
            extra = asyncio.gather(*beside)
            outcomes = await asyncio.gather(*map(self.go, attempts))
            await extra
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return outcomes

        return asyncio.run(together())

    async def appears(self, name: str) -> None:
        await until(lambda: (self.root / name).exists())


@contextmanager
def kernel_bench_in(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A bench, with proof that no process, descriptor, thread or temporary file is left in the end."""
    # A folder of our own to look for leaks in; pytest's would be too long for a socket's name.
    scratch = tempfile.mkdtemp(prefix="scratch-", dir="/tmp")
    monkeypatch.setattr(tempfile, "tempdir", scratch)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", f"{scratch}/runtime")
    monkeypatch.setenv("JPY_SESSION_NAME", "somebody's notebook")
    before = held()
    bench = Bench(root)
    try:
        yield bench
        bench.executor.close()
        assert held() <= before, held() - before
        assert os.listdir(scratch) == []  # noqa: PTH208 - names alone
    finally:
        shutil.rmtree(scratch)
