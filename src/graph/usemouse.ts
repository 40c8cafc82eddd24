/**
 * Moving about with a mouse, a trackpad or fingers: wheel and drag pan, pinching zooms, Shift and drag
 * draws a frame around nodes.
 */
import * as React from 'react';

import type { Camera } from './camera';
import type { Point } from './layout';
import { zoom, type IBox } from './viewport';

/** Scrolling pans; pinching (which browsers report as Ctrl and wheel), Ctrl or Cmd and wheel zoom. */
export function useWheel(element: React.RefObject<HTMLElement>, camera: Camera): void {
  React.useEffect(() => {
    const node = element.current;
    if (node === null) {
      return undefined;
    }
    const onWheel = (event: WheelEvent): void => {
      if (event.target instanceof Element && event.target.closest('[data-scrolls]') !== null) {
        return; // what stands above the drawing scrolls by itself
      }
      event.preventDefault();
      const line = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      if (event.ctrlKey || event.metaKey) {
        const at = pointIn(node, event);
        const amount = Math.max(-50, Math.min(50, event.deltaY * line));
        camera.move(last => zoom(last, Math.exp(-amount * 0.01), at));
      } else {
        const [dx, dy] =
          event.shiftKey && event.deltaX === 0 ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
        camera.move(last => ({ ...last, x: last.x - dx * line, y: last.y - dy * line }));
      }
    };
    // React listens passively, where the page could not be kept from scrolling.
    node.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      node.removeEventListener('wheel', onWheel);
    };
  }, [element, camera]);
}

export interface IDragEnds {
  /** A press on the ground without a drag. */
  readonly onGround: (at: Point) => void;
  /** A frame was drawn, in the window. */
  readonly onBand: (band: IBox) => void;
}

interface IDrag {
  readonly kind: 'pan' | 'band';
  readonly start: Point;
  last: Point;
  far: boolean;
}

/** Handlers for the frame around the drawing, and the band while it is drawn. */
export function useDrag(
  element: React.RefObject<HTMLElement>,
  camera: Camera,
  ends: IDragEnds
): {
  readonly handlers: React.HTMLAttributes<HTMLElement>;
  readonly band: IBox | null;
} {
  const drag = React.useRef<IDrag | null>(null);
  const fingers = React.useRef(new Map<number, Point>());
  const [band, setBand] = React.useState<IBox | null>(null);
  const handlers: React.HTMLAttributes<HTMLElement> = {
    onPointerDown: event => {
      const node = element.current;
      if (node === null || !onDrawing(event)) {
        return;
      }
      const at = pointIn(node, event);
      if (event.pointerType === 'touch') {
        fingers.current.set(event.pointerId, at);
      }
      const ground = !(event.target as Element).matches('.jp-cauce-Graph-node *');
      if (event.button === 1 || (event.button === 0 && ground)) {
        const kind = event.shiftKey && event.button === 0 ? 'band' : 'pan';
        drag.current = { kind, start: at, last: at, far: false };
        if (event.button === 1) {
          event.preventDefault();
        }
      }
    },
    onPointerMove: event => {
      const node = element.current;
      const now = drag.current;
      if (node === null || now === null) {
        return;
      }
      if (event.pointerType === 'mouse' && event.buttons === 0) {
        drag.current = null; // let go outside of it, where nobody heard of that
        setBand(null);
        return;
      }
      const at = pointIn(node, event);
      const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
      const finger = fingers.current.get(event.pointerId);
      if (other !== undefined && finger !== undefined) {
        const [before, after] = [distance(finger, other), distance(at, other)];
        fingers.current.set(event.pointerId, at);
        now.far = true;
        camera.move(last => zoom(last, after / Math.max(before, 1), other));
        return;
      }
      if (!now.far && distance(at, now.start) <= 3) {
        return;
      }
      if (!now.far) {
        now.far = true;
        // Only now: a captured press is no click on what is below.
        node.setPointerCapture(event.pointerId);
      }
      if (now.kind === 'band') {
        setBand(boxOf(now.start, at));
      } else {
        const [dx, dy] = [at[0] - now.last[0], at[1] - now.last[1]];
        camera.move(last => ({ ...last, x: last.x + dx, y: last.y + dy }));
      }
      now.last = at;
    },
    onPointerUp: event => {
      fingers.current.delete(event.pointerId);
      const now = drag.current;
      drag.current = null;
      setBand(null);
      if (now === null || event.button !== 0) {
        return;
      }
      if (!now.far) {
        ends.onGround(now.start);
      } else if (now.kind === 'band') {
        ends.onBand(boxOf(now.start, now.last));
      }
    },
    onPointerCancel: event => {
      fingers.current.delete(event.pointerId);
      drag.current = null;
      setBand(null);
    }
  };
  return { handlers, band };
}

/** Where in an element something happened. */
export function pointIn(
  node: Element,
  event: { readonly clientX: number; readonly clientY: number }
): Point {
  const { left, top } = node.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

/** Is it the drawing that was pressed, and not what stands above it? */
function onDrawing(event: React.PointerEvent): boolean {
  return (event.target as Element).closest('.jp-cauce-Graph-above') === null;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

function boxOf(a: Point, b: Point): IBox {
  return {
    left: Math.min(a[0], b[0]),
    top: Math.min(a[1], b[1]),
    right: Math.max(a[0], b[0]),
    bottom: Math.max(a[1], b[1])
  };
}
