/**
 * Drawing a line from a task to the one that is to use it.
 */
import * as React from 'react';

import type { IItem } from './arrange';
import type { Camera } from './camera';
import type { Direction, ILayout, Point } from './layout';
import { edgePath } from './path';
import { closesCycle, type Links } from '../related';
import { NODE_HEIGHT } from './sizes';
import { pointIn } from './usemouse';
import { nodeAt, unproject, type INodeSize } from './viewport';

export interface IConnectWords {
  readonly port: (name: string) => string;
  readonly notItself: string;
  readonly notTwice: (from: string, to: string) => string;
  readonly noCycle: (from: string, to: string) => string;
  readonly noGroup: string;
}

export interface IConnecting {
  /** The line, as an SVG path in the drawing; null while none is drawn. */
  readonly line: string | null;
  /** Where the pointer is in the window. */
  readonly at: Point;
  /** The item below the pointer, and why the line cannot end there; '' when it can. */
  readonly target: { readonly key: string; readonly whyNot: string } | null;
  readonly begin: (key: string, event: React.PointerEvent) => void;
  readonly cancel: () => void;
}

interface IOptions {
  readonly frame: React.RefObject<HTMLElement>;
  readonly camera: Camera;
  /** Between tasks, by number. */
  readonly links: Links;
  readonly items: readonly IItem[];
  readonly layout: ILayout | null;
  readonly node: INodeSize;
  readonly direction: Direction;
  readonly words: IConnectWords;
  readonly onConnect: ((from: string, to: string) => void) | null;
}

export function useConnecting(options: IOptions): IConnecting {
  const { frame, camera, items, layout, node, direction } = options;
  const [state, setState] = React.useState<{ readonly from: string; readonly at: Point } | null>(
    null
  );
  const stop = React.useRef<(() => void) | null>(null);
  React.useEffect(
    () => () => {
      stop.current?.();
    },
    []
  );
  const cancel = (): void => {
    stop.current?.();
    stop.current = null;
    setState(null);
  };
  const fromItem = items.find(({ key }) => key === state?.from);
  const inDrawing =
    state === null || camera.view === null ? null : unproject(camera.view, state.at);
  const over = layout === null || inDrawing === null ? null : nodeAt(layout.nodes, inDrawing, node);
  const toItem = over === null ? undefined : items[over];
  const target =
    fromItem === undefined || toItem === undefined
      ? null
      : { key: toItem.key, whyNot: whyNot(options, fromItem, toItem) };

  const ended = React.useRef<() => void>(() => undefined);
  ended.current = () => {
    cancel();
    if (target?.whyNot === '' && fromItem !== undefined && toItem !== undefined) {
      options.onConnect?.(fromItem.label, toItem.label);
    }
  };
  const begin = (key: string, event: React.PointerEvent): void => {
    const box = frame.current;
    if (box === null || event.button !== 0) {
      return;
    }
    event.stopPropagation();
    event.preventDefault();
    stop.current?.(); // by another finger
    setState({ from: key, at: pointIn(box, event) });
    const onMove = (moved: PointerEvent): void => {
      setState({ from: key, at: pointIn(box, moved) });
    };
    const onUp = (): void => {
      ended.current();
    };
    const onKey = (pressed: KeyboardEvent): void => {
      if (pressed.key === 'Escape') {
        pressed.stopPropagation();
        cancel();
      }
    };
    window.addEventListener('pointermove', onMove);
    window.addEventListener('pointerup', onUp);
    window.addEventListener('pointercancel', cancel);
    window.addEventListener('keydown', onKey, true);
    stop.current = () => {
      window.removeEventListener('pointermove', onMove);
      window.removeEventListener('pointerup', onUp);
      window.removeEventListener('pointercancel', cancel);
      window.removeEventListener('keydown', onKey, true);
    };
  };

  const start = fromItem === undefined ? undefined : layout?.nodes[items.indexOf(fromItem)];
  const end = (over === null || target?.whyNot !== '' ? undefined : layout?.nodes[over]) ?? null;
  const trim = direction === 'down' ? NODE_HEIGHT / 2 : node.nodeWidth / 2;
  const line =
    start === undefined || inDrawing === null
      ? null
      : edgePath([start, end ?? beyond(inDrawing, trim, direction)], trim, direction);
  return { line, at: state?.at ?? [0, 0], target, begin, cancel };
}

/** Where a node would have its middle whose border is at the pointer. */
function beyond([x, y]: Point, trim: number, direction: Direction): Point {
  return direction === 'down' ? [x, y + trim] : [x + trim, y];
}

/** Why a line cannot lead from one item to another; '' when it can. */
function whyNot({ links, words }: IOptions, from: IItem, to: IItem): string {
  const [a, b] = [from.members[0] ?? -1, to.members[0] ?? -1];
  if (from.group || to.group) {
    return words.noGroup;
  }
  if (a === b) {
    return words.notItself;
  }
  if (links.some(([used, user]) => used === a && user === b)) {
    return words.notTwice(from.label, to.label);
  }
  return closesCycle(links, a, b) ? words.noCycle(from.label, to.label) : '';
}
