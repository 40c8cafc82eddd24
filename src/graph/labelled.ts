/**
 * Where on its link a label stands, and what of it is said: numbers and texts, nothing drawn.
 */
import type { IArrangement } from './arrange';
import type { Direction, Point } from './layout';
import { LABEL_LETTER } from './sizes';

export type End = 'source' | 'middle' | 'target';

/** So far from the border of a node the middle of a label is: an arrow's head is there. */
const OFF = 16;

/** The end of each link where fewer others are: there labels do not get in each other's way. */
export function labelEnds(links: IArrangement['edges']): readonly End[] {
  const begins = new Map<number, number>();
  const ends = new Map<number, number>();
  for (const { from, to } of links) {
    begins.set(from, (begins.get(from) ?? 0) + 1);
    ends.set(to, (ends.get(to) ?? 0) + 1);
  }
  return links.map(({ from, to }) => {
    const [out, into] = [begins.get(from) ?? 0, ends.get(to) ?? 0];
    return out === into ? 'middle' : out > into ? 'target' : 'source';
  });
}

/** The middle of a label on a line; null where there is no line. */
export function labelAt(line: readonly Point[], end: End, way: Direction): Point | null {
  const [first, last] = [line[0], line.at(-1)];
  if (first === undefined || last === undefined) {
    return null;
  }
  if (end === 'middle') {
    // A line through several layers bends in between: the middle of its points is on it.
    return line.length > 2
      ? (line[Math.floor(line.length / 2)] ?? null)
      : [(first[0] + last[0]) / 2, (first[1] + last[1]) / 2];
  }
  const [[x, y], sign] = end === 'source' ? [first, 1] : [last, -1];
  return way === 'down' ? [x, y + sign * OFF] : [x + sign * OFF, y];
}

/** The first label that is no wider than a node; '' for none. */
export function fitting(labels: readonly string[], width: number): string {
  return labels.find(label => label.length * LABEL_LETTER <= width) ?? '';
}
