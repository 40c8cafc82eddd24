"""``cauce schema``: the JSON Schema of pipeline.yaml or env.yaml, for editors that are not JupyterLab's."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command("schema")
@click.argument("dialect", type=click.Choice(["pipeline", "env"]), default="pipeline")
def command(dialect: str) -> None:
    """Print the JSON Schema of pipeline.yaml, or of env.yaml.

    With YAML's language server: save it, and write '# yaml-language-server: $schema=FILE' into the first
    line of your pipeline.yaml.
    """
    import json

    from cauce.engine.spec.schema import env_schema, pipeline_schema

    schema = pipeline_schema() if dialect == "pipeline" else env_schema()
    click.echo(json.dumps(schema, indent=2, ensure_ascii=False))
