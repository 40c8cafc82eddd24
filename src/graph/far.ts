/**
 * The graph from far away, on a canvas: boxes and lines without words, thousands of them in a frame.
 */
import type { ILayout } from './layout';
import type { INodeSize, ISize, IViewport } from './viewport';

/** What is painted: made once for a drawing and its states, used for every frame. */
export interface IScene {
  readonly layout: ILayout;
  readonly node: INodeSize;
  /** Boxes of one colour each. */
  readonly boxes: readonly { readonly colour: string; readonly nodes: readonly number[] }[];
  /** Lines of one colour each, those above others last. */
  readonly lines: readonly {
    readonly colour: string;
    readonly path: Path2D;
    readonly width: number;
    readonly dim: boolean;
  }[];
  readonly dim: (node: number) => boolean;
}

const DIM = 0.22;

/** Paint the scene as the view shows it. Sizes are in CSS pixels; `ratio` is how many real ones they have. */
export function paint(
  context: CanvasRenderingContext2D,
  scene: IScene,
  view: IViewport,
  size: ISize,
  ratio: number
): void {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, size.width * ratio, size.height * ratio);
  context.setTransform(
    ratio * view.scale,
    0,
    0,
    ratio * view.scale,
    ratio * view.x,
    ratio * view.y
  );
  for (const { colour, path, width, dim } of scene.lines) {
    context.globalAlpha = dim ? 0.3 : 0.75;
    context.strokeStyle = colour;
    context.lineWidth = width / view.scale;
    context.stroke(path);
  }
  context.globalAlpha = 1;
  const { nodeWidth, nodeHeight } = scene.node;
  const left = -view.x / view.scale - nodeWidth;
  const top = -view.y / view.scale - nodeHeight;
  const right = left + size.width / view.scale + 2 * nodeWidth;
  const bottom = top + size.height / view.scale + 2 * nodeHeight;
  for (const { colour, nodes } of scene.boxes) {
    context.fillStyle = colour;
    for (const node of nodes) {
      const [x, y] = scene.layout.nodes[node] ?? [NaN, NaN];
      if (x > left && x < right && y > top && y < bottom) {
        context.globalAlpha = scene.dim(node) ? DIM : 1;
        context.fillRect(x - nodeWidth / 2, y - nodeHeight / 2, nodeWidth, nodeHeight);
      }
    }
  }
  context.globalAlpha = 1;
}
