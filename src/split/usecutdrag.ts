/**
 * A cut that is dragged from one place between cells to another.
 */
import * as React from 'react';

/** So near to the edge of the box, in pixels, it scrolls. */
const EDGE = 32;
const SCROLL = 14;

export interface ICutDrag {
  /** Where the cut would be; `null` while none is dragged. */
  readonly to: number | null;
  readonly begin: (cell: number, event: React.PointerEvent) => void;
}

export interface ICutDragOptions {
  readonly box: React.RefObject<HTMLElement>;
  /** The first and the last cell at which the section may begin that begins at a cell. */
  readonly room: (cell: number) => readonly [number, number];
  readonly onMove: (from: number, to: number) => void;
}

export function useCutDrag(options: ICutDragOptions): ICutDrag {
  const [to, setTo] = React.useState<number | null>(null);
  const latest = React.useRef(options);
  latest.current = options;
  const end = React.useRef<(() => void) | null>(null);
  React.useEffect(
    () => () => {
      end.current?.();
    },
    []
  );
  const begin = React.useCallback((cell: number, event: React.PointerEvent): void => {
    const box = latest.current.box.current;
    if (event.button !== 0 || box === null) {
      return;
    }
    event.preventDefault();
    const [least, most] = latest.current.room(cell);
    let target = cell;
    const follow = (moved: PointerEvent): void => {
      const { top, bottom, left, width } = box.getBoundingClientRect();
      const nearTop = moved.clientY < top + EDGE;
      const nearBottom = moved.clientY > bottom - EDGE;
      box.scrollTop += nearTop ? -SCROLL : nearBottom ? SCROLL : 0;
      const y = Math.max(top + 1, Math.min(bottom - 1, moved.clientY));
      const row = document
        .elementFromPoint(left + width / 2, y)
        ?.closest<HTMLElement>('[data-cauce-cell], [data-cauce-first]');
      if (row != null) {
        const number = Number(row.dataset.cauceCell ?? row.dataset.cauceFirst);
        const { top: above, height } = row.getBoundingClientRect();
        const lower = row.dataset.cauceCell !== undefined && y > above + height / 2;
        target = Math.max(least, Math.min(most, number + (lower ? 1 : 0)));
        setTo(target);
      }
    };
    const stop = (): void => {
      window.removeEventListener('pointermove', follow);
      window.removeEventListener('pointerup', drop);
      window.removeEventListener('pointercancel', stop);
      window.removeEventListener('keydown', escape, true);
      end.current = null;
      setTo(null);
    };
    const drop = (): void => {
      stop();
      if (target !== cell) {
        latest.current.onMove(cell, target);
      }
    };
    const escape = (pressed: KeyboardEvent): void => {
      if (pressed.key === 'Escape') {
        pressed.stopPropagation();
        pressed.preventDefault();
        stop();
      }
    };
    window.addEventListener('pointermove', follow);
    window.addEventListener('pointerup', drop);
    window.addEventListener('pointercancel', stop);
    window.addEventListener('keydown', escape, true);
    end.current = stop;
    setTo(cell);
  }, []);
  return { to, begin };
}
