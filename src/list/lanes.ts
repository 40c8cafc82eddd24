/**
 * Where the arcs beside the list run: numbers only.
 *
 * Edges that leave one task, or arrive at one, share a line: a *bus*, as in a drawing of git's history.
 * A bus stands in a lane, lane 0 beside the rows. Two buses never touch in a lane, but for the last one
 * where there are more buses than lanes: that one is shared, and says so (`shared`).
 */

/** An edge of the list: rows of what is used and of what uses it. */
export type RowEdge = readonly [number, number];

export interface IBus {
  readonly lane: number;
  /** Positions at which it meets rows, ascending: see `leaving` and `arriving`. */
  readonly ends: readonly number[];
  /** The row where all its edges begin or end. */
  readonly hub: number;
  /** Do all its edges leave the hub? Else all arrive there. */
  readonly leaves: boolean;
}

export interface ILanes {
  /** How many lanes there are, the shared one included. */
  readonly count: number;
  /** How many buses had to share the outermost lane. */
  readonly shared: number;
  readonly buses: readonly IBus[];
  /** The bus of each edge, in the order of the edges; -1 for one that begins and ends in one row. */
  readonly busOf: readonly number[];
}

/**
 * A row has two places where arcs meet it: above its middle they arrive, below it they leave. So a lane
 * can be taken over by the next bus within a row.
 */
export function arriving(row: number): number {
  return 2 * row;
}

export function leaving(row: number): number {
  return 2 * row + 1;
}

/** Give every edge a lane; `most` of them, at least one. */
export function lanes(edges: readonly RowEdge[], most: number): ILanes {
  const { spans, busOf } = bundle(edges);
  // Short ones inside cross few others, but may need more lanes than there have to be. By their
  // beginning they need the fewest that can be had.
  const inside = assign(spans, most, (a, b) => length(a) - length(b) || first(a) - first(b));
  const dense = assign(spans, most, (a, b) => first(a) - first(b) || length(b) - length(a));
  const best =
    inside.shared !== dense.shared
      ? inside.shared < dense.shared
        ? inside
        : dense
      : crossings(inside.buses) <= crossings(dense.buses)
        ? inside
        : dense;
  return { ...best, busOf };
}

/** How often the way from a lane to a row passes over another bus. */
export function crossings(buses: readonly IBus[]): number {
  const byLane: IBus[][] = [];
  for (const bus of buses) {
    (byLane[bus.lane] ??= []).push(bus);
  }
  for (const lane of byLane) {
    lane.sort((a, b) => first(a) - first(b));
  }
  let found = 0;
  for (const bus of buses) {
    for (const end of bus.ends) {
      for (let lane = 0; lane < bus.lane; lane++) {
        const other = lastBefore(byLane[lane] ?? [], end);
        found += other !== undefined && last(other) > end ? 1 : 0;
      }
    }
  }
  return found;
}

/** The last bus of a lane that begins before the position. */
function lastBefore(lane: readonly IBus[], position: number): IBus | undefined {
  let low = 0;
  let high = lane.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const bus = lane[middle];
    if (bus !== undefined && first(bus) < position) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return lane[low - 1];
}

type Span = Omit<IBus, 'lane'>;

/** Edges share the bus of that end which has more of them. */
function bundle(edges: readonly RowEdge[]): {
  readonly spans: readonly Span[];
  readonly busOf: readonly number[];
} {
  const out = new Map<number, number>();
  const into = new Map<number, number>();
  const real = edges.filter(([from, to]) => from !== to);
  for (const [from, to] of real) {
    out.set(from, (out.get(from) ?? 0) + 1);
    into.set(to, (into.get(to) ?? 0) + 1);
  }
  const numbers = new Map<number, number>();
  const members: { hub: number; leaves: boolean; ends: Set<number> }[] = [];
  const busOf = edges.map(([from, to]) => {
    if (from === to) {
      return -1;
    }
    const leaves = (out.get(from) ?? 0) >= (into.get(to) ?? 0);
    const hub = leaves ? from : to;
    const key = leaves ? leaving(from) : arriving(to);
    const number = numbers.get(key) ?? members.length;
    numbers.set(key, number);
    const bus = (members[number] ??= { hub, leaves, ends: new Set() });
    bus.ends.add(leaving(from)).add(arriving(to));
    return number;
  });
  return {
    spans: members.map(bus => ({ ...bus, ends: [...bus.ends].sort((a, b) => a - b) })),
    busOf
  };
}

/** Each span, in the given order, into the innermost lane that is free; the rest share the last. */
function assign(
  spans: readonly Span[],
  most: number,
  order: (a: Span, b: Span) => number
): Omit<ILanes, 'busOf'> {
  const taken: Span[][] = [];
  const laneOf = new Map<Span, number>();
  const left: Span[] = [];
  const fits = (lane: readonly Span[], span: Span): boolean =>
    lane.every(other => last(other) < first(span) || first(other) > last(span));
  for (const span of [...spans].sort(order)) {
    let lane = 0;
    while (lane < taken.length && !fits(taken[lane] ?? [], span)) {
      lane++;
    }
    if (lane < most) {
      (taken[lane] ??= []).push(span);
      laneOf.set(span, lane);
    } else {
      left.push(span);
    }
  }
  // Who has the outermost lane to itself no longer has, when others must share it.
  const alone = left.length === 0 ? [] : (taken[most - 1] ?? []);
  return {
    count: taken.length,
    shared: left.length === 0 ? 0 : left.length + alone.length,
    buses: spans.map(span => ({ ...span, lane: laneOf.get(span) ?? most - 1 }))
  };
}

function first(span: Span): number {
  return span.ends[0] ?? 0;
}

function last(span: Span): number {
  return span.ends[span.ends.length - 1] ?? 0;
}

function length(span: Span): number {
  return last(span) - first(span);
}
