import { fakeRun } from '../../testing/fakeclient';
import { parseFilter } from '../../filter';
import { filtered, joined, matrixOf, stepTo, withLatest } from '../matrix';

const DAY = 86_400;
const A = fakeRun('a', { state: 'ok', started: 10 * DAY, ended: 10 * DAY + 4, tasks: { x: 'ok' } });
const B = fakeRun('b', {
  state: 'ok',
  started: 11 * DAY,
  ended: 11 * DAY + 9,
  tasks: { old: 'ok' }
});
const C = fakeRun('c', { state: 'running', started: 11 * DAY + 60, tasks: { x: 'running' } });

describe('The grid of runs', () => {
  it('has the tasks in build order, then those that only past runs had', () => {
    const { rows } = matrixOf(['y', 'x'], [C, B, A], 12 * DAY);
    expect(rows).toEqual([
      { task: 'y', gone: false },
      { task: 'x', gone: false },
      { task: 'old', gone: true }
    ]);
  });

  it('has the rows alone that are looked for, of tasks that are gone by their names', () => {
    const whole = matrixOf(['y', 'x'], [C, B, A], 12 * DAY);
    const tasks = [
      { name: 'y', state: 'failed' as const, folder: 'steps', kind: 'script' },
      { name: 'x', state: 'fresh' as const, folder: '', kind: 'notebook' }
    ];
    const rows = (text: string): readonly string[] =>
      filtered(whole, parseFilter(text), tasks).rows.map(({ task }) => task);
    expect(filtered(whole, parseFilter(' '), tasks)).toBe(whole);
    expect(rows('old')).toEqual(['old']);
    expect(rows('state:failed,fresh')).toEqual(['y', 'x']);
    expect(rows('-state:failed')).toEqual(['x', 'old']);
    expect(rows('folder:steps')).toEqual(['y']);
    expect(filtered(whole, parseFilter('old'), tasks).runs).toBe(whole.runs);
  });

  it('tells days apart, and knows the longest run', () => {
    const { days, longest } = matrixOf([], [C, B, A], 11 * DAY + 70);
    expect(days.map(({ first, count }) => [first, count])).toEqual([
      [0, 2],
      [2, 1]
    ]);
    expect(longest).toBe(10);
  });
});

describe('The list of runs', () => {
  it('keeps what is older when its newest part is told again', () => {
    expect(joined([B, A], [C, B])).toEqual({ runs: [C, B, A], joins: true });
  });

  it('begins anew where the parts do not meet', () => {
    expect(joined([A], [C, B])).toEqual({ runs: [C, B], joins: false });
    expect(joined([], [C])).toEqual({ runs: [C], joins: false });
  });

  it('has the run that goes on as the snapshot tells it', () => {
    const ended = { ...C, state: 'ok' as const, ended: 11 * DAY + 80 };
    expect(withLatest([C, B], ended)).toEqual([ended, B]);
    expect(withLatest([B, A], C)).toEqual([C, B, A]);
    expect(withLatest([], C)).toEqual([C]);
    expect(withLatest([C, B], null)).toEqual([C, B]);
  });

  it('does not bring back a run that was deleted', () => {
    expect(withLatest([C], A)).toEqual([C]);
  });
});

describe('Keys in the grid', () => {
  const size = [10, 5] as const;

  it('go from cell to cell and stop at the edges', () => {
    expect(stepTo('ArrowDown', [0, 0], size, 4, false)).toEqual([1, 0]);
    expect(stepTo('ArrowLeft', [3, 0], size, 4, false)).toEqual([3, 0]);
    expect(stepTo('PageDown', [8, 2], size, 4, false)).toEqual([9, 2]);
    expect(stepTo('End', [3, 1], size, 4, false)).toEqual([3, 4]);
    expect(stepTo('Home', [3, 1], size, 4, true)).toEqual([0, 0]);
    expect(stepTo('a', [3, 1], size, 4, false)).toBeNull();
  });
});
