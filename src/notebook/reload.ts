/**
 * What becomes of an open notebook when its file, or what the pipeline fills in, is no longer what
 * it was opened with. The rule above all: an edit is never lost, and nothing moves under running
 * cells.
 */

export interface ISituation {
  /** Are there changes that were not saved? */
  readonly dirty: boolean;
  /** Does the kernel work, or do cells wait for it? Then autosave may call the document clean. */
  readonly busy: boolean;
  /** Do others edit it, too? Then the server brings what changes on the disk. */
  readonly collaborative: boolean;
  /** Does the file hold something else than the document came from? */
  readonly sourceChanged: boolean;
  /** Would the cell that is filled in say something else? */
  readonly cellChanged: boolean;
}

export type Step =
  | 'nothing'
  /** Put the new text into the cell, and touch nothing else. */
  | 'replace cell'
  /** Read the file again. */
  | 'reload'
  /** Say what changed, and let the user choose when. */
  | 'offer';

export function whatToDo(situation: ISituation): Step {
  const { dirty, busy, collaborative, cellChanged } = situation;
  const sourceChanged = situation.sourceChanged && !collaborative;
  if (!sourceChanged && !cellChanged) {
    return 'nothing';
  }
  // If each of several browsers wrote the same text, it would be there several times.
  if (dirty || busy || collaborative) {
    return 'offer';
  }
  return sourceChanged ? 'reload' : 'replace cell';
}

/**
 * For each cell of a notebook that was read again, the index of the cell that it was before, or
 * null: as many as can be told apart, in the same order.
 */
export function sameCells(
  before: readonly string[],
  after: readonly string[]
): readonly (number | null)[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) {
    head += 1;
  }
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail += 1;
  }
  const [old, fresh] = [
    before.slice(head, before.length - tail),
    after.slice(head, after.length - tail)
  ];
  return [
    ...after.slice(0, head).map((_, index) => index),
    ...longestCommon(old, fresh).map(index => (index === null ? null : index + head)),
    ...after.slice(after.length - tail).map((_, index) => before.length - tail + index)
  ].slice(0, after.length);
}

/** Pairs of cells that are compared at most; beyond, those between head and tail count as new. */
const MOST_COMPARED = 4_000_000;

function longestCommon(
  before: readonly string[],
  after: readonly string[]
): readonly (number | null)[] {
  const [rows, columns] = [before.length + 1, after.length + 1];
  if (rows * columns > MOST_COMPARED) {
    return after.map(() => null);
  }
  // lengths[i * columns + j]: how many the rest from i and the rest from j have in common.
  const lengths = new Uint32Array(rows * columns);
  const at = (i: number, j: number): number => lengths[i * columns + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * columns + j] =
        before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found: (number | null)[] = [];
  for (let i = 0, j = 0; j < after.length;) {
    if (i < before.length && before[i] === after[j]) {
      found.push(i);
      i += 1;
      j += 1;
    } else if (i < before.length && at(i + 1, j) >= at(i, j + 1)) {
      i += 1;
    } else {
      found.push(null);
      j += 1;
    }
  }
  return found;
}
