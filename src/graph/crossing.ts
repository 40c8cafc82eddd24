/**
 * Fewer edge crossings in a layered drawing, fast enough for thousands of nodes.
 *
 * The order within each layer is improved by sweeps: a node moves to the mean place of its
 * neighbours in the layer above, then below; then neighbours change places where that helps.
 * The best order seen is kept. Same input, same order.
 */

/** A drawing in layers. Nodes are numbers from 0; `down` are a node's neighbours one layer below. */
export interface ILayered {
  readonly layers: readonly (readonly number[])[];
  readonly down: readonly (readonly number[])[];
}

const PASSES = 8;
/** Stop after so many passes that did not help. */
const PATIENCE = 3;
/** Rounds of exchanging neighbours in one pass. */
const EXCHANGES = 3;

/** The layers with their nodes in a better order. */
export function reduceCrossings({ layers, down }: ILayered): number[][] {
  const up: number[][] = down.map(() => []);
  down.forEach((below, node) => {
    for (const child of below) {
      up[child]?.push(node);
    }
  });
  const place = new Int32Array(down.length);
  let order = layers.map(layer => [...layer]);
  order.forEach(layer => {
    note(layer, place);
  });
  let best = order;
  let fewest = countCrossings({ layers: order, down });
  let patience = PATIENCE;
  for (let pass = 0; pass < PASSES && fewest > 0 && patience > 0; pass++) {
    order = order.map(layer => [...layer]);
    for (let i = 1; i < order.length; i++) {
      order[i] = byMean(order[i] ?? [], up, place);
    }
    for (let i = order.length - 2; i >= 0; i--) {
      order[i] = byMean(order[i] ?? [], down, place);
    }
    exchange(order, up, down, place);
    const crossings = countCrossings({ layers: order, down });
    if (crossings < fewest) {
      fewest = crossings;
      best = order;
      patience = PATIENCE;
    } else {
      patience -= 1;
    }
  }
  return best;
}

/** How many pairs of edges cross. O(e log v), by counting inversions in a Fenwick tree. */
export function countCrossings({ layers, down }: ILayered): number {
  const place = new Int32Array(down.length);
  layers.forEach(layer => {
    note(layer, place);
  });
  let total = 0;
  layers.forEach((layer, i) => {
    const width = layers[i + 1]?.length ?? 0;
    const tree = new Int32Array(width + 1);
    let seen = 0;
    for (const node of layer) {
      const ends = (down[node] ?? []).map(child => place[child] ?? 0);
      for (const end of ends) {
        let notRightOf = 0;
        for (let k = end + 1; k > 0; k -= k & -k) {
          notRightOf += tree[k] ?? 0;
        }
        total += seen - notRightOf;
      }
      for (const end of ends) {
        for (let k = end + 1; k <= width; k += k & -k) {
          tree[k] = (tree[k] ?? 0) + 1;
        }
      }
      seen += ends.length;
    }
  });
  return total;
}

function note(layer: readonly number[], place: Int32Array): void {
  layer.forEach((node, i) => {
    place[node] = i;
  });
}

/** Sort a layer by the mean place of its neighbours. Nodes without neighbours keep their slot. */
function byMean(
  layer: readonly number[],
  neighbours: readonly (readonly number[])[],
  place: Int32Array
): number[] {
  const mean = new Map<number, number>();
  for (const node of layer) {
    const around = neighbours[node] ?? [];
    if (around.length > 0) {
      mean.set(node, around.reduce((sum, other) => sum + (place[other] ?? 0), 0) / around.length);
    }
  }
  const moving = layer
    .filter(node => mean.has(node))
    .sort((a, b) => (mean.get(a) ?? 0) - (mean.get(b) ?? 0)); // stable: ties keep their order
  let next = 0;
  const sorted = layer.map(node => (mean.has(node) ? (moving[next++] ?? node) : node));
  note(sorted, place);
  return sorted;
}

function exchange(
  order: number[][],
  up: readonly (readonly number[])[],
  down: readonly (readonly number[])[],
  place: Int32Array
): void {
  for (let round = 0, better = true; better && round < EXCHANGES; round++) {
    better = false;
    for (const layer of order) {
      for (let i = 0; i + 1 < layer.length; i++) {
        const left = layer[i] ?? 0;
        const right = layer[i + 1] ?? 0;
        const now = between(left, right, up, place) + between(left, right, down, place);
        const then = between(right, left, up, place) + between(right, left, down, place);
        if (then < now) {
          layer[i] = right;
          layer[i + 1] = left;
          place[right] = i;
          place[left] = i + 1;
          better = true;
        }
      }
    }
  }
}

/** Crossings between the edges of two nodes when the first stands left of the second. */
function between(
  left: number,
  right: number,
  neighbours: readonly (readonly number[])[],
  place: Int32Array
): number {
  let crossings = 0;
  for (const a of neighbours[left] ?? []) {
    for (const b of neighbours[right] ?? []) {
      if ((place[a] ?? 0) > (place[b] ?? 0)) {
        crossings += 1;
      }
    }
  }
  return crossings;
}
