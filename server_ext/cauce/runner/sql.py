"""The verb `sql`: runs a script that makes tables or views.

What the task declares must be there afterwards. As with Ploomber nothing is dropped before: a script
that makes its table anew says so itself, one that adds to it must find it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cauce.runner import Trouble, products, template
from cauce.runner.database import Database, Opening, Statement, opened
from cauce.runner.log import conceal, say

__all__ = ["check", "execute", "run"]


def run(request: dict[str, Any], opened: Opening = opened) -> dict[str, Any]:
    """Run the script. `request` is a task, with the `folder` from which templates are imported."""
    values = template.values_of(request)
    path = request["source"]
    script = template.render(request["content"], path=path, folder=request["folder"], values=values)
    say(script.text)
    product = values["product"]
    relations = list(product.values()) if isinstance(product, products.Products) else [product]
    with opened(request["client"], request["name"]) as database:
        statements = database.statements(script.text)
        if not statements:
            raise Trouble("Nothing to run", "The script has no statements.", path)
        for statement in statements:
            execute(database, statement, script)
        database.commit()
        check(database, [each for each in relations if isinstance(each, products.Relation)], path)
    return {}


def execute(database: Database, statement: Statement, script: template.Rendered, prefix: str = "") -> Any:
    """Run a statement of the script, with a `prefix` of ours.

    Raises:
        Trouble: What the database says, with the line of the source.
    """
    try:
        return database.execute(prefix + statement.text)
    except Exception as error:
        message = str(error).strip()
        line = script.line(statement.place(message))
        hint = ""
        if "already exists" in message:
            hint = " To make it anew, begin the script with 'DROP TABLE IF EXISTS {{product}};'."
        first = message.splitlines()[0].rstrip(".") if message else "The statement failed"
        say(message)
        said = conceal(f"{first}. The statement: {statement.quoted}{hint}")
        raise Trouble(type(error).__name__, said, script.path, line) from None


def check(database: Database, relations: Sequence[products.Relation], path: str | None) -> None:
    """Are the relations there, as what they are said to be?

    Raises:
        Trouble: They are not.
    """
    kinds = {relation: database.kind_of(relation) for relation in relations}
    if missing := [f"the {relation.kind} {relation}" for relation, kind in kinds.items() if kind is None]:
        message = f"The task ran to its end but did not make {', '.join(missing)}."
        raise Trouble("Missing products", message, path)
    for relation, kind in kinds.items():
        if kind != relation.kind:
            message = f"{relation} is a {kind}, but pipeline.yaml says that it is a {relation.kind}."
            raise Trouble("Wrong kind", message, path)
