/**
 * From one drawing to the next, step by step: what is in both moves to its new place.
 */
import type { ILayout, Point } from './layout';

/** For each node and edge of the new drawing its number in the old one; -1 for what was not there. */
export interface IPairing {
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
}

/** Which of the old drawing's things are which of the new one's, by their keys. */
export function pair(
  old: { readonly nodes: readonly string[]; readonly edges: readonly string[] },
  next: { readonly nodes: readonly string[]; readonly edges: readonly string[] }
): IPairing {
  const matched = (before: readonly string[], after: readonly string[]): readonly number[] => {
    const at = new Map(before.map((key, i) => [key, i]));
    return after.map(key => at.get(key) ?? -1);
  };
  return { nodes: matched(old.nodes, next.nodes), edges: matched(old.edges, next.edges) };
}

/**
 * The drawing at a time from 0 to 1. What is new stands at its place from the beginning, and so does an
 * edge that passes another number of layers, but for its ends.
 */
export function tween(from: ILayout, to: ILayout, which: IPairing, time: number): ILayout {
  const t = time * time * (3 - 2 * time); // slow, quick, slow
  const nodes = to.nodes.map((point, i) => between(from.nodes[which.nodes[i] ?? -1], point, t));
  const edges = to.edges.map((points, i) => {
    const old = from.edges[which.edges[i] ?? -1];
    return points.map((point, k) => {
      const before =
        old === undefined
          ? undefined
          : old.length === points.length
            ? old[k]
            : k === 0
              ? old[0]
              : k === points.length - 1
                ? old.at(-1)
                : undefined;
      return between(before, point, t);
    });
  });
  return { width: to.width, height: to.height, nodes, edges };
}

function between(from: Point | undefined, to: Point, t: number): Point {
  return from === undefined
    ? to
    : [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t];
}
