/**
 * The drawing of what is to be shown: laid out anew only when the structure changes, while the one before
 * stays in sight; what is in both moves to its new place.
 */
import * as React from 'react';

import type { IArrangement } from './arrange';
import type { Direction, ILayout, Point } from './layout';
import { layouter } from './layouter';
import { GAPS, LABEL_ROOM, NODE_HEIGHT } from './sizes';
import { pair, tween, type IPairing } from './tween';

export interface IDrawing {
  readonly arrangement: IArrangement;
  readonly layout: ILayout;
  readonly direction: Direction;
  readonly nodeWidth: number;
  /** What it is a drawing of. */
  readonly identity: string;
  /** By the same keys things are known in the next drawing. */
  readonly edgeKeys: readonly string[];
}

export interface IDrawn {
  readonly drawing: IDrawing | null;
  /** The layout to show now: on the way to the drawing's own. */
  readonly layout: ILayout | null;
  /** Is another one being made? */
  readonly busy: boolean;
}

const MOVE_MS = 260;
/** With more nodes they jump. */
const MOVING = 400;

export function useDrawing(
  arrangement: IArrangement,
  identity: string,
  nodeWidth: number | null,
  direction: Direction,
  /** Called with how much a drawing that takes the place of another moved what was looked at. */
  onShift: (by: Point) => void,
  /** The item that should not move on the screen. */
  anchor: string | null,
  /** Do links have labels? */
  labelled: boolean
): IDrawn {
  const [drawing, setDrawing] = React.useState<IDrawing | null>(null);
  const [between, setBetween] = React.useState<ILayout | null>(null);
  const [busy, setBusy] = React.useState(false);
  const last = React.useRef<IDrawing | null>(null);
  const frame = React.useRef(0);
  const structure = React.useMemo(
    () => JSON.stringify([arrangement.items.map(({ key }) => key), arrangement.edges]),
    [arrangement]
  );

  React.useLayoutEffect(() => {
    if (nodeWidth === null) {
      return undefined;
    }
    const old = last.current?.identity === identity ? last.current : null;
    const { across, along: between } = GAPS[direction];
    const along = between + (labelled ? LABEL_ROOM : 0);
    setBusy(true);
    const known = old !== null && old.direction === direction ? formerly(old, arrangement) : null;
    return layouter.request(
      {
        count: arrangement.items.length,
        edges: arrangement.edges.map(({ from, to }) => [from, to] as const),
        nodeWidth,
        nodeHeight: NODE_HEIGHT,
        gapX: direction === 'down' ? across : along,
        gapY: direction === 'down' ? along : across,
        direction,
        ...(known === null ? {} : { before: known })
      },
      layout => {
        const next: IDrawing = {
          arrangement,
          layout,
          direction,
          nodeWidth,
          identity,
          edgeKeys: edgeKeys(arrangement)
        };
        last.current = next;
        setBusy(false);
        setDrawing(next);
        cancelAnimationFrame(frame.current);
        setBetween(null);
        if (old === null) {
          return;
        }
        const which = pair(keysOf(old), keysOf(next));
        const by = shift(old.layout, layout, which, next, anchor);
        onShift(by);
        if (arrangement.items.length <= MOVING && !calm()) {
          const from = moved(old.layout, by);
          const began = performance.now();
          const step = (): void => {
            const time = (performance.now() - began) / MOVE_MS;
            setBetween(time >= 1 ? null : tween(from, layout, which, time));
            if (time < 1) {
              frame.current = requestAnimationFrame(step);
            }
          };
          step();
        }
      }
    );
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `structure` stands for the arrangement
  }, [structure, identity, nodeWidth, direction]);
  React.useEffect(
    () => () => {
      cancelAnimationFrame(frame.current);
    },
    []
  );

  // Another pipeline's drawing is no placeholder.
  const current = drawing?.identity === identity ? drawing : null;
  // States and groupings may have changed without the structure: the newest are shown.
  const fresh = React.useMemo(
    () =>
      current === null || busy || current.arrangement === arrangement
        ? current
        : sameKeys(current.arrangement, arrangement)
          ? { ...current, arrangement }
          : current,
    [current, busy, arrangement]
  );
  return {
    drawing: fresh,
    layout: fresh === null ? null : (between ?? fresh.layout),
    busy: busy || fresh === null
  };
}

function edgeKeys({ items, edges }: IArrangement): readonly string[] {
  return edges.map(({ from, to }) => `${items[from]?.key ?? ''}\n${items[to]?.key ?? ''}`);
}

function keysOf(drawing: IDrawing): { nodes: readonly string[]; edges: readonly string[] } {
  return { nodes: drawing.arrangement.items.map(({ key }) => key), edges: drawing.edgeKeys };
}

function sameKeys(a: IArrangement, b: IArrangement): boolean {
  return (
    a.items.length === b.items.length &&
    a.edges.length === b.edges.length &&
    a.items.every(({ key }, i) => key === b.items[i]?.key)
  );
}

/** Where items stood: by themselves, in the group that they come out of, or as the tasks they are made of. */
function formerly(old: IDrawing, next: IArrangement): readonly (Point | null)[] {
  const places = new Map<string, Point>();
  const tasks = new Map<number, Point>();
  old.arrangement.items.forEach((item, i) => {
    const at = old.layout.nodes[i];
    if (at !== undefined) {
      places.set(item.key, at);
      for (const member of item.members) {
        tasks.set(member, at);
      }
    }
  });
  return next.items.map(item => {
    const own =
      places.get(item.key) ?? (item.of === '' ? undefined : places.get(`group:${item.of}`));
    if (own !== undefined || !item.group) {
      return own ?? null;
    }
    const found = item.members.flatMap(member => {
      const at = tasks.get(member);
      return at === undefined ? [] : [at];
    });
    const mean = (axis: 0 | 1): number =>
      found.reduce((sum, at) => sum + at[axis], 0) / found.length;
    return found.length === 0 ? null : [mean(0), mean(1)];
  });
}

/** How much further what should stand still stands in the new layout. */
function shift(
  old: ILayout,
  next: ILayout,
  which: IPairing,
  { arrangement }: IDrawing,
  anchor: string | null
): Point {
  const held = arrangement.items.findIndex(({ key }) => key === anchor);
  const steps = which.nodes.flatMap((before, i): Point[] => {
    const [from, to] = [old.nodes[before], next.nodes[i]];
    return from === undefined || to === undefined || (held >= 0 && i !== held)
      ? []
      : [[to[0] - from[0], to[1] - from[1]]];
  });
  const middle = (axis: 0 | 1): number =>
    steps.map(step => step[axis]).sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  return [middle(0), middle(1)];
}

function moved(layout: ILayout, [dx, dy]: Point): ILayout {
  const move = ([x, y]: Point): Point => [x + dx, y + dy];
  return {
    ...layout,
    nodes: layout.nodes.map(move),
    edges: layout.edges.map(line => line.map(move))
  };
}

/** Does somebody want things to stand still? */
function calm(): boolean {
  return (
    typeof window.matchMedia !== 'function' ||
    window.matchMedia('(prefers-reduced-motion: reduce)').matches
  );
}
