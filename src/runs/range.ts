/**
 * Which rows and columns of a long list are in view: only these are drawn.
 */
import * as React from 'react';

/** From the first to before the last. */
export type Range = readonly [number, number];

/** Drawn beyond what is in view. */
const SPARE = 4;

/** What is in view of so many pieces of one size, when scrolled so far. */
export function rangeOf(scrolled: number, seen: number, size: number, count: number): Range {
  const first = Math.max(0, Math.floor(scrolled / size) - SPARE);
  const last = Math.min(count, Math.ceil((scrolled + seen) / size) + SPARE);
  return [first, Math.max(first, last)];
}

export interface IView {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Where an element that scrolls is, in steps: drawing anew for each pixel would be in vain. */
export function useView(
  box: React.RefObject<HTMLElement>,
  step: number
): readonly [view: IView, onScroll: () => void] {
  const [view, setView] = React.useState<IView>({ top: 0, left: 0, height: 600, width: 600 });
  const look = React.useCallback((): void => {
    const node = box.current;
    if (node !== null) {
      const next: IView = {
        top: Math.floor(node.scrollTop / step) * step,
        left: Math.floor(node.scrollLeft / step) * step,
        height: node.clientHeight + step,
        width: node.clientWidth + step
      };
      setView(last =>
        last.top === next.top &&
        last.left === next.left &&
        last.height === next.height &&
        last.width === next.width
          ? last
          : next
      );
    }
  }, [box, step]);
  React.useLayoutEffect(() => {
    const node = box.current;
    if (node === null) {
      return undefined;
    }
    look();
    const observer = new ResizeObserver(look);
    observer.observe(node);
    return () => {
      observer.disconnect();
    };
  }, [box, look]);
  return [view, look];
}
