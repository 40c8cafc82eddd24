/**
 * Which layer each node goes to: as high as what it uses allows, then pulled down within its
 * slack where that makes edges shorter. Linear in practice, where an exact answer is not.
 */

/** Rounds of pulling; later ones hardly move anything. */
const ROUNDS = 8;

/** The layer of each node, from 0 without gaps. The edges must not form a cycle. */
export function layersOf(
  count: number,
  edges: readonly (readonly [number, number])[]
): readonly number[] {
  const up: number[][] = Array.from({ length: count }, () => []);
  const down: number[][] = Array.from({ length: count }, () => []);
  for (const [from, to] of edges) {
    down[from]?.push(to);
    up[to]?.push(from);
  }
  const order = sorted(up, down);
  const layer = new Array<number>(count).fill(0);
  const highest = (node: number): number =>
    (up[node] ?? []).reduce((most, parent) => Math.max(most, (layer[parent] ?? 0) + 1), 0);
  const lowest = (node: number): number =>
    (down[node] ?? []).reduce((least, child) => Math.min(least, (layer[child] ?? 0) - 1), Infinity);
  for (const node of order) {
    layer[node] = highest(node);
  }
  for (let round = 0, moved = true; moved && round < ROUNDS; round++) {
    moved = false;
    // From below, so that a whole branch can follow its last node.
    for (const node of round % 2 === 0 ? [...order].reverse() : order) {
      const pull = (down[node]?.length ?? 0) - (up[node]?.length ?? 0);
      const to = pull > 0 ? lowest(node) : pull < 0 ? highest(node) : (layer[node] ?? 0);
      if (to !== layer[node] && Number.isFinite(to)) {
        layer[node] = to;
        moved = true;
      }
    }
  }
  const used = [...new Set(layer)].sort((a, b) => a - b);
  const place = new Map(used.map((each, i) => [each, i]));
  return layer.map(each => place.get(each) ?? 0);
}

/** The nodes with what each uses before it, otherwise by number. */
function sorted(
  up: readonly (readonly number[])[],
  down: readonly (readonly number[])[]
): readonly number[] {
  const missing = up.map(parents => parents.length);
  const order = missing.flatMap((count, node) => (count === 0 ? [node] : []));
  for (const node of order) {
    // What becomes ready is put at the end of what is walked.
    for (const child of down[node] ?? []) {
      missing[child] = (missing[child] ?? 0) - 1;
      if (missing[child] === 0) {
        order.push(child);
      }
    }
  }
  return order;
}
