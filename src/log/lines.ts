/**
 * A log as lines, which grows at both ends. Pure.
 *
 *     append, prepend ─► lines ─► RowIndex, which line a row on the screen shows ─► pieces of a row
 *
 * A log may have hundreds of thousands of lines: nothing here looks at all of them twice.
 */
import { parseAnsi, PLAIN, styleAfter, type IAnsiSpan, type IAnsiStyle } from '../ansi';

/** What is kept, in UTF-16 units. */
const KEPT = 20_000_000;
/** Longer lines are broken: nobody reads them, and a browser would choke. */
const LONGEST_LINE = 4_000;
/** More matches than that are not counted. */
export const MOST_MATCHES = 10_000;

export class LogLines {
  constructor(kept: number = KEPT) {
    this._kept = kept;
  }

  get length(): number {
    return this._lines.length;
  }

  /** Number of the first line, by an origin that stays: it falls as lines come before it. */
  get first(): number {
    return this._first;
  }

  /** Were lines at the beginning forgotten, since there were too many? */
  get dropped(): boolean {
    return this._dropped;
  }

  /** Grows with each change. */
  get version(): number {
    return this._version;
  }

  /** A line with its colours, as it came; '' where there is none. */
  raw(index: number): string {
    return this._lines[index] ?? '';
  }

  /** A line as it reads. */
  text(index: number): string {
    return plain(this.raw(index));
  }

  /** How a line looks at its beginning. */
  style(index: number): IAnsiStyle {
    return this._styles[index] ?? PLAIN;
  }

  append(text: string): void {
    if (text === '') {
      return;
    }
    const open = this._open ? (this._lines.pop() ?? '') : '';
    this._styles.length = this._lines.length;
    const parts = (open + text).split('\n');
    this._open = parts.at(-1) !== '';
    if (!this._open) {
      parts.pop();
    }
    this._size += text.length;
    this._push(parts.flatMap(shown));
    if (this._open && text.endsWith('\r')) {
      // What comes next is written over it.
      this._lines.push(`${this._lines.pop() ?? ''}\r`);
    }
    this._forget();
    this._version += 1;
  }

  /** Put in front what stands in the log right before what is here. */
  prepend(text: string): void {
    if (text === '') {
      return;
    }
    const parts = text.split('\n');
    const last = parts.pop() ?? '';
    const begun = this._lines.length === 0 ? null : (this._lines[0] ?? '');
    const joined = begun === null ? last : last + begun;
    const before = parts.flatMap(shown);
    const middle = begun === null && last === '' ? [] : shown(joined);
    const after = this._lines.slice(1);
    const known = this._styles.slice(1);
    this._size += text.length;
    this._first -= before.length + middle.length - (begun === null ? 0 : 1);
    if (begun === null) {
      this._open = last !== '';
    }
    this._lines = [];
    this._styles = [];
    this._push([...before, ...middle]);
    // As a rule colours end with their line: then what was known of the lines after it stays true.
    if (same(this._next(), known[0] ?? this._next())) {
      for (let i = 0; i < after.length; i++) {
        this._lines.push(after[i] ?? '');
        this._styles.push(known[i] ?? PLAIN);
      }
    } else {
      this._push(after);
    }
    this._version += 1;
  }

  /** All of it, without colours. */
  whole(): string {
    return this._lines.map(line => `${plain(line)}\n`).join('');
  }

  /** Where a text is found, in either case unless it has capitals itself; not more than `MOST_MATCHES`. */
  find(query: string): readonly IMatch[] {
    if (query === '') {
      return [];
    }
    const escaped = query.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
    const pattern = new RegExp(escaped, query === query.toLowerCase() ? 'gi' : 'g');
    const found: IMatch[] = [];
    for (let line = 0; line < this._lines.length; line++) {
      for (const match of this.text(line).matchAll(pattern)) {
        found.push({ line, from: match.index, to: match.index + match[0].length });
        if (found.length === MOST_MATCHES) {
          return found;
        }
      }
    }
    return found;
  }

  private _push(lines: readonly string[]): void {
    for (const line of lines) {
      this._styles.push(this._next());
      this._lines.push(line);
    }
  }

  /** How a line looks that comes at the end. */
  private _next(): IAnsiStyle {
    const last = this._lines.length - 1;
    return last < 0 ? PLAIN : styleAfter(this.raw(last), this.style(last));
  }

  private _forget(): void {
    if (this._size <= this._kept) {
      return;
    }
    // A tenth at once, for it costs a copy.
    let gone = 0;
    while (this._size > this._kept * 0.9 && gone < this._lines.length - 1) {
      this._size -= this.raw(gone).length + 1;
      gone += 1;
    }
    this._lines.splice(0, gone);
    this._styles.splice(0, gone);
    this._first += gone;
    this._dropped = true;
  }

  private readonly _kept: number;
  private _lines: string[] = [];
  private _styles: IAnsiStyle[] = [];
  private _first = 0;
  private _size = 0;
  private _open = false;
  private _dropped = false;
  private _version = 0;
}

export interface IMatch {
  readonly line: number;
  /** In the line as it reads. */
  readonly from: number;
  readonly to: number;
}

/** A line as a terminal leaves it: what was written over is gone. Broken where it is too long. */
function shown(line: string): readonly string[] {
  let left = line.endsWith('\r') ? line.slice(0, -1) : line;
  if (left.includes('\r')) {
    left = left.slice(left.lastIndexOf('\r') + 1);
  }
  if (left.length <= LONGEST_LINE) {
    return [left];
  }
  const parts: string[] = [];
  for (let i = 0; i < left.length; i += LONGEST_LINE) {
    parts.push(left.slice(i, i + LONGEST_LINE));
  }
  return parts;
}

const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/;

function plain(line: string): string {
  return CONTROLS.test(line)
    ? parseAnsi(line)
        .map(span => span.text)
        .join('')
    : line;
}

function same(a: IAnsiStyle, b: IAnsiStyle): boolean {
  return a.colour === b.colour && a.bold === b.bold;
}

// --- Rows on the screen -------------------------------------------------------------------

/**
 * Which line, and what of it, each row of the screen shows. With `columns` lines are broken after
 * so many; without, a row is a line.
 */
export class RowIndex {
  constructor(lines: LogLines, columns: number | null) {
    this._log = lines;
    this._columns = columns;
    this._from = lines.first;
  }

  /** Look at what has come since the last time. */
  update(): void {
    if (this._columns === null) {
      return;
    }
    if (this._from !== this._log.first) {
      this._ends = [];
      this._from = this._log.first;
    }
    // The last line may have grown.
    this._ends.length = Math.max(0, Math.min(this._ends.length, this._log.length) - 1);
    let end = this._ends.at(-1) ?? 0;
    for (let i = this._ends.length; i < this._log.length; i++) {
      end += rowsOf(this._log.raw(i), this._columns);
      this._ends.push(end);
    }
  }

  get length(): number {
    return this._columns === null ? this._log.length : (this._ends.at(-1) ?? 0);
  }

  /** The first row of a line. */
  rowOf(line: number): number {
    return this._columns === null ? line : line === 0 ? 0 : (this._ends[line - 1] ?? this.length);
  }

  /** The line that a row shows, and from which to which character of it. */
  at(row: number): IRow {
    if (this._columns === null) {
      return { line: row, from: 0, to: Infinity, continued: false };
    }
    let low = 0;
    let high = this._ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this._ends[middle] ?? 0) > row) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    const nth = row - this.rowOf(low);
    const starts = breaks(this._log.text(low), this._columns);
    return {
      line: low,
      from: starts[nth] ?? 0,
      to: starts[nth + 1] ?? Infinity,
      continued: nth > 0
    };
  }

  private readonly _log: LogLines;
  private readonly _columns: number | null;
  /** For each line the row after its last. */
  private _ends: number[] = [];
  private _from: number;
}

export interface IRow {
  readonly line: number;
  readonly from: number;
  readonly to: number;
  /** Does it go on with a line that began in a row above? */
  readonly continued: boolean;
}

const NARROW = /^[\u0020-\u007e]*$/;
const TAB = 4;

function rowsOf(raw: string, columns: number): number {
  if (NARROW.test(raw)) {
    return Math.max(1, Math.ceil(raw.length / columns));
  }
  return breaks(plain(raw), columns).length;
}

/** Where each row of a line begins. */
export function breaks(text: string, columns: number): readonly number[] {
  const starts = [0];
  if (NARROW.test(text)) {
    for (let at = columns; at < text.length; at += columns) {
      starts.push(at);
    }
    return starts;
  }
  let used = 0;
  let at = 0;
  for (const character of text) {
    const width = character === '\t' ? TAB - (used % TAB) : widthOf(character);
    if (used + width > columns && used > 0) {
      starts.push(at);
      used = 0;
    }
    used += width;
    at += character.length;
  }
  return starts;
}

// Marks that stand on the character before them, and characters as wide as two.
const MARK = /^[\p{Mn}\p{Me}\u200d\ufe0f]$/u;
const WIDE =
  /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\p{Emoji_Presentation}]$/u;

function widthOf(character: string): number {
  return character <= '\u02ff' ? 1 : MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
}

// --- What a row shows ---------------------------------------------------------------------

export interface IPiece extends IAnsiSpan {
  readonly mark: 'match' | 'current' | null;
}

/** The pieces of a line that look alike, from one character to before another. */
export function pieces(
  raw: string,
  style: IAnsiStyle,
  from: number,
  to: number,
  marks: readonly (IMatch & { readonly current: boolean })[] = []
): readonly IPiece[] {
  const found: IPiece[] = [];
  let at = 0;
  for (const span of parseAnsi(raw, style)) {
    const end = at + span.text.length;
    let begin = Math.max(at, from);
    const stop = Math.min(end, to);
    const cut = (till: number, mark: IPiece['mark']): void => {
      const upTo = Math.min(till, stop);
      if (upTo > begin) {
        found.push({ ...span, text: span.text.slice(begin - at, upTo - at), mark });
        begin = upTo;
      }
    };
    for (const mark of marks) {
      if (mark.to > begin && mark.from < stop) {
        cut(mark.from, null);
        cut(mark.to, mark.current ? 'current' : 'match');
      }
    }
    cut(stop, null);
    at = end;
  }
  return found;
}
