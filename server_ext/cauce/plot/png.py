"""SVG → PNG, by a library that need not be there: the extra ``cauce[plot]``.

resvg, since its wheels need no library of the system (CairoSVG needs Cairo) and its licence
asks for nothing but its notice.
"""

from __future__ import annotations

import math
import re

from cauce.engine.errors import UsageError

__all__ = ["png"]

_ZOOM = 2.0
_MAX_PIXELS = 50_000_000
_MAX_SIDE = 16_000


def png(svg: str) -> bytes:
    """The picture on white, twice as large as the SVG unless that would be very large.

    Raises:
        UsageError: The library is not installed, or could not draw it.
    """
    try:
        import resvg_py
    except ImportError as error:
        raise UsageError(
            "Pictures as PNG need the package resvg-py, which is not installed.",
            hint="Install it with: pip install 'cauce[plot]'. Or write .svg or .html, which need nothing.",
        ) from error
    found = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    assert found is not None  # noqa: S101  # see cauce.plot.svg
    width, height = float(found[1]), float(found[2])
    zoom = min(_ZOOM, math.sqrt(_MAX_PIXELS / (width * height)), _MAX_SIDE / max(width, height))
    across, along = max(round(width * zoom), 1), max(round(height * zoom), 1)
    try:
        return resvg_py.svg_to_bytes(svg_string=svg, background="#ffffff", width=across, height=along)
    except ValueError as error:
        raise UsageError(f"The picture cannot be drawn as PNG: {error}.", hint="Write .svg or .html.") from error
