import { nullTranslator } from '@jupyterlab/translation';

import { fakeReason, fakeRun, fakeSnapshot, fakeTask } from '../../testing/fakeclient';
import type { Run, Task } from '../../contract';
import { buildLabel } from '../running';
import { standingOf } from '../standing';

const trans = nullTranslator.load('jupyterlab-cauce');
const FRESH = { freshness: { state: 'fresh', reasons: [] } } as const;

function told(tasks: readonly Task[], run: Run | null = null, asked = false): unknown[] {
  const snapshot = fakeSnapshot('ml/pipeline.yaml', tasks, { run });
  const standing = standingOf(trans, snapshot, asked ? { tasks: [] } : null, null);
  return [standing.state, standing.text, standing.progress, standing.task];
}

function failed(name: string): Task {
  const lastAttempt = {
    run: 'r',
    outcome: 'failed',
    started: 1,
    ended: 2,
    cause: 'ValueError',
    error: null
  } as const;
  const reasons = [fakeReason('last_run_failed')];
  return fakeTask(name, { lastAttempt, freshness: { state: 'stale', reasons } });
}

it('says what matters most, and which task that is', () => {
  expect(told([fakeTask('a', FRESH), fakeTask('b', FRESH)])).toEqual([
    'fresh',
    'up to date',
    null,
    null
  ]);
  expect(told([fakeTask('a', FRESH), fakeTask('b')])).toEqual([
    'stale',
    '1 out of date',
    null,
    null
  ]);
  expect(told([fakeTask('a'), failed('b'), failed('c')])).toEqual([
    'failed',
    '2 tasks failed',
    null,
    'b'
  ]);
  expect(told([fakeTask('a')], null, true)).toEqual(['asked', 'starting…', 0, null]);
});

it('says how far a build is, and points to the first failure of it', () => {
  const running = {
    activity: { state: 'running', run: 'r', started: 5, progress: null, retry: '' }
  } as const;
  const tasks = [fakeTask('a', FRESH), fakeTask('b', running), failed('c'), fakeTask('d')];
  const going = { a: 'ok', b: 'running', d: 'waiting' } as const;
  expect(told(tasks, fakeRun('r', { tasks: going }))).toEqual(['running', '1/3', 1 / 3, 'b']);
  const worse = fakeRun('r', { tasks: { ...going, c: 'failed' } });
  expect(told(tasks, worse)).toEqual(['running', '2/4', 0.5, 'c']);
  // Planned is nothing yet.
  expect(told(tasks, fakeRun('r'))).toEqual(['running', 'starting…', 0, 'b']);
});

it('names a build with its progress', () => {
  const build = {
    pipeline: 'ml/pipeline.yaml',
    name: 'ml',
    run: 'r',
    started: 1,
    done: 3,
    total: 7,
    failed: 0,
    host: 'here',
    user: 'me'
  };
  expect(buildLabel(trans, build)).toBe('ml: 3 of 7 tasks done');
  expect(buildLabel(trans, { ...build, failed: 2 })).toBe('ml: 3 of 7 tasks done, 2 failed');
  expect(buildLabel(trans, { ...build, total: 0, done: 0 })).toBe('ml: starting…');
});
