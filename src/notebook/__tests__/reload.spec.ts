import { sameCells, whatToDo, type ISituation, type Step } from '../reload';

const QUIET: ISituation = {
  dirty: false,
  busy: false,
  collaborative: false,
  sourceChanged: false,
  cellChanged: false
};

describe('What becomes of an open notebook', () => {
  const cell = { cellChanged: true };
  const source = { sourceChanged: true };
  it.each<[string, Partial<ISituation>, Step]>([
    ['nothing changed', {}, 'nothing'],
    ['nothing changed but what the user does', { dirty: true, busy: true }, 'nothing'],
    ['new values', cell, 'replace cell'],
    ['new values while cells run', { ...cell, busy: true }, 'offer'],
    ['new values beside edits', { ...cell, dirty: true }, 'offer'],
    ['another file', source, 'reload'],
    ['another file and new values', { ...source, ...cell }, 'reload'],
    ['another file beside edits', { ...source, dirty: true }, 'offer'],
    ['another file after an autosave in the middle of a run', { ...source, busy: true }, 'offer'],
    ['another file, which the server brings', { ...source, collaborative: true }, 'nothing'],
    ['new values where several write', { ...cell, collaborative: true }, 'offer']
  ])('%s', (_, parts, step) => {
    expect(whatToDo({ ...QUIET, ...parts })).toBe(step);
  });
});

describe('Which cells are the same', () => {
  it.each<[string, string, (number | null)[]]>([
    ['abc', 'abc', [0, 1, 2]],
    ['abc', 'aXc', [0, null, 2]],
    ['abc', 'Xabc', [null, 0, 1, 2]],
    ['abcd', 'acd', [0, 2, 3]],
    ['abcd', 'abdXc', [0, 1, 3, null, null]],
    ['aa', 'aaa', [0, 1, null]],
    ['', 'ab', [null, null]],
    ['ab', '', []]
  ])('of %j and %j', (before, after, same) => {
    const found = sameCells(Array.from(before), Array.from(after));
    expect(found).toEqual(same);
  });
});
