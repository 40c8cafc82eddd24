/**
 * One connected part of a graph in layers: drawn by d3-dag's `sugiyama`, with d3-dag's own operators
 * where those are quick enough and otherwise with ours, which know its nodes and dummies by numbers.
 */
import {
  coordQuad,
  decrossTwoLayer,
  graph,
  layeringSimplex,
  sugiyama,
  type Graph,
  type SugiNode
} from 'd3-dag';

import { spread } from './across';
import { countCrossings, reduceCrossings } from './crossing';
import { layersOf } from './layers';
import type { Point } from './layout';
import { asBefore, asFound, bend, type IBent, type Link } from './order';

export interface ILayeredPart {
  readonly count: number;
  /** From a node to its user, without cycles and without doubles. */
  readonly pairs: readonly Link[];
  readonly nodeWidth: number;
  readonly nodeHeight: number;
  readonly gapX: number;
  readonly gapY: number;
  /** Where nodes stood across before, NaN for new ones; null for a drawing that is made anew. */
  readonly before: readonly number[] | null;
}

export interface ILayeredDrawing {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly Point[];
  readonly lines: readonly (readonly Point[])[];
}

type Sugi = SugiNode<number, number>;
type Order = readonly (readonly number[])[];

/** Up to so many nodes, and so many nodes and bends, what is exact takes no time that one would notice. */
const PRETTY = 60;
const PRETTY_BENDS = 150;
/** With more nodes and dummies, one a layer for each long edge, d3-dag would take longer than all the rest. */
const FRAMED = 30_000;
/** Half the room across that a long edge keeps for itself. */
const BEND = 6;

/** The layer of each node. */
export function layering(count: number, pairs: readonly Link[]): readonly number[] {
  if (count > PRETTY) {
    return layersOf(count, pairs);
  }
  const drawing = framed(count, pairs);
  layeringSimplex()(drawing, (a, b) => (a === undefined || b === undefined ? 0 : 1));
  const layers = new Array<number>(count).fill(0);
  for (const node of drawing.nodes()) {
    layers[node.data] = Math.round(node.y);
  }
  const top = Math.min(...layers);
  return layers.map(layer => layer - top);
}

export function layered(part: ILayeredPart, layerOf: readonly number[]): ILayeredDrawing {
  const { count, pairs, nodeWidth, nodeHeight, gapX, gapY } = part;
  const bent = bend(layerOf, pairs);
  let x: ArrayLike<number> = [];
  const dummies = bent.chains.reduce((sum, chain) => sum + chain.length, 0);
  if (count + dummies > FRAMED) {
    x = places(part, bent, ordered(part, bent));
  } else {
    let order: Order = [];
    const numbers = new Map<Sugi, number>();
    sugiyama()
      // The gap is a part of the nodes: dummies keep another.
      .nodeSize([nodeWidth + gapX, nodeHeight] as const)
      .gap([0, gapY] as const)
      .layering((drawing: Graph<number, number>): number => {
        for (const node of drawing.nodes()) {
          node.y = layerOf[node.data] ?? 0;
        }
        return Math.max(...layerOf);
      })
      .decross((layers: Sugi[][]): void => {
        const members = numbered(layers, bent, layerOf, numbers);
        order = ordered(part, bent);
        const crossed = count <= PRETTY && countCrossings({ layers: order, down: bent.down }) > 0;
        if (crossed && part.before === null) {
          order = better(order, byTwoLayers(layers, numbers), bent);
        }
        order.forEach((layer, i) => {
          layers[i]?.splice(0, Infinity, ...layer.flatMap(each => members[each] ?? []));
        });
      })
      .coord((layers: Sugi[][]): number => {
        const exact = part.before === null && count <= PRETTY && bent.down.length <= PRETTY_BENDS;
        x = exact ? byQuad(layers, part, bent, numbers) : places(part, bent, order);
        return put(layers, x, part, numbers);
      })(framed(count, pairs, i => isBent(bent, layerOf, pairs, i)));
  }

  let [left, right] = [Infinity, -Infinity];
  for (let node = 0; node < bent.down.length; node++) {
    const reach = node < count ? nodeWidth / 2 : 0;
    left = Math.min(left, (x[node] ?? 0) - reach);
    right = Math.max(right, (x[node] ?? 0) + reach);
  }
  const at = (node: number, layer: number): Point => [
    (x[node] ?? 0) - left,
    layer * (nodeHeight + gapY) + nodeHeight / 2
  ];
  const nodes = layerOf.map((layer, node) => at(node, layer));
  const lines = pairs.map(([from, to], i) => {
    const first = layerOf[from] ?? 0;
    const bends = (bent.chains[i] ?? []).map((node, k) => at(node, first + 1 + k));
    return [nodes[from] ?? [0, 0], ...bends, nodes[to] ?? [0, 0]];
  });
  const height = bent.layers.length * (nodeHeight + gapY) - gapY;
  return { width: right - left, height, nodes, lines };
}

/** d3-dag's graph: nodes carry their number, links that of their pair. */
function framed(
  count: number,
  pairs: readonly Link[],
  wanted?: (pair: number) => boolean
): Graph<number, number> {
  const drawing = graph<number, number>();
  const nodes = Array.from({ length: count }, (_, i) => drawing.node(i));
  pairs.forEach(([from, to], i) => {
    const [a, b] = [nodes[from], nodes[to]];
    if (a !== undefined && b !== undefined && wanted?.(i) !== false) {
      drawing.link(a, b, i);
    }
  });
  return drawing;
}

/** Does an edge have all its bends? One that runs straight through layers is none of d3-dag's. */
function isBent(
  bent: IBent,
  layerOf: readonly number[],
  pairs: readonly Link[],
  i: number
): boolean {
  const [from, to] = pairs[i] ?? [0, 0];
  return (bent.chains[i]?.length ?? 0) === (layerOf[to] ?? 0) - (layerOf[from] ?? 0) - 1;
}

/** Note the number of each of d3-dag's nodes; by number, all that have it: dummies may share a line. */
function numbered(
  layers: readonly Sugi[][],
  { chains, down }: IBent,
  layerOf: readonly number[],
  numbers: Map<Sugi, number>
): readonly (readonly Sugi[])[] {
  const members: Sugi[][] = down.map(() => []);
  for (const sugi of layers.flat()) {
    const { data } = sugi;
    const found =
      data.role === 'node'
        ? data.node.data
        : chains[data.link.data]?.[data.layer - (layerOf[data.link.source.data] ?? 0) - 1];
    if (found !== undefined) {
      numbers.set(sugi, found);
      members[found]?.push(sugi);
    }
  }
  return members;
}

function ordered({ pairs, before }: ILayeredPart, { layers, down, chains }: IBent): Order {
  const start =
    before === null ? asFound(layers, down) : asBefore(layers, pairs, chains, before, down.length);
  return reduceCrossings({ layers: start, down }, before !== null);
}

function places(part: ILayeredPart, { down }: IBent, layers: Order): ArrayLike<number> {
  const { count: bends, before } = part;
  const held = before === null ? null : new Float64Array(down.length).fill(NaN);
  held?.set(before ?? []);
  return spread({ layers, down, bends, half: room(0, part), bendHalf: BEND, before: held });
}

/** The order that d3-dag finds by itself. */
function byTwoLayers(layers: readonly Sugi[][], numbers: ReadonlyMap<Sugi, number>): Order {
  const own = layers.map(layer => [...layer]);
  decrossTwoLayer()(own);
  return own.map(layer => [...new Set(layer.map(sugi => numbers.get(sugi) ?? 0))]);
}

function better(one: Order, other: Order, { down }: IBent): Order {
  return countCrossings({ layers: other, down }) < countCrossings({ layers: one, down })
    ? other
    : one;
}

/** Exact places: as straight as the order lets edges be. */
function byQuad(
  layers: Sugi[][],
  part: ILayeredPart,
  { down }: IBent,
  numbers: ReadonlyMap<Sugi, number>
): ArrayLike<number> {
  const numberOf = (sugi: unknown): number | undefined => numbers.get(sugi as Sugi);
  coordQuad()(layers, (a, b) => {
    const [left, right] = [numberOf(a), numberOf(b)];
    return left === right ? 0 : room(left, part) + room(right, part);
  });
  // Dummies that share a line stand beside each other: in one place they are no nearer to others.
  const [sum, size] = [new Float64Array(down.length), new Float64Array(down.length)];
  for (const [sugi, i] of numbers) {
    sum[i] = (sum[i] ?? 0) + sugi.x;
    size[i] = (size[i] ?? 0) + 1;
  }
  return sum.map((total, i) => total / Math.max(1, size[i] ?? 1));
}

/** Tell d3-dag the places; how wide the drawing is. */
function put(
  layers: readonly Sugi[][],
  x: ArrayLike<number>,
  part: ILayeredPart,
  numbers: ReadonlyMap<Sugi, number>
): number {
  let [left, right] = [Infinity, -Infinity];
  for (const sugi of layers.flat()) {
    const i = numbers.get(sugi);
    sugi.x = x[i ?? 0] ?? 0;
    left = Math.min(left, sugi.x - room(i, part));
    right = Math.max(right, sugi.x + room(i, part));
  }
  for (const sugi of layers.flat()) {
    sugi.x -= left;
  }
  return right - left;
}

/** Half of what a node or a bend takes up across; nothing for the border. */
function room(i: number | undefined, { count, nodeWidth, gapX }: ILayeredPart): number {
  return i === undefined ? 0 : i < count ? (nodeWidth + gapX) / 2 : BEND;
}
