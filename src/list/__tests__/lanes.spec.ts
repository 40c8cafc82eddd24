import { arcs, arcsOf, gutterWidth } from '../arcs';
import { arriving, crossings, lanes, leaving, type ILanes, type RowEdge } from '../lanes';

/** Numbers that look random and are the same each time. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function someGraph(rows: number, count: number, roll: (below: number) => number): RowEdge[] {
  const edges = new Map<string, RowEdge>();
  for (let i = 0; i < count; i++) {
    const to = 1 + roll(rows - 1);
    const from = Math.max(0, to - 1 - roll(Math.min(to, 1 + roll(rows))));
    edges.set(`${String(from)} ${String(to)}`, [from, to]);
  }
  return [...edges.values()];
}

function span(ends: readonly number[]): [number, number] {
  return [ends[0] ?? NaN, ends[ends.length - 1] ?? NaN];
}

/** The most buses that are side by side at one place. */
function depth({ buses }: ILanes): number {
  return Math.max(
    0,
    ...buses.map(({ ends: [at = 0] }) => {
      return buses.filter(bus => {
        const [from, to] = span(bus.ends);
        return from <= at && to >= at;
      }).length;
    })
  );
}

describe('Lanes', () => {
  it('a chain needs one lane', () => {
    // 0 → 1 → 2 → 3
    const chain = lanes(
      [
        [0, 1],
        [1, 2],
        [2, 3]
      ],
      5
    );
    expect(chain.count).toBe(1);
    expect(crossings(chain.buses)).toBe(0);
  });

  it('what leaves one task shares a lane, and so does what arrives at one', () => {
    // 0 → 1, 2, 3; and all three → 4
    const diamond = lanes(
      [
        [0, 1],
        [0, 2],
        [0, 3],
        [1, 4],
        [2, 4],
        [3, 4]
      ],
      5
    );
    expect(diamond.count).toBe(2);
    expect(diamond.buses.map(bus => bus.ends)).toEqual([
      [leaving(0), arriving(1), arriving(2), arriving(3)],
      [leaving(1), leaving(2), leaving(3), arriving(4)]
    ]);
  });

  it('a short edge runs inside of a long one', () => {
    const { buses, busOf } = lanes(
      [
        [0, 9],
        [3, 4]
      ],
      5
    );
    expect(busOf.map(i => buses[i]?.lane)).toEqual([1, 0]);
    expect(crossings(buses)).toBe(0);
  });

  it('whatever the graph: every edge is on its bus, and nothing overlaps but in the shared lane', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const roll = dice(seed);
      const edges = someGraph(2 + roll(40), roll(120), roll);
      // Sorted by name, tasks may stand above what they use.
      const turned = edges.map(([a, b]): RowEdge =>
        seed % 3 === 0 && a % 2 === 0 ? [b, a] : [a, b]
      );
      const most = 1 + roll(8);
      const found = lanes(turned, most);
      expect(found.count).toBeLessThanOrEqual(most);

      turned.forEach(([from, to], i) => {
        const ends = found.buses[found.busOf[i] ?? -1]?.ends;
        expect(ends).toContain(leaving(from));
        expect(ends).toContain(arriving(to));
      });

      const last = found.count - 1;
      found.buses.forEach((bus, i) => {
        if (found.shared > 0 && bus.lane === last) {
          return;
        }
        const [from, to] = span(bus.ends);
        for (const other of found.buses.slice(i + 1)) {
          const [first, end] = span(other.ends);
          expect(other.lane === bus.lane && first <= to && end >= from).toBe(false);
        }
      });

      // None is shared for want of a better order.
      expect(found.shared > 0).toBe(depth(found) > most);
      if (found.shared > 0) {
        expect(found.buses.filter(bus => bus.lane === last)).toHaveLength(found.shared);
      }
    }
  });
});

describe('Arcs', () => {
  const room = { rowHeight: 26, width: 40, pitch: 7, window: [0, 100] as const };

  it('are drawn where they touch the window, and nowhere else', () => {
    const edges: RowEdge[] = Array.from({ length: 999 }, (_, i) => [i, i + 1]);
    edges.push([0, 999]);
    const found = lanes(edges, 5);
    const some = arcs(found, { ...room, window: [500, 520] });
    // Twenty rows: theirs, one that comes in and one that leads out, and what passes by.
    expect(some.length).toBeLessThan(25);
    expect(some.map(arc => arc.bus)).toContain(found.busOf[999]);
    const numbers = some.flatMap(({ path }) =>
      [...path.matchAll(/M\S+ (\S+?)[VHq]/g)].map(match => Number(match[1]))
    );
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(499 * 26);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(521 * 26);
  });

  it('of chosen edges are only their part of the bus', () => {
    const edges: RowEdge[] = [
      [0, 1],
      [0, 5],
      [0, 9]
    ];
    const found = lanes(edges, 5);
    const [whole] = arcs(found, room);
    const [part] = arcsOf([1], edges, found, room);
    expect(whole?.tips.match(/M/g)).toHaveLength(3);
    expect(part?.tips.match(/M/g)).toHaveLength(1);
    expect(part?.path).toContain(`V${String(5 * 26 + 13 - 3 - 5)}`);
  });

  it('that have no lane of their own say so', () => {
    const edges: RowEdge[] = [
      [0, 5],
      [1, 6],
      [2, 7]
    ];
    expect(arcs(lanes(edges, 2), room).map(arc => arc.shared)).toContain(true);
    expect(arcs(lanes(edges, 3), room).map(arc => arc.shared)).not.toContain(true);
    expect(gutterWidth(0, 7)).toBeLessThan(gutterWidth(1, 7));
  });
});
