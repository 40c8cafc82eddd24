/**
 * Which cell of an open notebook is the one that failed when its task was run. Pure.
 *
 * What ran was a copy, and the source may have been edited since: a cell is known by its text, else
 * by a line of it, else by where it stood.
 */

/** What is known of the cell that failed. */
export interface IClues {
  /** Where it stood in the executed notebook. */
  readonly cell: number | null;
  /** Its text there. */
  readonly text: string | null;
  /** The line of the source that failed, as it reads. */
  readonly line: string | null;
}

/** A cell of the open notebook. */
export interface ICell {
  readonly code: boolean;
  readonly text: string;
}

export interface IFailing {
  readonly index: number;
  /** Is it that cell for sure, as it was then? */
  readonly same: boolean;
}

export function failingCell(cells: readonly ICell[], clues: IClues): IFailing | null {
  const code = cells.flatMap((cell, index) => (cell.code ? [{ ...cell, index }] : []));
  const near = (found: readonly { readonly index: number }[]): number | null =>
    found.reduce<number | null>(
      (best, { index }) =>
        best === null || distance(index, clues.cell) < distance(best, clues.cell) ? index : best,
      null
    );
  if (clues.text !== null) {
    const wanted = plain(clues.text);
    const index = near(code.filter(cell => plain(cell.text) === wanted));
    if (index !== null) {
      return { index, same: true };
    }
  }
  const line = clues.line?.trim() ?? '';
  if (line !== '') {
    const found = code.filter(cell => cell.text.split('\n').some(each => each.trim() === line));
    const index = near(found);
    if (index !== null) {
      return { index, same: clues.text === null && found.length === 1 };
    }
  }
  if (clues.cell !== null && cells[clues.cell]?.code === true) {
    return { index: clues.cell, same: false };
  }
  return null;
}

/** The line of a cell that reads as this one, counted from 0; null where none does. */
export function lineOf(cell: ICell, line: string | null): number | null {
  const wanted = line?.trim() ?? '';
  const at = cell.text.split('\n').findIndex(each => each.trim() === wanted);
  return wanted === '' || at < 0 ? null : at;
}

/** The text of a cell of a notebook as JSON; null where it has none. */
export function cellText(notebook: unknown, index: number | null): string | null {
  const cells: unknown = field(notebook, 'cells');
  const source: unknown =
    index === null || !Array.isArray(cells) ? null : field(cells[index], 'source');
  if (typeof source === 'string') {
    return source;
  }
  return Array.isArray(source) && source.every(part => typeof part === 'string')
    ? source.join('')
    : null;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? (value as Readonly<Record<string, unknown>>)[name]
    : null;
}

function distance(index: number, wanted: number | null): number {
  return Math.abs(index - (wanted ?? 0));
}

function plain(text: string): string {
  return text
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
    .trim();
}
