import { countCrossings, reduceCrossings } from '../crossing';
import { layersOf } from '../layers';
import { layout, type ILayout, type ILayoutInput } from '../layout';

const SIZE = { nodeWidth: 100, nodeHeight: 40, gapX: 10, gapY: 20 };

type Edges = ILayoutInput['edges'];

/** Layers of `width`, each node using two of the layer above: enough to pass every threshold. */
function woven(count: number, width: number): Edges {
  const edges: [number, number][] = [];
  for (let node = width; node < count; node++) {
    const above = node - width - (node % width);
    edges.push([above + (node % width), node], [above + ((node * 7 + 3) % width), node]);
  }
  return edges;
}

function overlaps({ nodes }: ILayout): number {
  const apart = (a: number, b: number, size: number): boolean => Math.abs(a - b) >= size - 1e-6;
  let found = 0;
  nodes.forEach(([x, y], i) => {
    for (const [otherX, otherY] of nodes.slice(i + 1)) {
      if (!apart(x, otherX, SIZE.nodeWidth) && !apart(y, otherY, SIZE.nodeHeight)) {
        found += 1;
      }
    }
  });
  return found;
}

/** How far the nodes of both drawings moved across, in the median, apart from all together. */
function moved(before: ILayout, after: ILayout): number {
  const middle = (values: number[]): number =>
    values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const steps = before.nodes.map(([x], i) => (after.nodes[i]?.[0] ?? 0) - x);
  const together = middle(steps);
  return middle(steps.map(step => Math.abs(step - together)));
}

function expectSound(input: ILayoutInput, drawing: ILayout): void {
  expect(drawing.nodes).toHaveLength(input.count);
  expect(overlaps(drawing)).toBe(0);
  for (const [x, y] of drawing.nodes) {
    expect(x).toBeGreaterThanOrEqual(SIZE.nodeWidth / 2 - 1e-6);
    expect(x).toBeLessThanOrEqual(drawing.width - SIZE.nodeWidth / 2 + 1e-6);
    expect(y).toBeLessThanOrEqual(drawing.height - SIZE.nodeHeight / 2 + 1e-6);
  }
}

describe('layout', () => {
  it('puts what is used above its user', () => {
    // 0 → 1 → 3, 0 → 2 → 3
    const edges: Edges = [
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 3]
    ];
    const input = { count: 4, edges, ...SIZE };
    const drawing = layout(input);
    expectSound(input, drawing);
    for (const [from, to] of edges) {
      expect(drawing.nodes[from]?.[1]).toBeLessThan(drawing.nodes[to]?.[1] ?? 0);
    }
    drawing.edges.forEach((points, i) => {
      expect(points[0]).toEqual(drawing.nodes[edges[i]?.[0] ?? -1]);
      expect(points.at(-1)).toEqual(drawing.nodes[edges[i]?.[1] ?? -1]);
    });
  });

  it.each([
    ['the exact operators', 40, 6],
    ['our operators', 300, 15],
    ['the widest', 2300, 60]
  ])('draws with %s without overlap, and the same each time', (_, count, width) => {
    const input = { count, edges: woven(count, width), ...SIZE };
    const drawing = layout(input);
    expectSound(input, drawing);
    expect(layout(input)).toEqual(drawing);
  });

  it('breaks a layer of a thousand into rows, in their order, above what uses them all', () => {
    // 0 → 1 … 1000 → 1001
    const middle = Array.from({ length: 1000 }, (_, i) => i + 1);
    const edges: Edges = middle.flatMap((node): Edges => [
      [0, node],
      [node, 1001]
    ]);
    const input = { count: 1002, edges, ...SIZE };
    const drawing = layout(input);
    expectSound(input, drawing);
    const { width, height, nodes } = drawing;
    expect(width / height).toBeGreaterThan(1);
    expect(width / height).toBeLessThan(2);
    const read = [...middle].sort((a, b) => {
      const [[ax, ay], [bx, by]] = [nodes[a] ?? [0, 0], nodes[b] ?? [0, 0]];
      return ay - by || ax - bx;
    });
    expect(read).toEqual(middle);
    for (const [from, to] of edges) {
      expect(nodes[from]?.[1]).toBeLessThan(nodes[to]?.[1] ?? 0);
    }
    expect(drawing.edges[1]).toEqual([nodes[1], nodes[1001]]);
  });

  it('runs to the right where that is asked for', () => {
    const edges: Edges = [
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 3]
    ];
    const {
      nodes,
      edges: lines,
      width,
      height
    } = layout({ count: 4, edges, ...SIZE, direction: 'right' });
    expect(width).toBeGreaterThan(height);
    for (const [from, to] of edges) {
      expect(nodes[from]?.[0]).toBeLessThan(nodes[to]?.[0] ?? 0);
    }
    expect(lines[0]).toEqual([nodes[0], nodes[1]]);
  });

  it('sets parts that nothing connects side by side', () => {
    // 0 → 2, 1 → 3, and six alone
    const edges: Edges = [
      [0, 2],
      [1, 3]
    ];
    const input = { count: 10, edges, ...SIZE };
    const drawing = layout(input);
    expectSound(input, drawing);
    expect(drawing.width / drawing.height).toBeLessThan(4);
    expect(drawing.nodes[0]?.[0]).toBe(drawing.nodes[2]?.[0]);
    expect(drawing.nodes[1]?.[0]).toBe(drawing.nodes[3]?.[0]);
  });

  it('moves little when a task comes to a drawing that is there', () => {
    const edges = woven(300, 15);
    const first = layout({ count: 300, edges, ...SIZE });
    const more: Edges = [...edges, [120, 300], [300, 290]];
    const before = [...first.nodes, null];
    const next = layout({ count: 301, edges: more, ...SIZE, before });
    expectSound({ count: 301, edges: more, ...SIZE }, next);
    const anew = layout({ count: 301, edges: more, ...SIZE });
    expect(moved(first, next)).toBeLessThan(SIZE.nodeWidth / 2);
    expect(moved(first, next)).toBeLessThan(moved(first, anew) / 3);
  });

  it('draws nothing, one task, and tasks without edges', () => {
    expect(layout({ count: 0, edges: [], ...SIZE })).toEqual({
      width: 0,
      height: 0,
      nodes: [],
      edges: []
    });
    for (const count of [1, 5, 100]) {
      const input = { count, edges: [], ...SIZE };
      expectSound(input, layout(input));
    }
  });

  it('draws a cycle, leaving out loops, repeats and edges to nowhere', () => {
    const edges: Edges = [
      [0, 1],
      [1, 2],
      [2, 0],
      [1, 1],
      [0, 1],
      [0, 9]
    ];
    const input = { count: 3, edges, ...SIZE };
    const drawing = layout(input);
    expectSound(input, drawing);
    // The edge that closes the cycle still runs from its source to its target.
    expect(drawing.edges[2]?.[0]).toEqual(drawing.nodes[2]);
    expect(drawing.edges[2]?.at(-1)).toEqual(drawing.nodes[0]);
    expect(drawing.edges.slice(3)).toEqual([[], [], []]);
  });
});

describe('layersOf', () => {
  it('pulls a source down to its only user', () => {
    // 0 → 1 → 2 → 4, 3 → 4
    expect(
      layersOf(5, [
        [0, 1],
        [1, 2],
        [2, 4],
        [3, 4]
      ])
    ).toEqual([0, 1, 2, 2, 3]);
  });

  it('never puts a user above what it uses', () => {
    const edges = woven(200, 9);
    const layers = layersOf(200, edges);
    for (const [from, to] of edges) {
      expect(layers[from]).toBeLessThan(layers[to] ?? 0);
    }
  });
});

describe('reduceCrossings', () => {
  it('untangles what can be untangled', () => {
    // 0 1 2     0 → 5, 1 → 4, 2 → 3: three crossings, none needed.
    // 3 4 5
    const down = [[5], [4], [3], [], [], []];
    const layers = [
      [0, 1, 2],
      [3, 4, 5]
    ];
    expect(countCrossings({ layers, down })).toBe(3);
    const better = reduceCrossings({ layers, down });
    expect(countCrossings({ layers: better, down })).toBe(0);
    expect(better.map(layer => [...layer].sort())).toEqual(layers);
  });

  it('counts as counting by hand does', () => {
    const down = [[4, 5], [3, 5], [3], [], [], []];
    const layers = [
      [0, 1, 2],
      [3, 4, 5]
    ];
    // 0-4 crosses 1-3 and 2-3; 0-5 crosses 1-3 and 2-3; 1-5 crosses 2-3.
    expect(countCrossings({ layers, down })).toBe(5);
  });
});
