/**
 * How keys move through the list: what was pressed, and where one is, in; what to do, out.
 */
import { groupKey, rowsOf, type Place } from './arrange';
import type { Neighbours } from '../related';

export interface IKey {
  readonly key: string;
  readonly shift: boolean;
  /** Ctrl, or Cmd on a Mac. */
  readonly accel: boolean;
  readonly alt: boolean;
}

export type Step =
  /** Go to a row. `extend` selects all from where the selection began; `keep` leaves it as it is. */
  | { readonly do: 'go'; readonly row: number; readonly extend: boolean; readonly keep: boolean }
  | { readonly do: 'toggle' }
  | { readonly do: 'fold'; readonly folder: string }
  | { readonly do: 'all' }
  | { readonly do: 'clear' }
  | { readonly do: 'find' }
  | { readonly do: 'type'; readonly text: string };

export interface IWalkOptions {
  readonly places: readonly Place[];
  /** The row with the focus. */
  readonly active: number;
  /** Rows that a page has. */
  readonly page: number;
  readonly neighbours: { readonly up: Neighbours<string>; readonly down: Neighbours<string> };
  /** What was typed a moment ago, to find a name by its beginning; '' when nothing was. */
  readonly typed: string;
}

/** What the key asks for; null for one that is not ours. */
export function walk(pressed: IKey, options: IWalkOptions): Step | null {
  const { places, active, page, typed } = options;
  const { key, shift, accel, alt } = pressed;
  const last = places.length - 1;
  if (alt || last < 0) {
    return null;
  }
  const place = places[active];
  const go = (row: number): Step => ({
    do: 'go',
    row: Math.max(0, Math.min(last, row)),
    extend: shift,
    keep: accel && !shift
  });
  switch (key) {
    case 'ArrowUp':
      return go(active - 1);
    case 'ArrowDown':
      return go(active + 1);
    case 'PageUp':
      return go(active - page);
    case 'PageDown':
      return go(active + page);
    case 'Home':
      return go(0);
    case 'End':
      return go(last);
    case 'ArrowLeft':
    case 'ArrowRight':
      return shift || accel ? null : aside(key === 'ArrowLeft' ? 'up' : 'down', options);
    case 'Enter':
      return place?.kind === 'group' && !shift && !accel
        ? { do: 'fold', folder: place.folder }
        : null;
    case ' ':
      // In the middle of a name that is being typed it is a letter of it.
      return typed !== '' && !accel ? { do: 'type', text: `${typed} ` } : { do: 'toggle' };
    case 'Escape':
      return shift || accel ? null : { do: 'clear' };
    case 'a':
    case 'A':
      if (accel) {
        return shift ? null : { do: 'all' };
      }
      break;
    case '/':
      if (typed === '' && !accel) {
        return { do: 'find' };
      }
      break;
    default:
  }
  // R runs the task: by a shortcut, which users may change. No name is looked for from there on.
  if (typed === '' && key.toLowerCase() === 'r') {
    return null;
  }
  return !accel && Array.from(key).length === 1 ? { do: 'type', text: typed + key } : null;
}

/** Left to what a task uses, right to what uses it; groups unfold to the right. */
function aside(way: 'up' | 'down', { places, active, neighbours }: IWalkOptions): Step | null {
  const place = places[active];
  if (place === undefined) {
    return null;
  }
  const to = (row: number): Step => ({ do: 'go', row, extend: false, keep: false });
  if (place.kind === 'group') {
    if (place.expanded !== (way === 'down')) {
      return { do: 'fold', folder: place.folder };
    }
    return way === 'down' && places[active + 1]?.level === 2 ? to(active + 1) : null;
  }
  const rows = rowsOf(places);
  const next = (neighbours[way].get(place.name) ?? [])
    .map(name => rows.get(name))
    .find(row => row !== undefined);
  if (next !== undefined) {
    return to(next);
  }
  // As in any tree, the way left ends at the group.
  return way === 'up' && place.level === 2 ? to(parentOf(places, active)) : null;
}

function parentOf(places: readonly Place[], row: number): number {
  let at = row;
  while (at > 0 && places[at]?.kind !== 'group') {
    at--;
  }
  return at;
}

/**
 * The row whose name begins with what was typed, from the active one on; null when there is none.
 * One letter typed again and again goes from one to the next.
 */
export function typeahead(places: readonly Place[], active: number, typed: string): number | null {
  const letters = Array.from(plain(typed));
  const same = letters.every(letter => letter === letters[0]);
  const text = same ? (letters[0] ?? '') : letters.join('');
  const start = same ? active + 1 : active;
  for (let i = 0; i < places.length; i++) {
    const row = (start + i) % places.length;
    const place = places[row];
    if (place !== undefined && plain(labelOf(place)).startsWith(text)) {
      return row;
    }
  }
  return null;
}

/** Where to go when the active row is no more: the one that took its place, or its group. */
export function nearestRow(
  places: readonly Place[],
  gone: { readonly row: number; readonly folder: string | null }
): number {
  const group =
    gone.folder === null ? -1 : places.findIndex(each => each.key === groupKey(gone.folder ?? ''));
  return group >= 0 ? group : Math.max(0, Math.min(places.length - 1, gone.row));
}

/** The tasks from one row to another. */
export function between(places: readonly Place[], a: number, b: number): readonly string[] {
  return places
    .slice(Math.min(a, b), Math.max(a, b) + 1)
    .flatMap(place => (place.kind === 'task' ? [place.name] : place.expanded ? [] : place.members));
}

function labelOf(place: Place): string {
  return place.kind === 'task' ? place.name : place.folder;
}

function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
