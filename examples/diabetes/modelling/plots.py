"""How plots look, and the ones that two tasks draw."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE = "#33638d"
ORANGE = "#e08214"


def figure(width: float = 7, height: float = 4) -> tuple[Figure, Axes]:
    """An empty plot without the box around it."""
    drawing, axes = plt.subplots(figsize=(width, height), layout="constrained")
    axes.spines[["top", "right"]].set_visible(False)
    return drawing, axes


def ranked_bars(values: pd.Series, errors: pd.Series | None, title: str, label: str) -> Figure:
    """Horizontal bars, the largest on top; negative ones in another colour."""
    order = values.abs().sort_values().index
    drawing, axes = figure()
    axes.barh(
        [name.replace("_", " ") for name in order],
        values[order],
        xerr=None if errors is None else errors[order],
        color=[BLUE if value >= 0 else ORANGE for value in values[order]],
        ecolor="0.4",
    )
    axes.axvline(0, color="0.3", linewidth=0.8)
    axes.set(title=title, xlabel=label)
    return drawing
