/**
 * Panning and zooming, as numbers: how the drawing lies in the window that shows it.
 */
import type { Direction, ILayout, Point } from './layout';

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
export function edgeBoxes(layout: Pick<ILayout, 'edges'>): readonly IBox[] {
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

/** The numbers of the nodes and of the edges that touch a part of the drawing. */
export function visible(
  layout: ILayout,
  boxes: readonly IBox[],
  part: IBox,
  { nodeWidth, nodeHeight }: INodeSize
): { readonly nodes: readonly number[]; readonly edges: readonly number[] } {
  const left = part.left - nodeWidth / 2;
  const top = part.top - nodeHeight / 2;
  const right = part.right + nodeWidth / 2;
  const bottom = part.bottom + nodeHeight / 2;
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

/** Where an arrow key leads. */
export type Arrow = 'up' | 'down' | 'left' | 'right';

/**
 * The node that an arrow key leads to, by number; null when there is none. In the way of edges along
 * one of them where one leads there, else to the nearest node; across it to the next of the layer.
 */
export function neighbour(
  nodes: readonly Point[],
  links: readonly (readonly [number, number])[],
  from: number,
  to: Arrow,
  way: Direction = 'down'
): number | null {
  const start = nodes[from];
  if (start === undefined) {
    return null;
  }
  const vertical = to === 'up' || to === 'down';
  const sign = to === 'up' || to === 'left' ? -1 : 1;
  const lengthwise = vertical === (way === 'down');
  const tied = new Set(links.flatMap(([a, b]) => (a === from ? [b] : b === from ? [a] : [])));
  let best: number | null = null;
  let least = Infinity;
  nodes.forEach(([x, y], i) => {
    const ahead = sign * (vertical ? y - start[1] : x - start[0]);
    const aside = Math.abs(vertical ? x - start[0] : y - start[1]);
    const inLine = aside < 1;
    const far = !tied.has(i) && !inLine && aside > 2 * ahead + NEAR;
    if (ahead < 1 || far || (!lengthwise && !inLine)) {
      return;
    }
    const cost = (tied.has(i) ? 0 : 1e6) + ahead + (inLine ? 0 : 3 * aside);
    if (cost < least) {
      least = cost;
      best = i;
    }
  });
  return best;
}

/** How far aside of an arrow's way a node may stand that no edge leads to. */
const NEAR = 120;

/** The node at a point of the drawing, by number; null for none. */
export function nodeAt(
  nodes: readonly Point[],
  [x, y]: Point,
  { nodeWidth, nodeHeight }: INodeSize
): number | null {
  const found = nodes.findIndex(
    ([left, top]) => Math.abs(left - x) <= nodeWidth / 2 && Math.abs(top - y) <= nodeHeight / 2
  );
  return found < 0 ? null : found;
}

/** The line that passes nearest to a point, no further away than `reach`; null for none. */
export function lineAt(
  lines: readonly (readonly Point[])[],
  boxes: readonly IBox[],
  [x, y]: Point,
  reach: number
): number | null {
  let best: number | null = null;
  let least = reach;
  boxes.forEach((box, i) => {
    if (
      x < box.left - reach ||
      x > box.right + reach ||
      y < box.top - reach ||
      y > box.bottom + reach
    ) {
      return;
    }
    const line = lines[i] ?? [];
    for (let k = 1; k < line.length; k++) {
      const [ax, ay] = line[k - 1] ?? [0, 0];
      const [bx, by] = line[k] ?? [0, 0];
      const [dx, dy] = [bx - ax, by - ay];
      const length = dx * dx + dy * dy;
      const t =
        length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length));
      const far = Math.hypot(ax + t * dx - x, ay + t * dy - y);
      if (far < least) {
        least = far;
        best = i;
      }
    }
  });
  return best;
}

/** The point of the drawing that shows at a point of the window. */
export function unproject({ x, y, scale }: IViewport, [left, top]: Point): Point {
  return [(left - x) / scale, (top - y) / scale];
}

/** What of the drawing shows in the window. */
export function windowOf(view: IViewport, { width, height }: ISize): IBox {
  const [left, top] = unproject(view, [0, 0]);
  const [right, bottom] = unproject(view, [width, height]);
  return { left, top, right, bottom };
}

/** The drawing does not leave the window: some of it stays in sight. */
export function kept(view: IViewport, drawing: ISize, size: ISize): IViewport {
  const along = (offset: number, length: number, room: number): number => {
    const least = Math.min(room / 2, KEEP) - length * view.scale;
    const most = room - Math.min(room / 2, KEEP);
    return Math.min(most, Math.max(least, offset));
  };
  const x = along(view.x, drawing.width, size.width);
  const y = along(view.y, drawing.height, size.height);
  return x === view.x && y === view.y ? view : { ...view, x, y };
}

/** So much of the drawing stays in sight. */
const KEEP = 60;

function clamp(scale: number): number {
  return Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale));
}
