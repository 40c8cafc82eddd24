import { cellText, failingCell, lineOf, type ICell } from '../failing';

const NOTHING = { cell: null, text: null, line: null };

function code(...texts: string[]): ICell[] {
  return texts.map(text => ({ code: true, text }));
}

describe('The cell that failed', () => {
  it('is the one with the same text, though others were put before it', () => {
    const cells = code('new', 'a = 1', 'b = a / 0\n');
    const found = failingCell(cells, { ...NOTHING, cell: 1, text: 'b = a / 0' });
    expect(found).toEqual({ index: 2, same: true });
  });

  it('of several alike is the nearest', () => {
    const cells = code('f()', 'x', 'f()', 'y', 'f()');
    expect(failingCell(cells, { ...NOTHING, cell: 3, text: 'f()' })?.index).toBe(2);
  });

  it('that was edited is known by its line, else by its place', () => {
    const cells = code('a = 1', 'b = 2\nc = a / 0', 'd');
    expect(failingCell(cells, { cell: 2, text: 'c = a / 0', line: '  c = a / 0' })).toEqual({
      index: 1,
      same: false
    });
    expect(failingCell(cells, { ...NOTHING, cell: 2, text: 'gone' })).toEqual({
      index: 2,
      same: false
    });
  });

  it('is none of text, and none where there is nothing to go by', () => {
    const cells: ICell[] = [{ code: false, text: 'x' }, ...code('y')];
    expect(failingCell(cells, { ...NOTHING, cell: 0, text: 'x' })).toBeNull();
    expect(failingCell(cells, NOTHING)).toBeNull();
    expect(failingCell([], { cell: 3, text: 'a', line: 'b' })).toBeNull();
  });

  it('has its line', () => {
    const [cell] = code('a\n  b = 1\n');
    expect(cell === undefined ? null : lineOf(cell, 'b = 1')).toBe(1);
    expect(cell === undefined ? null : lineOf(cell, null)).toBeNull();
  });
});

describe('The text of a cell', () => {
  it.each([
    [{ cells: [{ source: 'a' }] }, 0, 'a'],
    [{ cells: [{ source: ['a\n', 'b'] }] }, 0, 'a\nb'],
    [{ cells: [{ source: 3 }] }, 0, null],
    [{ cells: {} }, 0, null],
    [null, 0, null],
    [{ cells: [] }, null, null]
  ])('of %j is read if it has one', (notebook, index, text) => {
    expect(cellText(notebook, index)).toBe(text);
  });
});
