/**
 * Fewer edge crossings in a layered drawing, fast enough for thousands of nodes.
 *
 * The order within each layer is improved by sweeps: a node moves to the mean place of its
 * neighbours in the layer above, then below; then neighbours change places where that helps.
 * The best order seen is kept. Same input, same order.
 */

/** Fewer numbers are sorted by inserting them, which takes less time than calling what sorts many. */
const FEW = 24;

/** A drawing in layers. Nodes are numbers from 0; `down` are a node's neighbours one layer below. */
export interface ILayered {
  readonly layers: readonly (readonly number[])[];
  readonly down: readonly (readonly number[])[];
}

/** So many edges may be looked at in all passes together, and so many passes there are at least, at most. */
const WORK = 60_000;
const [FEWEST, MOST] = [8, 300];
/** After so many passes that did not help the best order is shaken, so that another may be found. */
const PATIENCE = 4;
/** How far it is shaken by turns, in parts of a layer: near orders for large drawings, far ones for small. */
const SHAKES = [0.2, 1.5] as const;
/** Rounds of exchanging neighbours in one visit to a layer. */
const EXCHANGES = 3;
/** Rounds through a drawing that is settled. */
const SETTLING = 8;

/**
 * The layers with their nodes in a better order. In a `settled` drawing nodes only change places
 * with who stands beside them, and only where that helps: who knew it finds everything again.
 */
export function reduceCrossings(drawing: ILayered, settled = false): number[][] {
  const down = new Neighbours(drawing.down);
  const up = down.turned();
  const place = new Int32Array(drawing.down.length);
  const mean = new Float64Array(drawing.down.length);
  let order = drawing.layers.map(layer => [...layer]);
  for (const layer of order) {
    note(layer, place);
  }
  if (settled) {
    for (let round = 0; round < SETTLING && exchange(order, up, down, place); round++) {}
    return order;
  }
  let best = order;
  let fewest = crossings(order, down, place);
  let patience = PATIENCE;
  const passes = Math.min(MOST, Math.max(FEWEST, Math.floor(WORK / (down.nodes.length + 1))));
  for (let pass = 0; pass < passes && fewest > 0; pass++) {
    if (patience === 0) {
      order = best.map(layer => shaken(layer, pass));
      for (const layer of order) {
        note(layer, place);
      }
      patience = PATIENCE;
    } else {
      order = order.map(layer => [...layer]);
    }
    for (let i = 1; i < order.length; i++) {
      sortByMean(order[i] ?? [], up, place, mean);
    }
    for (let i = order.length - 2; i >= 0; i--) {
      sortByMean(order[i] ?? [], down, place, mean);
    }
    exchange(order, up, down, place);
    const count = crossings(order, down, place);
    patience = count < fewest ? PATIENCE : patience - 1;
    if (count < fewest) {
      fewest = count;
      best = order;
    }
  }
  return best;
}

/** A layer in nearly the same order; which one follows from the seed. */
function shaken(layer: readonly number[], seed: number): number[] {
  const far = (SHAKES[seed % SHAKES.length] ?? 1) * layer.length;
  return layer
    .map((node, i) => {
      const mixed = Math.imul(node + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
      const chance = (Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 0) / 2 ** 32;
      return { node, at: i + far * (chance - 0.5) };
    })
    .sort((a, b) => a.at - b.at)
    .map(({ node }) => node);
}

/** How many pairs of edges cross. */
export function countCrossings({ layers, down }: ILayered): number {
  const place = new Int32Array(down.length);
  for (const layer of layers) {
    note(layer, place);
  }
  return crossings(layers, new Neighbours(down), place);
}

/** Lists of neighbours in one array: node `i` has those from `start[i]` to before `start[i + 1]`. */
class Neighbours {
  constructor(lists: readonly (readonly number[])[]) {
    this.start = new Int32Array(lists.length + 1);
    lists.forEach((list, node) => {
      this.start[node + 1] = (this.start[node] ?? 0) + list.length;
    });
    this.nodes = Int32Array.from(lists.flat());
    this.ends = new Int32Array(this.nodes.length);
  }

  /** The same edges, seen from their other end. */
  turned(): Neighbours {
    const lists: number[][] = Array.from({ length: this.start.length - 1 }, () => []);
    for (let node = 0; node + 1 < this.start.length; node++) {
      for (let k = this.start[node] ?? 0; k < (this.start[node + 1] ?? 0); k++) {
        lists[this.nodes[k] ?? 0]?.push(node);
      }
    }
    return new Neighbours(lists);
  }

  /** Write the places of a node's neighbours into `ends`, in order. */
  sortEnds(node: number, place: Int32Array): void {
    const from = this.start[node] ?? 0;
    const to = this.start[node + 1] ?? 0;
    const few = to - from < FEW;
    for (let k = from; k < to; k++) {
      const end = place[this.nodes[k] ?? 0] ?? 0;
      let at = k;
      for (; few && at > from && (this.ends[at - 1] ?? 0) > end; at--) {
        this.ends[at] = this.ends[at - 1] ?? 0;
      }
      this.ends[at] = end;
    }
    if (!few) {
      this.ends.subarray(from, to).sort();
    }
  }

  /** Crossings of the edges of two nodes when the first stands left of the second. */
  between(left: number, right: number): number {
    const leftTo = this.start[left + 1] ?? 0;
    const rightFrom = this.start[right] ?? 0;
    const rightTo = this.start[right + 1] ?? 0;
    let found = 0;
    let passed = rightFrom;
    for (let k = this.start[left] ?? 0; k < leftTo; k++) {
      const end = this.ends[k] ?? 0;
      while (passed < rightTo && (this.ends[passed] ?? 0) < end) {
        passed += 1;
      }
      found += passed - rightFrom;
    }
    return found;
  }

  readonly start: Int32Array;
  readonly nodes: Int32Array;
  readonly ends: Int32Array;
}

function note(layer: readonly number[], place: Int32Array): void {
  for (let i = 0; i < layer.length; i++) {
    place[layer[i] ?? 0] = i;
  }
}

/** O(e log v), by counting inversions in a Fenwick tree. */
function crossings(
  layers: readonly (readonly number[])[],
  down: Neighbours,
  place: Int32Array
): number {
  let total = 0;
  for (let i = 0; i + 1 < layers.length; i++) {
    const width = layers[i + 1]?.length ?? 0;
    const tree = new Int32Array(width + 1);
    let seen = 0;
    for (const node of layers[i] ?? []) {
      down.sortEnds(node, place);
      const from = down.start[node] ?? 0;
      const to = down.start[node + 1] ?? 0;
      for (let k = from; k < to; k++) {
        let notRightOf = 0;
        for (let at = (down.ends[k] ?? 0) + 1; at > 0; at -= at & -at) {
          notRightOf += tree[at] ?? 0;
        }
        total += seen - notRightOf;
      }
      for (let k = from; k < to; k++) {
        for (let at = (down.ends[k] ?? 0) + 1; at <= width; at += at & -at) {
          tree[at] = (tree[at] ?? 0) + 1;
        }
      }
      seen += to - from;
    }
  }
  return total;
}

/** Sort a layer by the mean place of its neighbours. Nodes without neighbours keep their slot. */
function sortByMean(
  layer: number[],
  { start, nodes }: Neighbours,
  place: Int32Array,
  mean: Float64Array
): void {
  const slots: number[] = [];
  const moving: number[] = [];
  for (let i = 0; i < layer.length; i++) {
    const node = layer[i] ?? 0;
    const from = start[node] ?? 0;
    const to = start[node + 1] ?? 0;
    if (to > from) {
      let sum = 0;
      for (let k = from; k < to; k++) {
        sum += place[nodes[k] ?? 0] ?? 0;
      }
      slots.push(i);
      moving.push(node);
      mean[node] = sum / (to - from);
    }
  }
  moving.sort((a, b) => (mean[a] ?? 0) - (mean[b] ?? 0)); // stable: ties keep their order
  for (let i = 0; i < slots.length; i++) {
    const [slot, node] = [slots[i] ?? 0, moving[i] ?? 0];
    layer[slot] = node;
    place[node] = slot;
  }
}

/** Let neighbours change places where that saves crossings. Did it? */
function exchange(order: number[][], up: Neighbours, down: Neighbours, place: Int32Array): boolean {
  let helped = false;
  for (const layer of order) {
    // The layers above and below stand still meanwhile.
    for (const node of layer) {
      up.sortEnds(node, place);
      down.sortEnds(node, place);
    }
    for (let round = 0, better = true; better && round < EXCHANGES; round++) {
      better = false;
      for (let i = 0; i + 1 < layer.length; i++) {
        const left = layer[i] ?? 0;
        const right = layer[i + 1] ?? 0;
        const now = up.between(left, right) + down.between(left, right);
        if (now > 0 && up.between(right, left) + down.between(right, left) < now) {
          layer[i] = right;
          layer[i + 1] = left;
          better = true;
          helped = true;
        }
      }
    }
    note(layer, place);
  }
  return helped;
}
