/**
 * A unified diff as rows with the old text on the left and the new on the right. Pure.
 *
 *     sideBySide(unified) ─► rows, for two columns ─► inOneColumn(rows) ─► lines, where there is room for one
 *
 * Who finds the differences is the server, which knows both texts; here they are laid out. Of
 * lines that were replaced those stand side by side that are most alike, with the words marked
 * that differ.
 */

/** Part of a line, from one character to before another. */
export interface ISpan {
  readonly from: number;
  readonly to: number;
}

/** A line of one of the two texts. */
export interface ISide {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
  /** What the other side has otherwise; none where the line as a whole was added or removed. */
  readonly marks: readonly ISpan[];
}

export type Row =
  | { readonly kind: 'gap'; readonly before: number; readonly after: number }
  | { readonly kind: 'same' | 'changed'; readonly left: ISide; readonly right: ISide }
  | { readonly kind: 'removed'; readonly left: ISide }
  | { readonly kind: 'added'; readonly right: ISide };

/** A line where old and new are shown one below the other. */
export type Line =
  | { readonly kind: 'gap'; readonly before: number; readonly after: number }
  | {
      readonly kind: 'same' | 'removed' | 'added';
      readonly side: ISide;
    };

/** Where a hunk goes, and how many lines of either text are in it. */
export const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** The rows of a unified diff. Lines that are left out between them are a `gap`, which tells where it goes on. */
export function sideBySide(unified: string): readonly Row[] {
  const rows: Row[] = [];
  let removed: ISide[] = [];
  let added: ISide[] = [];
  let left = 1;
  let right = 1;
  // How many lines of the hunk are still to come: a removed line may itself begin with '--'.
  let leftToCome = 0;
  let rightToCome = 0;

  const close = (): void => {
    rows.push(...paired(removed, added));
    removed = [];
    added = [];
  };
  for (const line of unified.split('\n')) {
    if (leftToCome <= 0 && rightToCome <= 0) {
      close();
      const hunk = HUNK.exec(line);
      if (hunk !== null) {
        const [before, after] = [Number(hunk[1]), Number(hunk[3])];
        leftToCome = Number(hunk[2] ?? 1);
        rightToCome = Number(hunk[4] ?? 1);
        // Of a side without lines the line before it is named.
        const [nextLeft, nextRight] = [
          leftToCome === 0 ? before + 1 : before,
          rightToCome === 0 ? after + 1 : after
        ];
        if (nextLeft > left || nextRight > right) {
          rows.push({ kind: 'gap', before: nextLeft, after: nextRight });
        }
        [left, right] = [nextLeft, nextRight];
      }
      continue;
    }
    const text = line.slice(1);
    switch (line[0]) {
      case '-':
        if (added.length > 0) {
          close();
        }
        removed.push({ number: left, text, marks: [] });
        left += 1;
        leftToCome -= 1;
        break;
      case '+':
        added.push({ number: right, text, marks: [] });
        right += 1;
        rightToCome -= 1;
        break;
      case '\\': // 'No newline at end of file'
        break;
      default: // some programs drop the blank of an empty line
        close();
        rows.push({
          kind: 'same',
          left: { number: left, text, marks: [] },
          right: { number: right, text, marks: [] }
        });
        left += 1;
        right += 1;
        leftToCome -= 1;
        rightToCome -= 1;
    }
  }
  close();
  return rows;
}

/** The same in one column: what was removed before what came in its place. */
export function inOneColumn(rows: readonly Row[]): readonly Line[] {
  const lines: Line[] = [];
  let added: Line[] = [];
  const close = (): void => {
    lines.push(...added);
    added = [];
  };
  for (const row of rows) {
    switch (row.kind) {
      case 'gap':
        close();
        lines.push(row);
        break;
      case 'same':
        close();
        lines.push({ kind: 'same', side: row.right });
        break;
      case 'changed':
        lines.push({ kind: 'removed', side: row.left });
        added.push({ kind: 'added', side: row.right });
        break;
      case 'removed':
        lines.push({ kind: 'removed', side: row.left });
        break;
      case 'added':
        added.push({ kind: 'added', side: row.right });
    }
  }
  close();
  return lines;
}

/** How many lines were removed, and how many added. */
export function tally(rows: readonly Row[]): { readonly removed: number; readonly added: number } {
  const count = (...kinds: Row['kind'][]): number =>
    rows.filter(row => kinds.includes(row.kind)).length;
  return { removed: count('changed', 'removed'), added: count('changed', 'added') };
}

/** More pairs than that are put side by side in their order. */
const MOST_PAIRS = 2500;
/** Lines that have less in common than that are not the same line, changed. */
const ALIKE = 0.4;

/** What was removed and what was added at one place: in order, those side by side that are most alike. */
function paired(removed: readonly ISide[], added: readonly ISide[]): Row[] {
  const old = removed.map(side => words(side.text));
  const fresh = added.map(side => words(side.text));
  const rows: Row[] = [];
  let [i, j] = [0, 0];
  const leave = (toI: number, toJ: number): void => {
    for (; i < toI; i += 1) {
      rows.push(...one(removed[i], side => ({ kind: 'removed', left: side })));
    }
    for (; j < toJ; j += 1) {
      rows.push(...one(added[j], side => ({ kind: 'added', right: side })));
    }
  };
  for (const [a, b] of matches(old, fresh)) {
    leave(a, b);
    const [left, right] = [removed[a], added[b]];
    if (left !== undefined && right !== undefined) {
      const [gone, come] = differing(old[a] ?? [], fresh[b] ?? []);
      rows.push({
        kind: 'changed',
        left: { ...left, marks: gone },
        right: { ...right, marks: come }
      });
    }
    [i, j] = [a + 1, b + 1];
  }
  leave(removed.length, added.length);
  return rows;
}

function one(side: ISide | undefined, row: (side: ISide) => Row): Row[] {
  return side === undefined ? [] : [row(side)];
}

/** Pairs of indices, growing in both, of the lines that belong together. */
function matches(
  old: readonly (readonly string[])[],
  fresh: readonly (readonly string[])[]
): readonly (readonly [number, number])[] {
  const [rows, columns] = [old.length, fresh.length];
  if (rows * columns > MOST_PAIRS) {
    return Array.from({ length: Math.min(rows, columns) }, (_, i) => [i, i] as const).filter(
      ([i]) => likeness(old[i] ?? [], fresh[i] ?? []) >= ALIKE
    );
  }
  const like = old.map(a => fresh.map(b => likeness(a, b)));
  // best[i][j]: what can be had of the lines from i and j on.
  const best = Array.from({ length: rows + 1 }, () => new Float64Array(columns + 1));
  const at = (i: number, j: number): number => best[i]?.[j] ?? 0;
  const worth = (i: number, j: number): number => {
    const value = like[i]?.[j] ?? 0;
    return value < ALIKE ? -1 : value;
  };
  for (let i = rows - 1; i >= 0; i -= 1) {
    for (let j = columns - 1; j >= 0; j -= 1) {
      const row = best[i];
      if (row !== undefined) {
        row[j] = Math.max(at(i + 1, j), at(i, j + 1), worth(i, j) + at(i + 1, j + 1));
      }
    }
  }
  const found: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < rows && j < columns;) {
    if (worth(i, j) > 0 && at(i, j) === worth(i, j) + at(i + 1, j + 1)) {
      found.push([i, j]);
      [i, j] = [i + 1, j + 1];
    } else if (at(i, j) === at(i + 1, j)) {
      i += 1;
    } else {
      j += 1;
    }
  }
  return found;
}

function words(text: string): readonly string[] {
  return text.match(/[\p{L}\p{N}_]+|\s+|[^]/gu) ?? [];
}

/** The share of two lines that both have, by their words, however these are ordered: 0 to 1. */
function likeness(a: readonly string[], b: readonly string[]): number {
  const left = new Map<string, number>();
  let [lengthA, lengthB, common] = [0, 0, 0];
  for (const word of a) {
    if (word.trim() !== '') {
      left.set(word, (left.get(word) ?? 0) + 1);
      lengthA += word.length;
    }
  }
  for (const word of b) {
    if (word.trim() !== '') {
      lengthB += word.length;
      const there = left.get(word) ?? 0;
      if (there > 0) {
        left.set(word, there - 1);
        common += word.length;
      }
    }
  }
  return lengthA + lengthB === 0 ? 1 : (2 * common) / (lengthA + lengthB);
}

/** More pairs of words than that are not compared one by one. */
const MOST_WORDS = 40_000;

/** What each of two lines has that the other has not. */
function differing(
  a: readonly string[],
  b: readonly string[]
): readonly [readonly ISpan[], readonly ISpan[]] {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) {
    start += 1;
  }
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) {
    end += 1;
  }
  const [inA, inB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const [keptA, keptB] =
    inA.length * inB.length > MOST_WORDS
      ? [new Set<number>(), new Set<number>()]
      : commonWords(inA, inB);
  return [spans(a, start, inA, keptA), spans(b, start, inB, keptB)];
}

/** Which words of two lines are the same ones, in order: their indices in either. */
function commonWords(
  a: readonly string[],
  b: readonly string[]
): readonly [ReadonlySet<number>, ReadonlySet<number>] {
  const longest = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const at = (i: number, j: number): number => longest[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = longest[i];
      if (row !== undefined) {
        row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
      }
    }
  }
  const [inA, inB] = [new Set<number>(), new Set<number>()];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) {
      inA.add(i);
      inB.add(j);
      [i, j] = [i + 1, j + 1];
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      i += 1;
    } else {
      j += 1;
    }
  }
  return [inA, inB];
}

/** The stretches of a line that were not kept; blanks between two of them belong to both. */
function spans(
  line: readonly string[],
  start: number,
  words: readonly string[],
  kept: ReadonlySet<number>
): readonly ISpan[] {
  const found: ISpan[] = [];
  let at = line.slice(0, start).join('').length;
  words.forEach((word, i) => {
    const last = found.at(-1);
    if (!kept.has(i)) {
      if (last?.to === at) {
        found[found.length - 1] = { from: last.from, to: at + word.length };
      } else {
        found.push({ from: at, to: at + word.length });
      }
    } else if (word.trim() === '' && last?.to === at && i + 1 < words.length && !kept.has(i + 1)) {
      found[found.length - 1] = { from: last.from, to: at + word.length };
    }
    at += word.length;
  });
  return found;
}
