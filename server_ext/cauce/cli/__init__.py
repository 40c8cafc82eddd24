"""The command ``cauce``: the same engine as in the panel, for terminals, scripts and CI.

Exit codes: 0 all ok or nothing to do, 1 something failed, 2 the request or the pipeline has
errors, 130 cancelled. A command is a module of its own, imported when it is asked for:
`COMMANDS` is the list of them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from cauce.cli.options import CANCELLED
from cauce.cli.values import with_values

__all__ = ["COMMANDS", "main"]

COMMANDS = {
    "status": ("cauce.cli.status:command", "Show each task: is it current, and why not."),
    "build": ("cauce.cli.build:command", "Run what is stale, or the given TASKS with what they need."),
    "task": ("cauce.cli.task:command", "Run one task and nothing else; or add, rename, remove one."),
    "create": ("cauce.cli.reshape:create", "Write a pipeline.yaml whose tasks are the given scripts and notebooks."),
    "refactor": ("cauce.cli.refactor:command", "Turn a notebook into a pipeline: a task for each of its sections."),
    "profile": ("cauce.cli.profile:command", "Choose among env.yaml and env.NAME.yaml."),
    "preview": ("cauce.cli.preview:command", "Show the beginning of what a task has made."),
    "plot": ("cauce.cli.plot:command", "Save a picture of the pipeline: a page, SVG, PNG or Mermaid."),
    "runs": ("cauce.cli.runs:command", "Show the runs that were, compare two of them, delete one."),
    "report": ("cauce.cli.report:command", "Save a page with the graph, all tasks, problems and the last run."),
    "clean": ("cauce.cli.clean:command", "Move to the trash what all tasks, or the given TASKS, have made."),
    "interact": ("cauce.cli.interact:command", "Open an IPython session with the pipeline in it."),
    "mark": ("cauce.cli.mark:command", "Take TASKS for up to date without running them."),
    "evaluate": ("cauce.cli.evaluate:command", "Run the code that makes the pipeline, and build nothing."),
    "schema": ("cauce.cli.schema:command", "Print the JSON Schema of pipeline.yaml or env.yaml, for editors."),
    "doctor": ("cauce.cli.doctor:command", "Say everything that can be told before anything runs."),
    "scaffold": ("cauce.cli.scaffold:command", "Create the sources that the pipeline lacks, or a new project."),
    "nb": ("cauce.cli.nb:command", "Test, check, format a notebook; inject cells into sources, convert and pair them."),
    "upstream": ("cauce.cli.upstream:command", "Show what a task needs, or change it where that is written."),
}
"""Name → where it is ("module:attribute") and the line about it in ``cauce --help``, in the order shown."""


HIDDEN = {"trace": "cauce.cli.splitrun:trace_command", "prove": "cauce.cli.splitrun:prove_command"}
"""Commands that the server starts, and that are options of others for people."""

ELSEWHERE = {
    "install": "Use pip or conda: 'pip install -r requirements.txt', 'conda env update --file environment.yml'.",
    "examples": "Use 'cauce scaffold NAME' for a small project that can be built at once.",
    "run": "Use 'cauce build', or 'cauce build TASK' for one task and what it needs.",
    "execute": "Use 'cauce build', or 'cauce build TASK' for one task and what it needs.",
}
"""Commands that are known from other tools, and what does that here."""


class _Commands(click.Group):
    """Imports a command when it is asked for; suggests the one that was meant; ends as shells expect it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS[cmd_name][0] if cmd_name in COMMANDS else HIDDEN.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101  # the table above
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # before the build's own handlers were there; click would say 1
            ctx.exit(CANCELLED)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        import difflib

        try:
            name, command, rest = super().resolve_command(ctx, args)
            return name, None if command is None else with_values(command, rest), rest
        except click.UsageError as error:
            if args[0] in ELSEWHERE:
                raise click.UsageError(f"{error.message} {ELSEWHERE[args[0]]}", ctx) from error
            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not close:
                raise
            raise click.UsageError(f"{error.message} Did you mean '{close[0]}'?", ctx) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cauce")
def main() -> None:
    """Notebook pipelines: see what is stale, build only that."""
    # nbformat imports jsonschema, which imports every checker of formats that it finds. This one
    # takes most of a second to build a grammar for IRIs, of which notebooks have none.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # the documented way to forbid an import
