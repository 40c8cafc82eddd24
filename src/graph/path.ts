/**
 * The line of an edge: points in, an SVG path out.
 */
import type { Point } from './layout';

/**
 * A smooth line through the points, leaving and arriving straight down.
 *
 * `trim` is half the height of a node: the line starts and ends at a border instead of in a
 * middle, and runs straight down beside the nodes of the layers that it passes.
 */
export function edgePath(points: readonly Point[], trim: number): string {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length < 2) {
    return '';
  }
  const sign = Math.sign(last[1] - first[1]) || 1;
  const line: Point[] = [
    [first[0], first[1] + sign * trim],
    ...points.slice(1, -1).flatMap(([x, y]): Point[] => [
      [x, y - sign * trim],
      [x, y + sign * trim]
    ]),
    [last[0], last[1] - sign * trim]
  ];
  let [x, y] = line[0] ?? first;
  let path = `M${round(x)},${round(y)}`;
  for (const [nextX, nextY] of line.slice(1)) {
    const middle = (y + nextY) / 2;
    path +=
      nextX === x
        ? `V${round(nextY)}`
        : `C${round(x)},${round(middle)} ${round(nextX)},${round(middle)} ${round(nextX)},${round(nextY)}`;
    [x, y] = [nextX, nextY];
  }
  return path;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
