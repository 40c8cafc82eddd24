"""Tasks that are functions."""

import json
import random
import sqlite3
from pathlib import Path

COUNTRIES = ["es", "fr", "pt"]


def load(product, days):
    """Make up some orders: the same ones each time."""
    path = Path(product)
    path.unlink(missing_ok=True)
    chance = random.Random(1)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders(day INTEGER, country TEXT, amount INTEGER)")
        database.executemany(
            "INSERT INTO orders VALUES (?, ?, ?)",
            [(day, country, chance.randint(1, 500)) for day in range(days) for country in COUNTRIES for _ in range(20)],
        )


def summary(product, upstream):
    """Gather what the reports have found."""
    lines = ["# Best days", ""]
    for name, made in upstream["report-*"].items():
        best = json.loads(Path(made["best"]).read_text())
        lines.append(f"* {name}: day {best['day']}, {best['amount']}")
    Path(product).write_text("\n".join(lines) + "\n")
