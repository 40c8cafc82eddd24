import type { ILayout, Point } from '../layout';
import {
  approach,
  edgeBoxes,
  firstLook,
  LEGIBLE,
  fit,
  kept,
  lineAt,
  neighbour,
  nodeAt,
  reveal,
  visible,
  windowOf,
  zoom
} from '../viewport';

const NODE = { nodeWidth: 100, nodeHeight: 40 };
const VIEW = { width: 300, height: 200 };

/** Where a point of the drawing shows in the window. */
function shown(view: { x: number; y: number; scale: number }, [x, y]: Point): Point {
  return [x * view.scale + view.x, y * view.scale + view.y];
}

describe('viewport', () => {
  it('fits all of a large drawing, in the middle', () => {
    const view = fit({ width: 2000, height: 400 }, VIEW);
    const [left, top] = shown(view, [0, 0]);
    const [right, bottom] = shown(view, [2000, 400]);
    expect(left).toBeGreaterThanOrEqual(0);
    expect(right).toBeLessThanOrEqual(VIEW.width);
    expect(left).toBeCloseTo(VIEW.width - right);
    expect(top).toBeCloseTo(VIEW.height - bottom);
  });

  it('does not blow up a small drawing', () => {
    expect(fit({ width: 100, height: 40 }, VIEW).scale).toBe(1);
  });

  it('first shows a huge drawing legibly, with the focus in sight', () => {
    const focus: Point = [9000, 3000];
    const view = firstLook({ width: 18_000, height: 5000 }, VIEW, focus);
    expect(view.scale).toBeGreaterThanOrEqual(LEGIBLE);
    const [x, y] = shown(view, focus);
    expect(x).toBeGreaterThan(0);
    expect(x).toBeLessThan(VIEW.width);
    expect(y).toBeGreaterThan(0);
    expect(y).toBeLessThan(VIEW.height);
  });

  it('zooms about the point under the pointer', () => {
    const before = { x: 10, y: 20, scale: 1 };
    const after = zoom(before, 1.5, [110, 70]);
    expect(shown(after, [100, 50])).toEqual([110, 70]);
  });

  it('goes near enough to read a node, and stays where it can be read', () => {
    const far = approach({ x: 0, y: 0, scale: 0.1 }, VIEW, [2000, 1000]);
    expect(far.scale).toBe(LEGIBLE);
    expect(shown(far, [2000, 1000])).toEqual([VIEW.width / 2, VIEW.height / 2]);
    const near = { x: 5, y: 5, scale: LEGIBLE };
    expect(approach(near, VIEW, [2000, 1000])).toBe(near);
  });

  it('reveals a node with the least movement, and leaves a visible one alone', () => {
    const view = { x: 0, y: 0, scale: 1 };
    expect(reveal(view, VIEW, [150, 100], NODE)).toBe(view);
    const moved = reveal(view, VIEW, [400, 100], NODE);
    expect(moved.y).toBe(0);
    expect(shown(moved, [450, 100])[0]).toBeLessThanOrEqual(VIEW.width);
  });

  it('draws what touches the window and nothing else', () => {
    const layout: ILayout = {
      width: 1000,
      height: 1000,
      nodes: [
        [50, 20],
        [340, 20],
        [360, 20],
        [900, 900]
      ],
      edges: [
        [
          [50, 20],
          [900, 900]
        ],
        [
          [800, 20],
          [900, 900]
        ],
        []
      ]
    };
    expect(
      visible(layout, edgeBoxes(layout), windowOf({ x: 0, y: 0, scale: 1 }, VIEW), NODE)
    ).toEqual({
      nodes: [0, 1],
      edges: [0]
    });
  });

  it('walks along edges, and else to the nearest node on that side', () => {
    //   0   4
    //  1 2
    //   3
    const nodes: Point[] = [
      [50, 0],
      [0, 60],
      [110, 60],
      [50, 120],
      [170, 0]
    ];
    const links = [
      [0, 2],
      [2, 3]
    ] as const;
    expect(neighbour(nodes, links, 0, 'down')).toBe(2);
    expect(neighbour(nodes, [], 0, 'down')).toBe(3);
    expect(neighbour(nodes, links, 1, 'right')).toBe(2);
    expect(neighbour(nodes, links, 0, 'right')).toBe(4);
    expect(neighbour(nodes, links, 3, 'up')).toBe(2);
    expect(neighbour(nodes, links, 0, 'up')).toBeNull();
    expect(neighbour(nodes, links, 9, 'up')).toBeNull();
  });

  it('finds what is under the pointer', () => {
    const nodes: Point[] = [
      [50, 20],
      [250, 20]
    ];
    expect(nodeAt(nodes, [201, 30], NODE)).toBe(1);
    expect(nodeAt(nodes, [150, 30], NODE)).toBeNull();
    const lines: Point[][] = [
      [
        [50, 40],
        [50, 100],
        [90, 100]
      ],
      [
        [80, 40],
        [80, 90]
      ]
    ];
    const boxes = edgeBoxes({ edges: lines });
    expect(lineAt(lines, boxes, [53, 80], 5)).toBe(0);
    expect(lineAt(lines, boxes, [81, 91], 5)).toBe(1);
    expect(lineAt(lines, boxes, [65, 60], 5)).toBeNull();
  });

  it('never loses the drawing', () => {
    const drawing = { width: 1000, height: 1000 };
    const far = kept({ x: 5000, y: -5000, scale: 1 }, drawing, VIEW);
    expect(far.x).toBeLessThan(VIEW.width);
    expect(far.y + drawing.height).toBeGreaterThan(0);
    const near = { x: -100, y: -100, scale: 1 };
    expect(kept(near, drawing, VIEW)).toBe(near);
  });
});
