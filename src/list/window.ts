/**
 * The rows of a long list that have to be drawn: those in view, and some more.
 */
import * as React from 'react';

/** Rows drawn above and below what is in view, for quick scrolling. */
const SPARE = 10;
/** Drawn before the list has a size. */
const FIRST = 60;

export interface IRowWindow {
  readonly first: number;
  /** Before this one. */
  readonly last: number;
  /** Rows that are wholly in view at a time. */
  readonly page: number;
}

/** Follows the scrolling and the size of the box, as long as it is there. */
export function useRowWindow(
  box: React.RefObject<HTMLElement>,
  rowHeight: number,
  there: boolean
): readonly [IRowWindow, () => void] {
  const [range, setRange] = React.useState<IRowWindow>({ first: 0, last: FIRST, page: 1 });
  const measure = React.useCallback((): void => {
    const node = box.current;
    // A hidden panel has no height: what was drawn stays.
    if (node !== null && node.clientHeight > 0) {
      const first = Math.max(0, Math.floor(node.scrollTop / rowHeight) - SPARE);
      const last = Math.ceil((node.scrollTop + node.clientHeight) / rowHeight) + SPARE;
      const page = Math.max(1, Math.floor(node.clientHeight / rowHeight) - 1);
      setRange(old =>
        old.first === first && old.last === last && old.page === page ? old : { first, last, page }
      );
    }
  }, [box, rowHeight]);
  React.useLayoutEffect(() => {
    const node = box.current;
    if (node === null) {
      return undefined;
    }
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    return () => {
      observer.disconnect();
    };
  }, [box, measure, there]);
  return [range, measure];
}

/** Scroll so far that the row is in view. */
export function scrollToRow(box: HTMLElement, row: number, rowHeight: number): void {
  const top = row * rowHeight;
  if (top < box.scrollTop) {
    box.scrollTop = top;
  } else if (top + rowHeight > box.scrollTop + box.clientHeight) {
    box.scrollTop = top + rowHeight - box.clientHeight;
  }
}
