"""``python -m cauce``: the same as the command ``cauce``. The server starts builders this way."""

from cauce.cli import main

main(prog_name="cauce")
