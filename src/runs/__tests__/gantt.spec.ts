import type { RunAttempt, RunDetail } from '../../contract';
import { fakeRun } from '../../testing/fakeclient';
import { ganttOf, ticksOf } from '../gantt';

function attempt(
  task: string,
  started: number,
  ended: number | null,
  parts: Partial<RunAttempt> = {}
): RunAttempt {
  const outcome = ended === null ? 'running' : 'ok';
  return { task, number: 1, outcome, started, ended, cause: '', upstream: [], ...parts };
}

//  load ─► fit (fails once) ─► report      side, which found no place at first
const DETAIL: RunDetail = {
  run: fakeRun('r', {
    state: 'ok',
    started: 100,
    ended: 112,
    tasks: { load: 'ok', side: 'ok', fit: 'ok', report: 'ok', rest: 'unchanged' }
  }),
  request: null,
  attempts: [
    attempt('load', 100, 102),
    attempt('side', 102, 103),
    attempt('fit', 102, 104, { outcome: 'failed', cause: 'x', upstream: ['load'] }),
    attempt('fit', 107, 110, { number: 2, upstream: ['load'] }),
    attempt('report', 110, 112, { upstream: ['fit', 'rest'] })
  ],
  notebooks: {}
};

describe('A run in time', () => {
  const { from, to, bars } = ganttOf(DETAIL, 500);
  const spans = (task: string): readonly string[] =>
    (bars.find(bar => bar.task === task)?.spans ?? []).map(
      span =>
        `${span.kind} ${String(span.from)}-${String(span.to)}${span.outcome === 'failed' ? ' failed' : ''}`
    );

  it('is as long as the run was', () => {
    expect([from, to]).toEqual([100, 112]);
  });

  it('tells waiting, attempts and the time between them apart', () => {
    expect(spans('load')).toEqual(['ran 100-102']);
    expect(spans('side')).toEqual(['waited 100-102', 'ran 102-103']);
    expect(spans('fit')).toEqual(['ran 102-104 failed', 'rested 104-107', 'ran 107-110']);
    expect(spans('rest')).toEqual([]);
  });

  it('marks what its end waited for', () => {
    expect(bars.filter(bar => bar.critical).map(bar => bar.task)).toEqual([
      'load',
      'fit',
      'report'
    ]);
  });

  it('goes on until now while it runs, and no path is known yet', () => {
    const live = ganttOf(
      {
        ...DETAIL,
        run: { ...DETAIL.run, state: 'running', ended: null },
        attempts: [attempt('load', 100, 102), attempt('fit', 102, null, { upstream: ['load'] })]
      },
      105
    );
    expect(live.to).toBe(105);
    expect(live.bars.find(bar => bar.task === 'fit')?.spans[0]).toMatchObject({
      from: 102,
      to: 105
    });
    expect(live.bars.some(bar => bar.critical)).toBe(false);
  });
});

describe('Marks on the axis', () => {
  it('are round, and not too many', () => {
    expect(ticksOf(12, 4)).toEqual([0, 5, 10]);
    expect(ticksOf(100, 4)).toEqual([0, 30, 60, 90]);
    expect(ticksOf(0.3, 3)).toHaveLength(4);
    expect(ticksOf(0, 5)).toEqual([0]);
    expect(ticksOf(3 * 86_400, 2)).toEqual([0, 2 * 86_400]);
  });
});
