/**
 * How components follow what is not React: signals, and the size of an element.
 */
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

/** Draw again whenever one of the signals speaks. */
export function useSignals(...signals: readonly ISignal<unknown, unknown>[]): void {
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    for (const signal of signals) {
      signal.connect(redraw);
    }
    // It may have spoken between drawing and connecting.
    redraw();
    return () => {
      for (const signal of signals) {
        signal.disconnect(redraw);
      }
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a model's signals never change
  }, []);
}

/** The width of an element in pixels, followed; `null` until it is known. */
export function useWidth(element: React.RefObject<HTMLElement>): number | null {
  const [width, setWidth] = React.useState<number | null>(null);
  React.useLayoutEffect(() => {
    const node = element.current;
    if (node === null) {
      return undefined;
    }
    const measure = (): void => {
      setWidth(last => (node.clientWidth === 0 && last !== null ? last : node.clientWidth));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    return () => {
      observer.disconnect();
    };
  }, [element]);
  return width;
}

const SECOND_MS = 1_000;

/** Seconds since the epoch: followed second by second while it counts, else as it was when it last did. */
export function useNow(counts: boolean): number {
  const [now, setNow] = React.useState(() => Date.now() / 1000);
  React.useEffect(() => {
    if (!counts) {
      return undefined;
    }
    const tick = (): void => {
      setNow(Date.now() / 1000);
    };
    tick();
    const timer = setInterval(tick, SECOND_MS);
    return () => {
      clearInterval(timer);
      tick();
    };
  }, [counts]);
  return now;
}
