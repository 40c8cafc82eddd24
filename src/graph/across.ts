/**
 * Where the nodes of a layered drawing stand across: their order is given, their places are found.
 *
 * Each layer in turn is put as near as possible to what its nodes are tied to, which for one layer is
 * solved exactly: nodes that would overlap form a block, and a block stands at the mean of what its
 * nodes want. Long edges are then made straight where there is room.
 */

export interface ISpread {
  /** The nodes of each layer from left to right. Nodes are numbers from 0. */
  readonly layers: readonly (readonly number[])[];
  /** A node's neighbours one layer below. */
  readonly down: readonly (readonly number[])[];
  /** From here on numbers are bends: points of long edges, each with one edge up and perhaps several down. */
  readonly bends: number;
  /** How far apart a node's middle and its border are, with the gap that it keeps; of a bend likewise. */
  readonly half: number;
  readonly bendHalf: number;
  /** Where nodes stood before, and should still stand more or less; NaN for those that did not. */
  readonly before: Float64Array | null;
}

const SWEEPS = 12;
/** So strongly edges pull: from node to node, between a node and a bend, from bend to bend. */
const PULL = [1, 2, 8] as const;
/** How much more than all its edges together a node's former place holds it. */
const HOLD = 2;

/** The middle of each node and bend, from wherever the first stands. */
export function spread(drawing: ISpread): Float64Array {
  const { layers, down, bends, half, bendHalf, before } = drawing;
  const count = down.length;
  const up: number[][] = Array.from({ length: count }, () => []);
  down.forEach((below, node) => {
    for (const child of below) {
      up[child]?.push(node);
    }
  });
  const x = new Float64Array(count);
  const halfOf = (node: number): number => (node < bends ? half : bendHalf);
  for (const layer of layers) {
    let at = 0;
    for (const node of layer) {
      at += halfOf(node);
      x[node] = at;
      at += halfOf(node);
    }
    for (const node of layer) {
      x[node] = (x[node] ?? 0) - at / 2;
    }
  }
  if (before !== null) {
    centre(x, before);
  }

  const wanted = new Float64Array(count);
  const weight = new Float64Array(count);
  const settle = (
    layer: readonly number[],
    ways: readonly (readonly (readonly number[])[])[]
  ): void => {
    for (const node of layer) {
      let sum = 0;
      let pull = 0;
      for (const neighbours of ways) {
        for (const other of neighbours[node] ?? []) {
          const strength = PULL[Number(node >= bends) + Number(other >= bends)] ?? 1;
          sum += strength * (x[other] ?? 0);
          pull += strength;
        }
      }
      const held = before?.[node] ?? NaN;
      if (!Number.isNaN(held)) {
        const strength = HOLD * Math.max(pull, 1);
        sum += strength * held;
        pull += strength;
      }
      wanted[node] = pull > 0 ? sum / pull : (x[node] ?? 0);
      // Who is tied to nothing on that side gives way to everybody.
      weight[node] = pull > 0 ? pull : 0.01;
    }
    place(layer, halfOf, wanted, weight, x);
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    // By what is above, by what is below, and in the end by both.
    const last = sweep >= SWEEPS - 4;
    const downwards = sweep % 2 === 0;
    const ways = last ? [up, down] : [downwards ? up : down];
    for (let i = 0; i < layers.length; i++) {
      settle(layers[downwards ? i : layers.length - 1 - i] ?? [], ways);
    }
  }
  straighten(drawing, up, halfOf, x);
  return x;
}

/** Shift all so that who stood somewhere before stands there on average. */
function centre(x: Float64Array, before: Float64Array): void {
  let sum = 0;
  let known = 0;
  before.forEach((place, node) => {
    if (!Number.isNaN(place)) {
      sum += place - (x[node] ?? 0);
      known += 1;
    }
  });
  if (known > 0) {
    for (let node = 0; node < x.length; node++) {
      x[node] = (x[node] ?? 0) + sum / known;
    }
  }
}

/** Put a layer as near to what is wanted as its order and the gaps allow, in least squares. */
function place(
  layer: readonly number[],
  halfOf: (node: number) => number,
  wanted: Float64Array,
  weight: Float64Array,
  x: Float64Array
): void {
  // Without the room that nodes need, only the order is left: blocks of equal values.
  const means: number[] = [];
  const weights: number[] = [];
  const sizes: number[] = [];
  let offset = 0;
  layer.forEach((node, i) => {
    offset += i === 0 ? 0 : halfOf(layer[i - 1] ?? 0) + halfOf(node);
    let mean = (wanted[node] ?? 0) - offset;
    let mass = weight[node] ?? 1;
    let size = 1;
    while (means.length > 0 && (means.at(-1) ?? 0) > mean) {
      const other = weights.pop() ?? 0;
      mean = (mean * mass + (means.pop() ?? 0) * other) / (mass + other);
      mass += other;
      size += sizes.pop() ?? 0;
    }
    means.push(mean);
    weights.push(mass);
    sizes.push(size);
  });
  let at = 0;
  offset = 0;
  means.forEach((mean, block) => {
    for (const end = at + (sizes[block] ?? 0); at < end; at++) {
      const node = layer[at] ?? 0;
      offset += at === 0 ? 0 : halfOf(layer[at - 1] ?? 0) + halfOf(node);
      x[node] = mean + offset;
    }
  });
}

/** Draw the bends of a long edge, or part of them, in one line, as far as what is beside them lets. */
function straighten(
  { layers, down, bends }: ISpread,
  up: readonly (readonly number[])[],
  halfOf: (node: number) => number,
  x: Float64Array
): void {
  const left = new Int32Array(down.length).fill(-1);
  const right = new Int32Array(down.length).fill(-1);
  for (const layer of layers) {
    for (let i = 1; i < layer.length; i++) {
      left[layer[i] ?? 0] = layer[i - 1] ?? -1;
      right[layer[i - 1] ?? 0] = layer[i] ?? -1;
    }
  }
  const least = (node: number): number => {
    const other = left[node] ?? -1;
    return other < 0 ? -Infinity : (x[other] ?? 0) + halfOf(other) + halfOf(node);
  };
  const most = (node: number): number => {
    const other = right[node] ?? -1;
    return other < 0 ? Infinity : (x[other] ?? 0) - halfOf(other) - halfOf(node);
  };
  for (let first = bends; first < down.length; first++) {
    if ((up[first]?.[0] ?? bends) >= bends) {
      continue; // not the first of its edge
    }
    let chain: number[] = [];
    let [low, high] = [-Infinity, Infinity];
    const flush = (): void => {
      const mean = chain.reduce((sum, node) => sum + (x[node] ?? 0), 0) / chain.length;
      for (const node of chain) {
        x[node] = Math.min(high, Math.max(low, mean));
      }
    };
    for (let node = first; node >= bends; node = down[node]?.find(each => each >= bends) ?? -1) {
      const [from, to] = [Math.max(low, least(node)), Math.min(high, most(node))];
      if (from > to) {
        flush();
        chain = [node];
        [low, high] = [least(node), most(node)];
      } else {
        chain.push(node);
        [low, high] = [from, to];
      }
    }
    flush();
  }
}
