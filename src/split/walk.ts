/**
 * How keys move through the notebook's cells, and what they do to cuts: what was pressed and where one is,
 * in; what to do, out. Pure.
 */
import { roomFor } from './edits';
import type { ISection } from './sections';

/** A row: the head of a section, by its place, or a cell of one. */
export type Row =
  | { readonly kind: 'head'; readonly section: number; readonly cell: number }
  | { readonly kind: 'cell'; readonly section: number; readonly cell: number };

export interface IKey {
  readonly key: string;
  readonly accel: boolean;
  readonly alt: boolean;
}

export type Step =
  | { readonly do: 'go'; readonly row: Row }
  | { readonly do: 'split'; readonly cell: number }
  | { readonly do: 'join'; readonly first: number }
  | { readonly do: 'move'; readonly from: number; readonly to: number }
  | { readonly do: 'rename'; readonly section: number }
  | { readonly do: 'fold'; readonly cell: number; readonly folded: boolean };

/** So many rows a page has. */
const PAGE = 10;

export function rowsOf(sections: readonly ISection[]): readonly Row[] {
  return sections.flatMap(({ first, cells }, section): Row[] => [
    { kind: 'head', section, cell: first },
    ...cells.map((cell): Row => ({ kind: 'cell', section, cell: cell.number }))
  ]);
}

export function keyOf(row: Row): string {
  return `${row.kind === 'head' ? 'h' : 'c'}${String(row.cell)}`;
}

/** The row with that key, or what has taken its place: a head that is none any more is its first cell. */
export function rowOf(rows: readonly Row[], key: string | null): Row | null {
  return (
    rows.find(row => keyOf(row) === key) ??
    rows.find(row => row.kind === 'cell' && `h${String(row.cell)}` === key) ??
    rows[0] ??
    null
  );
}

export function walk(
  pressed: IKey,
  at: Row,
  rows: readonly Row[],
  sections: readonly ISection[]
): Step | null {
  const { key, accel, alt } = pressed;
  const section = sections[at.section];
  const here = rows.findIndex(row => keyOf(row) === keyOf(at));
  if (section === undefined || here < 0) {
    return null;
  }
  const go = (index: number): Step | null => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    return row === undefined ? null : { do: 'go', row };
  };
  const goHead = (number: number): Step | null =>
    go(rows.findIndex(row => row.kind === 'head' && row.section === number));
  const cuts = sections.map(({ first }) => first);
  const cells = sections.at(-1)?.end ?? 0;
  if (alt) {
    const by = { ArrowUp: -1, ArrowDown: 1 }[key];
    if (by === undefined || section.first === 0) {
      return null;
    }
    const [least, most] = roomFor(cuts, cells, section.first);
    const to = section.first + by;
    return to < least || to > most ? null : { do: 'move', from: section.first, to };
  }
  switch (key) {
    case 'ArrowUp':
      return accel ? goHead(at.kind === 'head' ? at.section - 1 : at.section) : go(here - 1);
    case 'ArrowDown':
      return accel ? goHead(at.section + 1) : go(here + 1);
    case 'PageUp':
      return go(here - PAGE);
    case 'PageDown':
      return go(here + PAGE);
    case 'Home':
      return go(0);
    case 'End':
      return go(rows.length - 1);
    case 'F2':
      return { do: 'rename', section: at.section };
    case 'Enter':
      return at.kind === 'head'
        ? { do: 'rename', section: at.section }
        : at.cell === section.first
          ? null
          : { do: 'split', cell: at.cell };
    case 'Delete':
    case 'Backspace':
      return section.first > 0 && (at.kind === 'head' || at.cell === section.first)
        ? { do: 'join', first: section.first }
        : null;
    case 'ArrowRight':
    case 'ArrowLeft':
      return at.kind === 'cell' ? { do: 'fold', cell: at.cell, folded: key === 'ArrowLeft' } : null;
    default:
      return null;
  }
}
