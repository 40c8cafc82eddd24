/**
 * Panning and zooming, as numbers: how the drawing lies in the window that shows it.
 */
import type { ILayout, Point } from './layout';

/** Screen = drawing × scale + (x, y). */
export interface IViewport {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface ISize {
  readonly width: number;
  readonly height: number;
}

export interface INodeSize {
  readonly nodeWidth: number;
  readonly nodeHeight: number;
}

export const MIN_SCALE = 0.02;
export const MAX_SCALE = 3;
/**
 * Below this scale text is too small to read: it is left out, and a first look shows the beginning of
 * the graph rather than all of it.
 */
export const LEGIBLE = 0.7;
const MARGIN = 12;

/** All of the drawing, in the middle; never larger than life. */
export function fit(drawing: ISize, view: ISize): IViewport {
  const scale = clamp(
    Math.min(
      (view.width - 2 * MARGIN) / Math.max(drawing.width, 1),
      (view.height - 2 * MARGIN) / Math.max(drawing.height, 1),
      1
    )
  );
  return {
    scale,
    x: (view.width - drawing.width * scale) / 2,
    y: (view.height - drawing.height * scale) / 2
  };
}

/** The first look: all of it when that can be read, else `focus` in the middle, top first. */
export function firstLook(drawing: ISize, view: ISize, focus: Point): IViewport {
  const whole = fit(drawing, view);
  if (whole.scale >= LEGIBLE) {
    return whole;
  }
  const scale = LEGIBLE + (1 - LEGIBLE) / 2;
  const along = (size: number, room: number, at: number): number =>
    size * scale + 2 * MARGIN <= room
      ? (room - size * scale) / 2
      : Math.min(MARGIN, Math.max(room - size * scale - MARGIN, room / 2 - at * scale));
  return {
    scale,
    x: along(drawing.width, view.width, focus[0]),
    y: along(drawing.height, view.height, focus[1])
  };
}

/** Zoom by a factor with the point of the window under `at` staying where it is. */
export function zoom(view: IViewport, factor: number, at: Point): IViewport {
  const scale = clamp(view.scale * factor);
  const real = scale / view.scale;
  return { scale, x: at[0] - (at[0] - view.x) * real, y: at[1] - (at[1] - view.y) * real };
}

/** As near as is needed to read the node, in the middle. What can be read stays as it is. */
export function approach(view: IViewport, size: ISize, node: Point): IViewport {
  return view.scale >= LEGIBLE
    ? view
    : {
        scale: LEGIBLE,
        x: size.width / 2 - node[0] * LEGIBLE,
        y: size.height / 2 - node[1] * LEGIBLE
      };
}

/** Move as little as needed for a node to be seen whole. */
export function reveal(
  view: IViewport,
  size: ISize,
  node: Point,
  { nodeWidth, nodeHeight }: INodeSize
): IViewport {
  const along = (offset: number, room: number, middle: number, half: number): number => {
    const from = (middle - half) * view.scale + offset;
    const to = (middle + half) * view.scale + offset;
    if (from < MARGIN) {
      return offset + MARGIN - from;
    }
    return to > room - MARGIN ? offset + room - MARGIN - to : offset;
  };
  const x = along(view.x, size.width, node[0], nodeWidth / 2);
  const y = along(view.y, size.height, node[1], nodeHeight / 2);
  return x === view.x && y === view.y ? view : { ...view, x, y };
}

/** The borders of what an edge passes. */
export interface IBox {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The box of each edge, made once for a layout so that panning only compares. Without points it is nowhere. */
export function edgeBoxes(layout: ILayout): readonly IBox[] {
  return layout.edges.map(points => {
    const xs = points.map(([x]) => x);
    const ys = points.map(([, y]) => y);
    return {
      left: Math.min(...xs),
      top: Math.min(...ys),
      right: Math.max(...xs),
      bottom: Math.max(...ys)
    };
  });
}

/** The numbers of the nodes and of the edges that touch the window. */
export function visible(
  layout: ILayout,
  boxes: readonly IBox[],
  view: IViewport,
  size: ISize,
  { nodeWidth, nodeHeight }: INodeSize
): { readonly nodes: readonly number[]; readonly edges: readonly number[] } {
  const left = -view.x / view.scale - nodeWidth / 2;
  const top = -view.y / view.scale - nodeHeight / 2;
  const right = (size.width - view.x) / view.scale + nodeWidth / 2;
  const bottom = (size.height - view.y) / view.scale + nodeHeight / 2;
  const nodes: number[] = [];
  layout.nodes.forEach(([x, y], i) => {
    if (x >= left && x <= right && y >= top && y <= bottom) {
      nodes.push(i);
    }
  });
  const edges: number[] = [];
  boxes.forEach((box, i) => {
    if (box.right >= left && box.left <= right && box.bottom >= top && box.top <= bottom) {
      edges.push(i);
    }
  });
  return { nodes, edges };
}

export type Direction = 'up' | 'down' | 'left' | 'right';

/** The nearest node in a direction, by number; null when there is none. */
export function neighbour(nodes: readonly Point[], from: number, to: Direction): number | null {
  const start = nodes[from];
  if (start === undefined) {
    return null;
  }
  const vertical = to === 'up' || to === 'down';
  const sign = to === 'up' || to === 'left' ? -1 : 1;
  let best: number | null = null;
  let least = Infinity;
  nodes.forEach(([x, y], i) => {
    const ahead = sign * (vertical ? y - start[1] : x - start[0]);
    const aside = Math.abs(vertical ? x - start[0] : y - start[1]);
    // Left and right stay in the layer; up and down take the next layer first.
    if (ahead < 1 || (!vertical && aside > 1)) {
      return;
    }
    const cost = vertical ? ahead * 1000 + aside : ahead;
    if (cost < least) {
      least = cost;
      best = i;
    }
  });
  return best;
}

function clamp(scale: number): number {
  return Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale));
}
