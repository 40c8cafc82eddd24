"""Where the nodes of a graph go: sizes and edges in, coordinates out. Same input, same drawing.

Layered, as one draws a pipeline by hand: nodes in layers (longest path, then pulled together),
few crossings (sweeps of means and exchanges), long edges through a point in each layer that
they pass, coordinates after Brandes and Köpf ("Fast and simple horizontal coordinate
assignment", 2001). Parts that nothing connects are laid out alone and set side by side.

Of our own, since the libraries that do this in Python are copyleft (grandalf), need the
Graphviz programs, or are compiled for little gain at the size of pipelines.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

__all__ = ["Direction", "Layout", "Point", "layout"]

Point = tuple[float, float]
Direction = Literal["down", "right"]

_ROUNDS = 8
"""Of pulling nodes together; later ones hardly move any."""
_WORK = 60_000
"""Nodes and edges that all sweeps together may look at: the larger the graph, the fewer sweeps."""
_SWEEPS = 12
_PATIENCE = 3
_MAX_PAIRS = 400
"""Two hubs are not exchanged: counting their crossings would take too long."""
_MAX_BENDS = 20_000
"""Points of long edges; beyond, the longest ones are drawn straight, behind what they pass."""
_BEND = 10.0
"""The width that an edge keeps free for itself."""
_PAGE = 1.2


@dataclass(frozen=True)
class Layout:
    """A drawing. Its upper left corner is the origin."""

    width: float
    height: float
    direction: Direction
    nodes: tuple[Point, ...]
    """The middle of each node."""
    edges: tuple[tuple[Point, ...], ...]
    """For each edge of the input the points it passes: from the border of a node to that of another, with two
    points for each layer between, where it enters and leaves it, and one where it leaves the layer of a node that
    is less deep than others there. An edge from a node to itself has none."""


def layout(
    sizes: Sequence[Point],
    edges: Sequence[tuple[int, int]],
    *,
    gap: float = 24,
    layer_gap: float = 46,
    direction: Direction | None = None,
) -> Layout:
    """Lay out nodes of these (width, height); edges are pairs of node numbers.

    Edges run `direction`; None: down, unless the drawing would be so broad that it is read
    better from left to right. Edges that close a cycle run the other way.
    """
    turned = _backward(len(sizes), edges)
    forward = [(b, a) if i in turned else (a, b) for i, (a, b) in enumerate(edges)]
    parts = [_Part(*part) for part in _components(len(sizes), forward)]
    choices: tuple[Direction, ...] = ("down", "right") if direction is None else (direction,)
    drawings = [_draw(sizes, edges, turned, parts, way, gap, layer_gap) for way in choices]
    if len(drawings) == 2 and _scale(drawings[1]) > 1.35 * _scale(drawings[0]):
        return drawings[1]
    return drawings[0]


def _scale(drawing: Layout) -> float:
    """How large it can be shown on a page, were it to fill it."""
    return 1 / max(drawing.width / _PAGE, drawing.height, 1)


# --- Graphs -------------------------------------------------------------------------------


def _backward(count: int, edges: Sequence[tuple[int, int]]) -> frozenset[int]:
    """Edges that close a cycle, found depth first: turned round, the rest has none."""
    out: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for i, (a, b) in enumerate(edges):
        out[a].append((i, b))
    state = bytearray(count)  # 0 unseen, 1 on the path, 2 done
    found = set()
    for root in range(count):
        if state[root]:
            continue
        state[root] = 1
        path = [(root, iter(out[root]))]
        while path:
            node, rest = path[-1]
            for i, child in rest:
                if state[child] == 1:
                    found.add(i)
                elif state[child] == 0:
                    state[child] = 1
                    path.append((child, iter(out[child])))
                    break
            else:
                state[node] = 2
                path.pop()
    return frozenset(found)


def _components(count: int, edges: Sequence[tuple[int, int]]) -> list[tuple[list[int], list[tuple[int, int]]]]:
    """The connected parts, each with its edges, in the order of their first nodes."""
    near: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        near[a].append(b)
        near[b].append(a)
    part_of = [-1] * count
    parts: list[tuple[list[int], list[tuple[int, int]]]] = []
    for root in range(count):
        if part_of[root] >= 0:
            continue
        part_of[root] = len(parts)
        part = [root]
        for node in part:  # grows while it is walked
            for other in near[node]:
                if part_of[other] < 0:
                    part_of[other] = len(parts)
                    part.append(other)
        parts.append((sorted(part), []))
    for a, b in edges:
        parts[part_of[a]][1].append((a, b))
    return parts


def _layers(up: list[list[int]], down: list[list[int]]) -> list[int]:
    """As high as what it uses allows, then pulled within its slack to where edges are shorter."""
    missing = [len(each) for each in up]
    order = [node for node, count in enumerate(missing) if count == 0]
    for node in order:  # what becomes ready is appended
        for child in down[node]:
            missing[child] -= 1
            if missing[child] == 0:
                order.append(child)
    layer = [0] * len(up)
    for node in order:
        layer[node] = max((layer[parent] + 1 for parent in up[node]), default=0)
    for round_ in range(_ROUNDS):
        moved = False
        for node in order if round_ % 2 else reversed(order):
            to = layer[node]
            if len(down[node]) > len(up[node]):
                to = min(layer[child] for child in down[node]) - 1
            elif len(up[node]) > len(down[node]):
                to = max(layer[parent] for parent in up[node]) + 1
            if to != layer[node]:
                layer[node] = to
                moved = True
        if not moved:
            break
    place = {each: i for i, each in enumerate(sorted(set(layer)))}
    return [place[each] for each in layer]


class _Part:
    """A connected part: its nodes in ordered layers, with bends where edges pass a layer.

    Nodes and bends are numbered from 0 within the part; `nodes[i]` is what the i-th node is
    called outside.
    """

    def __init__(self, nodes: list[int], edges: Sequence[tuple[int, int]]) -> None:
        self.nodes = nodes
        inner = {node: i for i, node in enumerate(nodes)}
        ours = sorted({(inner[a], inner[b]) for a, b in edges if a != b})
        up: list[list[int]] = [[] for _ in nodes]
        down: list[list[int]] = [[] for _ in nodes]
        for a, b in ours:
            down[a].append(b)
            up[b].append(a)
        self.layer = _layers(up, down)
        self.paths: dict[tuple[int, int], list[int]] = {}
        """Edge (as called outside) → what it passes, from end to end."""
        room = _MAX_BENDS
        for a, b in sorted(ours, key=lambda edge: self.layer[edge[1]] - self.layer[edge[0]]):
            first, last = self.layer[a] + 1, self.layer[b]
            bends = list(range(len(self.layer), len(self.layer) + last - first))
            room -= len(bends)
            if room < 0:
                bends = []
            self.layer += range(first, first + len(bends))
            self.paths[nodes[a], nodes[b]] = [a, *bends, b]
        total = len(self.layer)
        self.up: list[list[int]] = [[] for _ in range(total)]
        self.down: list[list[int]] = [[] for _ in range(total)]
        for _, path in sorted(self.paths.items()):
            for a, b in pairwise(path):
                if self.layer[b] - self.layer[a] == 1:
                    self.down[a].append(b)
                    self.up[b].append(a)
        self.order = _order(self.layer, self.up, self.down)

    def is_bend(self, node: int) -> bool:
        return node >= len(self.nodes)


# --- Crossings ----------------------------------------------------------------------------


def _order(layer: list[int], up: list[list[int]], down: list[list[int]]) -> list[list[int]]:
    """The nodes of each layer in an order with few crossings; the best seen of some sweeps."""
    layers = _first_order(layer, down)
    place = [0] * len(layer)
    for each in layers:
        _note(each, place)
    best, fewest = [list(each) for each in layers], _crossings(layers, down, place)
    work = len(layer) + sum(map(len, down))
    patience = _PATIENCE
    for _ in range(max(2, min(_SWEEPS, _WORK // max(work, 1)))):
        if fewest == 0 or patience == 0:
            break
        for each in layers[1:]:
            _by_mean(each, up, place)
        for each in reversed(layers[:-1]):
            _by_mean(each, down, place)
        _exchange(layers, up, down, place)
        crossings = _crossings(layers, down, place)
        if crossings < fewest:
            best, fewest, patience = [list(each) for each in layers], crossings, _PATIENCE
        else:
            patience -= 1
    return best


def _first_order(layer: list[int], down: list[list[int]]) -> list[list[int]]:
    """Depth first: a branch stays together."""
    layers: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    seen = bytearray(len(layer))
    for root in sorted(range(len(layer)), key=layer.__getitem__):
        todo = [root]
        while todo:
            node = todo.pop()
            if seen[node]:
                continue
            seen[node] = 1
            layers[layer[node]].append(node)
            todo += reversed(down[node])
    return layers


def _note(layer: list[int], place: list[int]) -> None:
    for i, node in enumerate(layer):
        place[node] = i


def _by_mean(layer: list[int], near: list[list[int]], place: list[int]) -> None:
    """Sort a layer by the mean place of what the nodes are linked to. The others keep their slot."""
    mean = {node: sum(place[other] for other in near[node]) / len(near[node]) for node in layer if near[node]}
    moving = iter(sorted(mean, key=mean.__getitem__))  # stable: ties keep their order
    layer[:] = [next(moving) if node in mean else node for node in layer]
    _note(layer, place)


def _exchange(layers: list[list[int]], up: list[list[int]], down: list[list[int]], place: list[int]) -> None:
    """Neighbours change places where that takes crossings away."""
    for layer in layers:
        for i in range(len(layer) - 1):
            left, right = layer[i], layer[i + 1]
            gain = 0
            for near in (up, down):
                if len(near[left]) * len(near[right]) > _MAX_PAIRS:
                    break
                for a in near[left]:
                    at = place[a]
                    for b in near[right]:
                        gain += (at > place[b]) - (at < place[b])
            else:
                if gain > 0:
                    layer[i], layer[i + 1] = right, left
                    place[left], place[right] = i + 1, i


def _crossings(layers: list[list[int]], down: list[list[int]], place: list[int]) -> int:
    """Pairs of edges that cross, counted as inversions in a Fenwick tree."""
    total = 0
    for upper, lower in pairwise(layers):
        tree = [0] * (len(lower) + 1)
        seen = 0
        for node in upper:
            ends = [place[child] for child in down[node]]
            for end in ends:
                k, before = end + 1, 0
                while k:
                    before += tree[k]
                    k &= k - 1
                total += seen - before
            for end in ends:
                k = end + 1
                while k < len(tree):
                    tree[k] += 1
                    k += k & -k
            seen += len(ends)
    return total


# --- Coordinates --------------------------------------------------------------------------


def _across(part: _Part, breadth: list[float], gap: float) -> list[float]:
    """The middle of each node across its layer, from 0: the mean of four ways to align them."""
    marked = _marked(part)
    found = []
    for upward in (False, True):
        for mirrored in (False, True):
            layers = part.order if not upward else part.order[::-1]
            if mirrored:
                layers = [each[::-1] for each in layers]
            above = part.down if upward else part.up
            root = _aligned(layers, above, marked, len(part.layer))
            x = _compacted(layers, root, breadth, gap)
            found.append([-each for each in x] if mirrored else x)
    edges = [
        (
            min(at - half / 2 for at, half in zip(x, breadth, strict=True)),
            max(at + half / 2 for at, half in zip(x, breadth, strict=True)),
        )
        for x in found
    ]
    low, high = min(edges, key=lambda each: each[1] - each[0])
    shifts = [high - edge[1] if i % 2 else low - edge[0] for i, edge in enumerate(edges)]
    middle = []
    for node in range(len(part.layer)):
        four = sorted(x[node] + shift for x, shift in zip(found, shifts, strict=True))
        middle.append((four[1] + four[2]) / 2)
    return _apart(part.order, middle, breadth, gap)


def _apart(layers: list[list[int]], middle: list[float], breadth: list[float], gap: float) -> list[float]:
    """The mean of four drawings without overlaps has none either, but for rounding; starts at 0."""
    least = min(middle[node] - breadth[node] / 2 for layer in layers for node in layer)
    x = [each - least for each in middle]
    for layer in layers:
        for left, right in pairwise(layer):
            x[right] = max(x[right], x[left] + (breadth[left] + breadth[right]) / 2 + gap)
    return x


def _marked(part: _Part) -> frozenset[tuple[int, int]]:
    """Edges that cross a stretch between two bends: a long edge goes before, so that it is straight."""
    place = [0] * len(part.layer)
    for layer in part.order:
        _note(layer, place)
    found = set()
    for upper, lower in pairwise(part.order):
        first, done = 0, 0
        for i, node in enumerate(lower):
            inner = next((other for other in part.up[node] if part.is_bend(node) and part.is_bend(other)), None)
            if inner is None and i < len(lower) - 1:
                continue
            last = len(upper) - 1 if inner is None else place[inner]
            for other in lower[done : i + 1]:
                for parent in part.up[other]:
                    if not first <= place[parent] <= last and not (part.is_bend(parent) and part.is_bend(other)):
                        found.add((parent, other))
            done, first = i + 1, last
    return frozenset(found)


def _aligned(
    layers: list[list[int]], above: list[list[int]], marked: frozenset[tuple[int, int]], count: int
) -> list[int]:
    """Node → the first of the column that it stands in: under the median of what is above it."""
    place = [0] * count
    for layer in layers:
        _note(layer, place)
    root = list(range(count))
    taken = bytearray(count)
    for layer in layers:
        right = -1
        for node in layer:
            near = sorted(above[node], key=place.__getitem__)
            if not near:
                continue
            for i in sorted({(len(near) - 1) // 2, len(near) // 2}):
                other = near[i]
                conflict = (other, node) in marked or (node, other) in marked
                if root[node] == node and not taken[other] and not conflict and place[other] > right:
                    root[node] = root[other]
                    taken[other] = 1
                    right = place[other]
    return root


def _compacted(layers: list[list[int]], root: list[int], breadth: list[float], gap: float) -> list[float]:
    """The columns as far left as they go without overlaps, then back right where that costs nothing."""
    count = len(root)
    after: dict[int, dict[int, float]] = {column: {} for column in sorted(set(root))}
    before: dict[int, int] = dict.fromkeys(after, 0)
    for layer in layers:
        for left, right in pairwise(layer):
            a, b = root[left], root[right]
            apart = (breadth[left] + breadth[right]) / 2 + gap
            if b not in after[a]:
                before[b] += 1
            after[a][b] = max(after[a].get(b, 0), apart)
    order = [column for column, left_of in before.items() if left_of == 0]
    x: dict[int, float] = dict.fromkeys(order, 0.0)
    for column in order:  # grows while it is walked
        for other, apart in after[column].items():
            x[other] = max(x.get(other, 0.0), x[column] + apart)
            before[other] -= 1
            if before[other] == 0:
                order.append(other)
    for column in reversed(order):
        if after[column]:
            x[column] = max(x[column], min(x[other] - apart for other, apart in after[column].items()))
    return [x[root[node]] for node in range(count)]


# --- Putting it together ------------------------------------------------------------------


@dataclass(frozen=True)
class _Drawn:
    """A part in place: along and across its layers, from 0."""

    breadth: float
    depth: float
    across: list[float]
    along: list[float]
    """The middles of nodes and bends."""
    half: list[float]
    """Half of how deep each is; a bend is as deep as its layer."""
    rest: list[float]
    """From the border below each to the end of its layer."""

    def stops(self, path: list[int]) -> Iterator[tuple[int, int]]:
        """The points of an edge: below its first node and that one's layer, through bends, above its last node."""
        yield path[0], 1
        if self.rest[path[0]] > 0.5:  # beside a deeper neighbour it goes on straight
            yield path[0], 2
        for bend in path[1:-1]:
            yield bend, -1
            yield bend, 1
        yield path[-1], -1

    def place(self, x: float, y: float, node: int, side: int, down: bool) -> Point:
        """The node's middle (0), that of its upper (-1) or lower (1) border, or the end of its layer below it (2)."""
        across, along = x + self.across[node], y + self.along[node] + min(side, 1) * self.half[node]
        along += self.rest[node] if side == 2 else 0
        return (across, along) if down else (along, across)


def _draw(
    sizes: Sequence[Point],
    edges: Sequence[tuple[int, int]],
    turned: frozenset[int],
    parts: list[_Part],
    direction: Direction,
    gap: float,
    layer_gap: float,
) -> Layout:
    down = direction == "down"
    drawn = []
    for part in parts:
        flat = [sizes[node] if down else sizes[node][::-1] for node in part.nodes]
        drawn.append(_placed(part, flat, gap if down else gap / 2, layer_gap))
    corners, width, height = _packed([(each.breadth, each.depth) for each in drawn], gap * 1.5, down)
    nodes: list[Point] = [(0, 0)] * len(sizes)
    points: dict[tuple[int, int], tuple[Point, ...]] = {}
    for part, each, (x, y) in zip(parts, drawn, corners, strict=True):
        for i, node in enumerate(part.nodes):
            nodes[node] = each.place(x, y, i, 0, down)
        for edge, path in part.paths.items():
            points[edge] = tuple(each.place(x, y, i, side, down) for i, side in each.stops(path))
    lines = []
    for i, (a, b) in enumerate(edges):
        line = points.get((b, a), ())[::-1] if i in turned else points.get((a, b), ())
        lines.append(line)
    if not down:
        width, height = height, width
    return Layout(width, height, direction, tuple(nodes), tuple(lines))


def _placed(part: _Part, sizes: list[Point], gap: float, layer_gap: float) -> _Drawn:
    breadth = [width for width, _ in sizes] + [_BEND] * (len(part.layer) - len(sizes))
    x = _across(part, breadth, gap)
    thickness = [max((sizes[node][1] for node in layer if not part.is_bend(node)), default=0) for layer in part.order]
    begins = []
    along = 0.0
    for i, deep in enumerate(thickness):
        begins.append(along)
        # The flatter the edges below, the more room they need to be told apart.
        flattest = max((abs(x[a] - x[b]) for a in part.order[i] for b in part.down[a]), default=0)
        along += deep + (layer_gap + min(layer_gap, flattest * 0.05) if i < len(thickness) - 1 else 0)
    half = [deep / 2 for _, deep in sizes] + [thickness[layer] / 2 for layer in part.layer[len(sizes) :]]
    middle = [begins[layer] + half[node] for node, layer in enumerate(part.layer)]
    rest = [thickness[layer] - 2 * half[node] for node, layer in enumerate(part.layer)]
    width = max(x[node] + breadth[node] / 2 for node in range(len(breadth)))
    return _Drawn(width, along, x, middle, half, rest)


def _packed(sizes: list[Point], gap: float, down: bool) -> tuple[list[Point], float, float]:
    """Upper left corners of boxes put in rows, in order, that fill a page; and what they take together."""
    area = sum((width + gap) * (height + gap) for width, height in sizes)
    wish = math.sqrt(area * (_PAGE if down else 1 / _PAGE))
    limit = max([wish, *(width for width, _ in sizes)])
    corners: list[Point] = []
    x = y = tall = widest = 0.0
    for width, height in sizes:
        if x > 0 and x + width > limit:
            x, y, tall = 0.0, y + tall + gap, 0.0
        corners.append((x, y))
        x += width + gap
        tall = max(tall, height)
        widest = max(widest, x - gap)
    return corners, widest, y + tall
