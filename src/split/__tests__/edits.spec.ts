import { fakeCells, fakeSplit } from '../../testing/fakeclient';
import {
  addCut,
  beginnings,
  call,
  follow,
  mannerOf,
  moveCut,
  newRequest,
  removeCut,
  rename,
  store,
  take,
  withManner
} from '../edits';
import { countTasks, foldedText, sectionsOf } from '../sections';
import { keyOf, rowsOf, walk } from '../walk';

/*  0 # Sales      load
    1 ## Load
    2 df = …
    3 ## Clean     clean
    4 df = …
    5 rate = 0.2
    6 ## Plot      plot
    7 plot(df, …)                */
const asked = newRequest('sales.ipynb');
const plan = fakeSplit(asked);

describe('Cuts', () => {
  it('are those of the plan until the user makes one', () => {
    expect(beginnings(asked, plan)).toEqual([0, 3, 6]);
    expect(addCut(asked, plan, 5).cuts).toEqual([0, 3, 5, 6]);
  });

  it('take along what was said of the task', () => {
    const named = call(rename(asked, 3, 'tidy'), '3:df', ' table ');
    const said = take(store(named, '3:df', 'csv'), 6, 'df', 3);
    const moved = moveCut(said, plan, 3, 5);
    expect(moved.cuts).toEqual([0, 5, 6]);
    // None is called otherwise because it begins with another heading.
    expect(moved.names).toEqual({ '0': 'load', '5': 'tidy', '6': 'plot' });
    expect(moved.formats).toEqual({ '5:df': 'csv' });
    expect(moved.keys).toEqual({ '5:df': 'table' });
    expect(call(moved, '5:df', '').keys).toEqual({});
    expect(moved.edges).toEqual([{ target: 6, name: 'df', source: 5 }]);
  });

  it('leave no task empty', () => {
    expect(moveCut(asked, plan, 3, 7).cuts).toEqual([0, 5, 6]);
    expect(moveCut(asked, plan, 3, 0).cuts).toEqual([0, 1, 6]);
    expect(moveCut(asked, plan, 0, 2)).toBe(asked);
    expect(addCut(asked, plan, 8)).toBe(asked);
  });

  it('that are removed join a task to the one before', () => {
    const said = take(take(rename(asked, 6, 'figure'), 6, 'df', 3), 6, 'raw', 0);
    const joined = removeCut(said, plan, 6);
    expect(joined.cuts).toEqual([0, 3]);
    expect(joined.names).toEqual({ '0': 'load', '3': 'clean' });
    // It takes nothing from itself, and goes on to take the rest.
    expect(joined.edges).toEqual([{ target: 3, name: 'raw', source: 0 }]);
    expect(removeCut(asked, plan, 0)).toBe(asked);
  });
});

it('changes how tasks begin, keeping the cuts that there are', () => {
  expect(mannerOf(asked, plan)).toEqual({ by: 'level', level: 2 });
  const byHand = withManner(asked, plan, { by: 'hand' });
  expect(byHand.cuts).toEqual([0, 3, 6]);
  expect(mannerOf(byHand, plan)).toEqual({ by: 'hand' });
  const one = withManner(byHand, plan, { by: 'nothing' });
  expect(mannerOf(one, plan)).toEqual({ by: 'nothing' });
  expect(withManner(one, plan, { by: 'level', level: 1 })).toMatchObject({
    level: 1,
    cuts: null,
    single: false
  });
});

it('follows a way out, and leaves the rest as it was', () => {
  const way = {
    message: '',
    level: null,
    cuts: [0, 3],
    formats: { '0:f': 'recreate' },
    definitions: {},
    repeated: { '1': false },
    single: false,
    trace: false,
    folder: '',
    pipeline: ''
  } as const;
  expect(follow(store({ ...asked, tests: true }, '3:df', 'csv'), way)).toEqual({
    ...asked,
    tests: true,
    cuts: [0, 3],
    formats: { '3:df': 'csv', '0:f': 'recreate' },
    repeated: { '1': false }
  });
});

describe('Sections', () => {
  it('have the names that are known while the server is asked', () => {
    const request = rename(addCut(asked, plan, 5), 6, 'figure');
    expect(sectionsOf(request, plan).map(({ name }) => name)).toEqual([
      'load',
      'clean',
      '',
      'figure'
    ]);
  });

  it('without code are part of the next task, at the end of the last', () => {
    const cells = fakeCells(['# Title', '## Load', 'a = 1', '## End', '## Really']);
    const request = { ...asked, cuts: [0, 1, 2, 3, 4] };
    const sections = sectionsOf(request, fakeSplit(request, { cells }));
    expect(sections.map(({ task, key }) => [task, key])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0]
    ]);
    expect(countTasks(sections)).toBe(1);
    const two = sectionsOf({ ...asked, cuts: [0, 3, 5] }, plan);
    expect(two.map(({ task, key, coded }) => [task, key, coded])).toEqual([
      [0, 0, true],
      [1, 3, true],
      [2, 5, true]
    ]);
  });

  it('show the beginning of a long cell, unless little would be left out', () => {
    const lines = (count: number): string => Array.from({ length: count }, () => 'x').join('\n');
    expect(foldedText(lines(9)).left).toBe(0);
    expect(foldedText(lines(20))).toEqual({ text: lines(7), left: 13 });
  });
});

describe('Keys', () => {
  const sections = sectionsOf(asked, plan);
  const rows = rowsOf(sections);
  const press = (key: string, row: string, more: { accel?: boolean; alt?: boolean } = {}) => {
    const at = rows.find(each => keyOf(each) === row);
    return at === undefined
      ? null
      : walk({ key, accel: false, alt: false, ...more }, at, rows, sections);
  };

  it.each([
    ['ArrowDown', 'h3', { do: 'go', row: { kind: 'cell', section: 1, cell: 3 } }],
    ['Enter', 'c4', { do: 'split', cell: 4 }],
    ['Enter', 'c3', null],
    ['Enter', 'h3', { do: 'rename', section: 1 }],
    ['F2', 'c7', { do: 'rename', section: 2 }],
    ['Delete', 'h3', { do: 'join', first: 3 }],
    ['Delete', 'c4', null],
    ['Delete', 'h0', null],
    ['ArrowRight', 'c4', { do: 'fold', cell: 4, folded: false }],
    ['x', 'c4', null]
  ])('%s at %s', (key, row, step) => {
    expect(press(key, row)).toEqual(step);
  });

  it('with Ctrl go from task to task, with Alt move the cut', () => {
    const accel = { accel: true };
    expect(press('ArrowDown', 'c1', accel)).toMatchObject({ row: { kind: 'head', cell: 3 } });
    expect(press('ArrowUp', 'c4', accel)).toMatchObject({ row: { kind: 'head', cell: 3 } });
    expect(press('ArrowUp', 'h3', { alt: true })).toEqual({ do: 'move', from: 3, to: 2 });
    expect(press('ArrowDown', 'h6', { alt: true })).toEqual({ do: 'move', from: 6, to: 7 });
    expect(press('ArrowUp', 'h0', { alt: true })).toBeNull();
  });
});
