/**
 * The arcs of the gutter as SVG path data: lanes and a window in, strings out.
 */
import { arriving, leaving, type ILanes, type IBus, type RowEdge } from './lanes';

export interface IArcRoom {
  readonly rowHeight: number;
  /** Where the arcs meet the rows, from the left. */
  readonly width: number;
  /** Between two lanes. */
  readonly pitch: number;
  /** The rows to draw, from the first to before the last. */
  readonly window: readonly [number, number];
}

/** One line of the gutter, without and with what is to be seen first. */
export interface IArc {
  readonly bus: number;
  readonly path: string;
  /** The tips of its arrows. */
  readonly tips: string;
  /** Is the lane shared with others? */
  readonly shared: boolean;
}

/** How far a corner is round. */
const CORNER = 5;
/** Arriving and leaving arcs meet a row so far from its middle. */
const APART = 3;
/** Half the height of an arrow's tip, and its length. */
const TIP = [2.5, 4] as const;

/** The left edge of the innermost lane lies so far left of the rows. */
export const INNER = 10;

export function gutterWidth(count: number, pitch: number): number {
  return count === 0 ? 4 : INNER + (count - 1) * pitch + 6;
}

/** The arcs that touch the window. */
export function arcs(lanes: ILanes, room: IArcRoom): readonly IArc[] {
  return lanes.buses.flatMap((bus, i) => arcOf(bus, i, bus.ends, lanes, room) ?? []);
}

/** Only these edges, each with its part of the bus. */
export function arcsOf(
  chosen: readonly number[],
  edges: readonly RowEdge[],
  lanes: ILanes,
  room: IArcRoom
): readonly IArc[] {
  const ends = new Map<number, Set<number>>();
  for (const i of chosen) {
    const [from, to] = edges[i] ?? [0, 0];
    const bus = lanes.busOf[i] ?? -1;
    if (bus >= 0) {
      const all = ends.get(bus) ?? new Set<number>();
      ends.set(bus, all.add(leaving(from)).add(arriving(to)));
    }
  }
  return [...ends].flatMap(([i, some]) => {
    const bus = lanes.buses[i];
    const sorted = [...some].sort((a, b) => a - b);
    return bus === undefined ? [] : (arcOf(bus, i, sorted, lanes, room) ?? []);
  });
}

function arcOf(
  { lane, hub, leaves }: IBus,
  bus: number,
  ends: readonly number[],
  { count, shared }: ILanes,
  room: IArcRoom
): IArc | null {
  const { rowHeight, width, pitch } = room;
  const [top, bottom] = [2 * room.window[0], 2 * room.window[1] - 1];
  const [head = 0, tail = 0] = [ends[0], ends[ends.length - 1]];
  if (tail < top || head > bottom) {
    return null;
  }
  const x = width - INNER - lane * pitch;
  const hubEnd = leaves ? leaving(hub) : arriving(hub);
  const yOf = (end: number): number =>
    (end >> 1) * rowHeight + rowHeight / 2 + (end % 2 === 0 ? -APART : APART);
  const [from, to] = [Math.max(yOf(head), yOf(top)), Math.min(yOf(tail), yOf(bottom))];
  // The corners are round: the line stands between them.
  const pieces = [
    `M${num(x)} ${num(head < top ? from : from + CORNER)}V${num(tail > bottom ? to : to - CORNER)}`
  ];
  const tips: string[] = [];
  for (const end of ends) {
    if (end < top || end > bottom) {
      continue;
    }
    const y = yOf(end);
    const arrives = end % 2 === 0;
    const stop = arrives ? width - TIP[1] + 1 : width;
    // Towards the hub, and from the hub to the others.
    const turn = end < hubEnd || end === head ? CORNER : -CORNER;
    pieces.push(
      `M${num(x)} ${num(y + turn)}q0 ${num(-turn)} ${num(CORNER)} ${num(-turn)}H${num(stop)}`
    );
    if (arrives) {
      tips.push(`M${num(width)} ${num(y)}l${num(-TIP[1])} ${num(-TIP[0])}v${num(2 * TIP[0])}z`);
    }
  }
  return {
    bus,
    path: pieces.join(''),
    tips: tips.join(''),
    shared: shared > 0 && lane === count - 1
  };
}

function num(value: number): string {
  return String(Math.round(value * 10) / 10);
}
