/**
 * Where the nodes of a graph go: numbers in, numbers out.
 *
 * Layered, as one draws a pipeline by hand: what is used stands above its user, edges cross seldom and
 * run straight where they can. What nothing connects is laid out by itself and set side by side.
 *
 * Knows neither React nor Jupyter, so that it runs in a Web Worker, on the page or in a test.
 * Same input, same drawing.
 */
import { layered, layering } from './layered';
import type { Link } from './order';
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
  const layerOf = layering(count, part.pairs);
  if (isWide(layerOf, input)) {
    const { width, height, nodes } = rows(input, layerOf, part.pairs);
    const lines = part.pairs.map(pair => pair.map((node): Point => nodes[node] ?? [0, 0]));
    return { ...part, size: { width, height }, nodes, lines };
  }
  const { width, height, nodes, lines } = layered(
    {
      count,
      pairs: part.pairs,
      nodeWidth,
      nodeHeight,
      gapX,
      gapY,
      before: formerly(input, part.members)
    },
    layerOf
  );
  return { ...part, size: { width, height }, nodes, lines };
}

/** Where the part's nodes stood across before, NaN for new ones; null when too few did. */
function formerly({ before }: ILayoutInput, members: readonly number[]): readonly number[] | null {
  const across = members.map(node => before?.[node]?.[0] ?? NaN);
  const known = across.filter(x => !Number.isNaN(x)).length;
  return before !== undefined && known >= KNOWN * members.length ? across : null;
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
