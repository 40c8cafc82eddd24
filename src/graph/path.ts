/**
 * The line of an edge: points in; an SVG path out, or points along it.
 */
import type { Direction, Point } from './layout';

/** The two strokes of an arrow's head: how far back, and how far aside. */
const HEAD = [6, 3.2] as const;

/** One piece of a line: straight, or a curve by its two controls. */
interface IPiece {
  readonly from: Point;
  readonly by: readonly [Point, Point] | null;
  readonly to: Point;
}

/**
 * A smooth line through the points, leaving and arriving in the direction in which edges run.
 *
 * `trim` is half the length of a node: the line starts and ends at a border instead of in a
 * middle, and runs straight beside the nodes of the layers that it passes.
 */
export function edgePath(points: readonly Point[], trim: number, way: Direction = 'down'): string {
  const line = pieces(points, trim, way);
  const [first] = line;
  if (first === undefined) {
    return '';
  }
  const drawn = line.map(({ by, to }) =>
    by === null ? `L${text(to)}` : `C${text(by[0])} ${text(by[1])} ${text(to)}`
  );
  return `M${text(first.from)}${drawn.join('')}`;
}

/** The head at the end of an edge, as an SVG path. */
export function arrowHead(points: readonly Point[], trim: number, way: Direction = 'down'): string {
  const end = pieces(points, trim, way).at(-1);
  if (end === undefined) {
    return '';
  }
  const [back, aside] = HEAD;
  const [ahead] = along(end.to, way);
  const [behind] = along(end.from, way);
  const base = ahead >= behind ? -back : back;
  const [x, y] = end.to;
  const [left, right] =
    way === 'down'
      ? ([[x - aside, y + base] as const, [x + aside, y + base] as const] as const)
      : ([[x + base, y - aside] as const, [x + base, y + aside] as const] as const);
  return `M${text(left)}L${text(end.to)}L${text(right)}`;
}

/** Points along the line, near enough for the eye: to find it under the pointer, to draw it elsewhere. */
export function flattened(
  points: readonly Point[],
  trim: number,
  way: Direction = 'down'
): readonly Point[] {
  const line = pieces(points, trim, way);
  const [first] = line;
  return first === undefined
    ? []
    : [
        first.from,
        ...line.flatMap(({ from, by, to }) =>
          by === null ? [to] : [0.15, 0.35, 0.5, 0.65, 0.85, 1].map(t => onCurve(from, by, to, t))
        )
      ];
}

/** The pieces of a line. */
function pieces(points: readonly Point[], trim: number, way: Direction): readonly IPiece[] {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length < 2) {
    return [];
  }
  const sign = Math.sign(along(last, way)[0] - along(first, way)[0]) || 1;
  const moved = (point: Point, by: number): Point =>
    way === 'down' ? [point[0], point[1] + by] : [point[0] + by, point[1]];
  const stops: Point[] = [
    moved(first, sign * trim),
    ...points
      .slice(1, -1)
      .flatMap((point): Point[] => [moved(point, -sign * trim), moved(point, sign * trim)]),
    moved(last, -sign * trim)
  ];
  const found: IPiece[] = [];
  stops.slice(1).forEach((to, i) => {
    const from = stops[i] ?? first;
    const [start, across] = along(from, way);
    const [end, aside] = along(to, way);
    const middle = (start + end) / 2;
    const at = (along: number, across: number): Point =>
      way === 'down' ? [across, along] : [along, across];
    found.push({
      from,
      // What is straight but for a hair is straight.
      by: Math.abs(across - aside) < 0.5 ? null : [at(middle, across), at(middle, aside)],
      to
    });
  });
  return found;
}

/** A point as how far along the way of edges, and how far across. */
function along([x, y]: Point, way: Direction): Point {
  return way === 'down' ? [y, x] : [x, y];
}

function onCurve(from: Point, [a, b]: readonly [Point, Point], to: Point, t: number): Point {
  const u = 1 - t;
  const at = (i: 0 | 1): number =>
    u * u * u * from[i] + 3 * u * u * t * a[i] + 3 * u * t * t * b[i] + t * t * t * to[i];
  return [at(0), at(1)];
}

function text([x, y]: Point): string {
  return `${round(x)},${round(y)}`;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
