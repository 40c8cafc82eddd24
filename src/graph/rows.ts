/**
 * Where nodes go when a layer is too wide to be seen at once: it is broken into rows.
 *
 * The drawing becomes about as high as it is wide. Edges run straight from node to node and may
 * pass behind others: with so many that is no worse than going round them.
 */
import type { ILayoutInput, Point } from './layout';

/** Layers with fewer nodes are never broken. */
const NARROW = 60;
/** Nor is a drawing that is not so many times wider than high. */
const BROAD = 25;
/** How much wider than high a drawing is meant to be. */
const ASPECT = 1.5;

type Sizes = Pick<ILayoutInput, 'nodeWidth' | 'nodeHeight' | 'gapX' | 'gapY'>;

/** Would the drawing be a strip, for one of its layers? `layers` has the layer of each node. */
export function isWide(
  layers: readonly number[],
  { nodeWidth, nodeHeight, gapX, gapY }: Sizes
): boolean {
  const found = byLayer(layers);
  const most = found.reduce((widest, layer) => Math.max(widest, layer.length), 0);
  const height = found.length * (nodeHeight + gapY);
  return most > NARROW && most * (nodeWidth + gapX) > BROAD * height;
}

/** The middle of each node. `links` are pairs of nodes whose second stands in a lower layer. */
export function rows(
  { nodeWidth, nodeHeight, gapX, gapY }: Sizes,
  layers: readonly number[],
  links: readonly (readonly [number, number])[]
): { readonly width: number; readonly height: number; readonly nodes: readonly Point[] } {
  const ordered = inOrder(byLayer(layers), links);
  const most = Math.max(...ordered.map(layer => layer.length));
  const [stepX, stepY] = [nodeWidth + gapX, nodeHeight + gapY];
  const columns = Math.max(1, Math.ceil(Math.sqrt((ASPECT * most * stepY) / stepX)));
  const nodes: Point[] = layers.map(() => [0, 0]);
  const width = columns * stepX - gapX;
  let top = 0;
  for (const layer of ordered) {
    for (let first = 0; first < layer.length; first += columns) {
      const row = layer.slice(first, first + columns);
      const left = (width - row.length * stepX + gapX) / 2;
      row.forEach((node, i) => {
        nodes[node] = [left + i * stepX + nodeWidth / 2, top + nodeHeight / 2];
      });
      top += stepY;
    }
    // Layers stand further apart than the rows of one.
    top += gapY;
  }
  return { width, height: top - 2 * gapY, nodes };
}

function byLayer(layers: readonly number[]): readonly (readonly number[])[] {
  const found: number[][] = [];
  layers.forEach((layer, node) => {
    (found[layer] ??= []).push(node);
  });
  return found;
}

/** Each layer by the mean place of what its nodes use; ties, and who uses nothing, by number. */
function inOrder(
  layers: readonly (readonly number[])[],
  links: readonly (readonly [number, number])[]
): readonly (readonly number[])[] {
  const up = new Map<number, number[]>();
  for (const [from, to] of links) {
    const parents = up.get(to);
    if (parents === undefined) {
      up.set(to, [from]);
    } else {
      parents.push(from);
    }
  }
  /** From 0 to 1 along the layer. */
  const place = new Map<number, number>();
  return layers.map(layer => {
    const wanted = new Map(
      layer.map((node, i) => {
        const parents = up.get(node) ?? [];
        const sum = parents.reduce((total, parent) => total + (place.get(parent) ?? 0), 0);
        return [node, parents.length > 0 ? sum / parents.length : i / layer.length];
      })
    );
    const sorted = [...layer].sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
    sorted.forEach((node, i) => {
      place.set(node, i / sorted.length);
    });
    return sorted;
  });
}
