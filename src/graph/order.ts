/**
 * What stands in each layer, the bends of long edges too, and the order there from which crossings are
 * reduced: as found by following edges, or as it was.
 */

export type Link = readonly [number, number];

/** So many bends at most: beyond, the longest edges run straight, behind what they pass. */
const MOST_BENDS = 60_000;
/** So many long edges from one node share a line. */
const HUB = 6;

export interface IBent {
  /** The layers; from the count of nodes on numbers are bends. */
  readonly layers: readonly (readonly number[])[];
  readonly down: readonly (readonly number[])[];
  /** For each link its bends from above; empty also for one that runs straight. */
  readonly chains: readonly (readonly number[])[];
}

/** The layers, with a bend of each long edge in each layer that it passes. */
export function bend(layerOf: readonly number[], pairs: readonly Link[]): IBent {
  const layers: number[][] = [];
  layerOf.forEach((layer, node) => {
    (layers[layer] ??= []).push(node);
  });
  const down: number[][] = layerOf.map(() => []);
  const chains: number[][] = pairs.map(() => []);
  const span = ([from, to]: Link): number => (layerOf[to] ?? 0) - (layerOf[from] ?? 0);
  let room = MOST_BENDS;
  const long = new Map<number, number>();
  for (const pair of pairs) {
    if (span(pair) > 1) {
      long.set(pair[0], (long.get(pair[0]) ?? 0) + 1);
    }
  }
  /** Of nodes that many use from afar: one line that all their edges follow as far as they go. */
  const trunks = new Map<number, number[]>();
  const add = (above: number, layer: number): number => {
    const node = down.push([]) - 1;
    layers[layer]?.push(node);
    down[above]?.push(node);
    return node;
  };
  const short = pairs
    .map((_, i) => i)
    .sort((a, b) => span(pairs[a] ?? [0, 0]) - span(pairs[b] ?? [0, 0]));
  for (const i of short) {
    const pair = pairs[i] ?? [0, 0];
    const [from, to] = pair;
    const first = (layerOf[from] ?? 0) + 1;
    const steps = span(pair) - 1;
    const hub = (long.get(from) ?? 0) >= HUB;
    const known = hub ? (trunks.get(from) ?? []) : [];
    room -= Math.max(0, steps - known.length);
    if (room < 0) {
      break;
    }
    const chain = known.slice(0, steps);
    while (chain.length < steps) {
      chain.push(add(chain.at(-1) ?? from, first + chain.length));
    }
    if (hub && chain.length > known.length) {
      trunks.set(from, chain);
    }
    chains[i] = chain;
    down[chain.at(-1) ?? from]?.push(to);
  }
  return { layers, down, chains };
}

/** Each layer in the order in which its nodes are found by following edges down. */
export function asFound(
  layers: readonly (readonly number[])[],
  down: readonly (readonly number[])[]
): number[][] {
  const layerOf = new Int32Array(down.length);
  layers.forEach((layer, i) => {
    for (const node of layer) {
      layerOf[node] = i;
    }
  });
  const found = new Uint8Array(down.length);
  const order: number[][] = layers.map(() => []);
  const stack = layers.flat().reverse();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (found[node] === 0) {
      found[node] = 1;
      order[layerOf[node] ?? 0]?.push(node);
      const below = down[node] ?? [];
      for (let k = below.length - 1; k >= 0; k--) {
        stack.push(below[k] ?? 0);
      }
    }
  }
  return order;
}

/**
 * Each layer in the order in which its nodes stood before. Bends stand on the line between the ends of
 * their edge, new nodes beside what they are tied to.
 */
export function asBefore(
  layers: readonly (readonly number[])[],
  pairs: readonly Link[],
  chains: readonly (readonly number[])[],
  before: readonly number[],
  size: number
): number[][] {
  const x = new Float64Array(size).fill(NaN);
  x.set(before);
  // A new node's neighbours may be new themselves: what is found in one round helps in the next.
  for (let round = 0; round < 3; round++) {
    const sum = new Float64Array(x.length);
    const known = new Int32Array(x.length);
    const tie = (node: number, to: number): void => {
      if (!Number.isNaN(x[to])) {
        sum[node] = (sum[node] ?? 0) + (x[to] ?? 0);
        known[node] = (known[node] ?? 0) + 1;
      }
    };
    for (const [from, to] of pairs) {
      tie(from, to);
      tie(to, from);
    }
    known.forEach((count, node) => {
      if (count > 0 && Number.isNaN(x[node])) {
        x[node] = (sum[node] ?? 0) / count;
      }
    });
  }
  pairs.forEach(([from, to], i) => {
    const chain = chains[i] ?? [];
    const start = x[from] ?? 0;
    const step = ((x[to] ?? 0) - start) / (chain.length + 1);
    chain.forEach((node, k) => {
      x[node] = start + step * (k + 1);
    });
  });
  const at = (node: number): number => {
    const place = x[node] ?? 0;
    return Number.isNaN(place) ? Infinity : place;
  };
  return layers.map(layer =>
    [...layer].sort((a, b) => {
      const [left, right] = [at(a), at(b)];
      return left === right ? a - b : left - right;
    })
  );
}
