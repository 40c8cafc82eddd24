/**
 * Where the nodes of a graph go: numbers in, numbers out.
 *
 * Layered, as one draws a pipeline by hand: what is used stands above its user, edges cross seldom and
 * run straight where they can. What nothing connects is laid out by itself and set side by side.
 *
 * Knows neither React nor Jupyter, so that it runs in a Web Worker, on the page or in a test.
 * Same input, same drawing.
 */
import { spread } from './across';
import { reduceCrossings } from './crossing';
import { layersOf } from './layers';
import { pack, type IBoxed } from './pack';
import { isWide, rows } from './rows';

export interface ILayoutInput {
  /** How many nodes there are; they go by their number from 0, in a stable order. */
  readonly count: number;
  /** From a node to the one that depends on it. Loops and edges to nowhere are left out. */
  readonly edges: readonly (readonly [number, number])[];
  readonly nodeWidth: number;
  readonly nodeHeight: number;
  readonly gapX: number;
  readonly gapY: number;
  /** Which way edges run; down unless told. */
  readonly direction?: Direction;
  /** The middle of each node in the drawing before, as far as it was there: it should move little. */
  readonly before?: readonly (Point | null)[];
}

export type Point = readonly [number, number];

export type Direction = 'down' | 'right';

export interface ILayout {
  readonly width: number;
  readonly height: number;
  /** The middle of each node. */
  readonly nodes: readonly Point[];
  /** For each edge of the input the points it passes; empty for one that was left out. */
  readonly edges: readonly (readonly Point[])[];
}

type Link = readonly [number, number];

/** Half the room across that a long edge keeps for itself. */
const BEND = 6;
/** So many bends at most: beyond, the longest edges run straight, behind what they pass. */
const MOST_BENDS = 60_000;
/** So many long edges from one node share a line. */
const HUB = 6;
/** With fewer of its nodes known from before, a drawing is made anew. */
const KNOWN = 0.5;

export function layout(input: ILayoutInput): ILayout {
  return input.direction === 'right' ? turned(drawn(downwards(input))) : drawn(input);
}

/** The drawing that is to run to the right, as one that runs down. */
function downwards(input: ILayoutInput): ILayoutInput {
  const before = input.before?.map(point => (point === null ? null : swapped(point)));
  return {
    count: input.count,
    edges: input.edges,
    nodeWidth: input.nodeHeight,
    nodeHeight: input.nodeWidth,
    gapX: input.gapY,
    gapY: input.gapX,
    ...(before === undefined ? {} : { before })
  };
}

/** A drawing with its axes exchanged. */
function turned({ width, height, nodes, edges }: ILayout): ILayout {
  return {
    width: height,
    height: width,
    nodes: nodes.map(swapped),
    edges: edges.map(line => line.map(swapped))
  };
}

function swapped([x, y]: Point): Point {
  return [y, x];
}

function drawn(input: ILayoutInput): ILayout {
  const { count, edges } = input;
  const turned = backward(count, edges);
  const kept = new Map<number, number>();
  edges.forEach(([from, to], i) => {
    const [source, target] = turned.has(i) ? [to, from] : [from, to];
    const inside = Math.min(from, to) >= 0 && Math.max(from, to) < count;
    const key = source * count + target;
    if (inside && source !== target && !kept.has(key)) {
      kept.set(key, i);
    }
  });
  const links = [...kept.values()].map((i): Link => {
    const [from, to] = edges[i] ?? [0, 0];
    return turned.has(i) ? [to, from] : [from, to];
  });
  const parts = apart(count, links).map(part => drawPart(input, part));
  const corners = pack(
    parts.map(({ size }) => size),
    2 * input.gapX,
    input.gapY
  );
  const nodes: Point[] = Array.from({ length: count }, () => [0, 0]);
  const points: (readonly Point[])[] = edges.map(() => []);
  const numbers = [...kept.values()];
  parts.forEach((part, i) => {
    const [left, top] = corners.at[i] ?? [0, 0];
    const moved = ([x, y]: Point): Point => [x + left, y + top];
    part.members.forEach((node, k) => {
      nodes[node] = moved(part.nodes[k] ?? [0, 0]);
    });
    part.links.forEach((link, k) => {
      const number = numbers[link] ?? 0;
      const line = (part.lines[k] ?? []).map(moved);
      points[number] = turned.has(number) ? line.reverse() : line;
    });
  });
  return { width: corners.width, height: corners.height, nodes, edges: points };
}

interface IPart {
  /** Its nodes' numbers. */
  readonly members: readonly number[];
  /** The numbers of its links, and the links in its own numbers. */
  readonly links: readonly number[];
  readonly pairs: readonly Link[];
}

interface IDrawnPart extends IPart {
  readonly size: IBoxed;
  readonly nodes: readonly Point[];
  readonly lines: readonly (readonly Point[])[];
}

/** The connected parts of a graph, large ones first, otherwise by their first node. */
function apart(count: number, links: readonly Link[]): readonly IPart[] {
  const leader = Int32Array.from({ length: count }, (_, node) => node);
  const find = (node: number): number => {
    let at = node;
    while (leader[at] !== at) {
      leader[at] = leader[leader[at] ?? at] ?? at;
      at = leader[at] ?? at;
    }
    return at;
  };
  for (const [from, to] of links) {
    const [a, b] = [find(from), find(to)];
    leader[Math.max(a, b)] = Math.min(a, b);
  }
  const parts = new Map<number, { members: number[]; links: number[]; pairs: Link[] }>();
  const own = new Int32Array(count);
  for (let node = 0; node < count; node++) {
    const first = find(node);
    const part = parts.get(first) ?? { members: [], links: [], pairs: [] };
    parts.set(first, part);
    own[node] = part.members.push(node) - 1;
  }
  links.forEach(([from, to], i) => {
    const part = parts.get(find(from));
    part?.links.push(i);
    part?.pairs.push([own[from] ?? 0, own[to] ?? 0]);
  });
  return [...parts.values()].sort((a, b) => b.members.length - a.members.length);
}

function drawPart(input: ILayoutInput, part: IPart): IDrawnPart {
  const { nodeWidth, nodeHeight, gapX, gapY } = input;
  const count = part.members.length;
  if (count === 1) {
    const nodes: Point[] = [[nodeWidth / 2, nodeHeight / 2]];
    return { ...part, size: { width: nodeWidth, height: nodeHeight }, nodes, lines: [] };
  }
  const layerOf = layersOf(count, part.pairs);
  if (isWide(layerOf, input)) {
    const { width, height, nodes } = rows(input, layerOf, part.pairs);
    const lines = part.pairs.map(pair => pair.map((node): Point => nodes[node] ?? [0, 0]));
    return { ...part, size: { width, height }, nodes, lines };
  }
  const { layers, down, chains } = bend(layerOf, part.pairs);
  const before = formerly(input, part.members, down.length);
  const start =
    before === null ? asFound(layers, down) : asBefore(layers, part.pairs, chains, before);
  const order = reduceCrossings({ layers: start, down }, before !== null);
  const half = nodeWidth / 2 + gapX / 2;
  const x = spread({ layers: order, down, bends: count, half, bendHalf: BEND, before });
  let [left, right] = [Infinity, -Infinity];
  x.forEach((middle, node) => {
    const reach = node < count ? nodeWidth / 2 : 0;
    left = Math.min(left, middle - reach);
    right = Math.max(right, middle + reach);
  });
  const at = (node: number, layer: number): Point => [
    (x[node] ?? 0) - left,
    layer * (nodeHeight + gapY) + nodeHeight / 2
  ];
  const nodes = part.members.map((_, node) => at(node, layerOf[node] ?? 0));
  const lines = part.pairs.map(([from, to], i) => {
    const first = layerOf[from] ?? 0;
    const bends = (chains[i] ?? []).map((node, k) => at(node, first + 1 + k));
    return [nodes[from] ?? [0, 0], ...bends, nodes[to] ?? [0, 0]];
  });
  const height = layers.length * (nodeHeight + gapY) - gapY;
  return { ...part, size: { width: right - left, height }, nodes, lines };
}

/** The layers, with a bend of each long edge in each layer that it passes. */
function bend(
  layerOf: readonly number[],
  pairs: readonly Link[]
): {
  readonly layers: number[][];
  readonly down: number[][];
  /** For each link its bends from above; empty also for one that runs straight. */
  readonly chains: readonly (readonly number[])[];
} {
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
function asFound(
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

/** Where the part's nodes stood across before, NaN for bends and new ones; null when too few did. */
function formerly(
  { before }: ILayoutInput,
  members: readonly number[],
  size: number
): Float64Array | null {
  if (before === undefined) {
    return null;
  }
  const across = new Float64Array(size).fill(NaN);
  let known = 0;
  members.forEach((node, i) => {
    const point = before[node] ?? null;
    if (point !== null) {
      across[i] = point[0];
      known += 1;
    }
  });
  return known >= KNOWN * members.length ? across : null;
}

/**
 * Each layer in the order in which its nodes stood before. Bends stand on the line between the ends of
 * their edge, new nodes beside what they are tied to.
 */
function asBefore(
  layers: readonly (readonly number[])[],
  pairs: readonly Link[],
  chains: readonly (readonly number[])[],
  before: Float64Array
): number[][] {
  const x = before.slice();
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

/** The edges that close a cycle, found depth first: turned round, the rest has none. */
function backward(count: number, edges: ILayoutInput['edges']): ReadonlySet<number> {
  const out: number[][] = Array.from({ length: count }, () => []);
  edges.forEach(([from], i) => out[from]?.push(i));
  const state = new Uint8Array(count); // 0 unseen, 1 on the path, 2 done
  const found = new Set<number>();
  for (let root = 0; root < count; root++) {
    if (state[root] !== 0) {
      continue;
    }
    const path: { node: number; next: number }[] = [{ node: root, next: 0 }];
    state[root] = 1;
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const edge = out[top.node]?.[top.next++];
      if (edge === undefined) {
        state[top.node] = 2;
        path.pop();
        continue;
      }
      const child = edges[edge]?.[1] ?? -1;
      if (state[child] === 1) {
        found.add(edge);
      } else if (state[child] === 0) {
        state[child] = 1;
        path.push({ node: child, next: 0 });
      }
    }
  }
  return found;
}
