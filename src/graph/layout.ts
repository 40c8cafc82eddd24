/**
 * Where the nodes of a graph go: numbers in, numbers out.
 *
 * Knows neither React nor Jupyter, so that it runs in a Web Worker, on the page or in a test.
 * Same input, same drawing.
 */
import {
  coordCenter,
  coordGreedy,
  coordQuad,
  graph,
  layeringSimplex,
  sugiyama,
  type Graph,
  type SugiNode
} from 'd3-dag';

import { reduceCrossings } from './crossing';
import { layersOf } from './layers';
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
}

export type Point = readonly [number, number];

export interface ILayout {
  readonly width: number;
  readonly height: number;
  /** The middle of each node. */
  readonly nodes: readonly Point[];
  /** For each edge of the input the points it passes; empty for one that was left out. */
  readonly edges: readonly (readonly Point[])[];
}

// Up to here the slow and pretty operators are quick enough; above, straight lines cost too much.
const PRETTY = 60;
const STRAIGHT = 2000;

export function layout(input: ILayoutInput): ILayout {
  const { count, edges, nodeWidth, nodeHeight, gapX, gapY } = input;
  if (count === 0) {
    return { width: 0, height: 0, nodes: [], edges: edges.map(() => []) };
  }
  const drawing = graph<number, number>();
  const nodes = Array.from({ length: count }, (_, i) => drawing.node(i));
  const turned = backward(count, edges);
  const drawn = new Map<string, number>();
  edges.forEach(([from, to], i) => {
    const [source, target] = turned.has(i) ? [to, from] : [from, to];
    const key = `${String(source)} ${String(target)}`;
    const a = nodes[source];
    const b = nodes[target];
    if (a !== undefined && b !== undefined && a !== b && !drawn.has(key)) {
      drawn.set(key, i);
      drawing.link(a, b, i);
    }
  });
  const links = [...drawing.links()].map(
    ({ source, target }) => [source.data, target.data] as const
  );
  const layers = layersOf(count, links);
  if (isWide(layers)) {
    return inRows(input, layers, links, [...drawn.values()]);
  }
  const base = sugiyama()
    .nodeSize([nodeWidth, nodeHeight] as const)
    .gap([gapX, gapY] as const);
  // What is exact draws small graphs best; what is quick draws large ones at all.
  const size =
    count <= PRETTY
      ? base.layering(layeringSimplex()).coord(coordQuad())(drawing)
      : base
          .layering(layering)
          .decross(decross)
          .coord(count <= STRAIGHT ? coordGreedy() : coordCenter())(drawing);
  const points: Point[][] = edges.map(() => []);
  for (const link of drawing.links()) {
    const passed = link.points.map(([x, y]): Point => [x, y]);
    points[link.data] = turned.has(link.data) ? passed.reverse() : passed;
  }
  return {
    width: size.width,
    height: size.height,
    nodes: nodes.map(({ x, y }): Point => [x, y]),
    edges: points
  };
}

/** A drawing with rows. `drawn` are the edges that are not left out. */
function inRows(
  input: ILayoutInput,
  layers: readonly number[],
  links: readonly (readonly [number, number])[],
  drawn: readonly number[]
): ILayout {
  const { width, height, nodes } = rows(input, layers, links);
  const edges: Point[][] = input.edges.map(() => []);
  for (const edge of drawn) {
    edges[edge] = (input.edges[edge] ?? []).flatMap(node => {
      const at = nodes[node];
      return at === undefined ? [] : [at];
    });
  }
  return { width, height, nodes, edges };
}

/** Our layers in the shape that d3-dag wants. */
function layering(drawing: Graph<number, number>): number {
  const nodes = [...drawing.nodes()];
  const number = new Map(nodes.map((node, i) => [node, i]));
  const layers = layersOf(
    nodes.length,
    [...drawing.links()].map(
      ({ source, target }) => [number.get(source) ?? 0, number.get(target) ?? 0] as const
    )
  );
  nodes.forEach((node, i) => {
    node.y = layers[i] ?? 0;
  });
  return Math.max(...layers);
}

/** Our crossing reduction in the shape that d3-dag wants. */
function decross(layers: SugiNode<number, number>[][]): void {
  const all = layers.flat();
  const number = new Map(all.map((node, i) => [node, i]));
  const down = all.map(node => [...node.children()].map(child => number.get(child) ?? 0));
  const order = reduceCrossings({
    layers: layers.map(layer => layer.map(node => number.get(node) ?? 0)),
    down
  });
  order.forEach((layer, i) => {
    layers[i]?.splice(0, layer.length, ...layer.flatMap(node => all[node] ?? []));
  });
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
