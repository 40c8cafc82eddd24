import { nullTranslator } from '@jupyterlab/translation';

import type { Attempt, Reason } from '../contract';
import type { Action } from '../model';
import { stateOf } from '../taskstate';
import examples from '../testing/reasons.json';
import { fakeRun, fakeTask } from '../testing/fakeclient';
import { duration, lastCauses, reasonWords, runWords, size, stateWord } from '../words';

const trans = nullTranslator.load('jupyterlab-cauce');

const FAILED: Attempt = {
  run: 'r',
  outcome: 'failed',
  started: 100,
  ended: 101,
  cause: 'ValueError: not today\nand more',
  error: null
};

describe('The words for a run', () => {
  it.each([
    ['Building: 1 of 3 tasks done', 'running', 'build', { a: 'ok', b: 'running', c: 'waiting' }],
    ['Building: 1 of 2 tasks done, 1 failed', 'running', 'build', { a: 'failed', b: 'running' }],
    ['Evaluating…', 'running', 'evaluate', {}],
    ['2 tasks ran in 47 s', 'ok', 'build', { a: 'ok', b: 'ok', c: 'unchanged' }],
    ['Everything is up to date', 'ok', 'build', {}],
    ['1 task marked as up to date', 'ok', 'mark', { a: 'ok' }],
    ['Evaluated', 'ok', 'evaluate', {}],
    ['bad failed: ValueError: not today', 'failed', 'build', { a: 'ok', bad: 'failed' }],
    [
      'bad failed: ValueError: not today; 1 more failed; 2 skipped',
      'failed',
      'build',
      { bad: 'failed', b: 'crashed', c: 'skipped', d: 'skipped' }
    ],
    ['b failed', 'failed', 'build', { b: 'failed' }],
    ['Cancelled: 1 task had run', 'cancelled', 'build', { a: 'ok', b: 'cancelled' }],
    ['Cancelled', 'cancelled', 'build', { b: 'cancelled' }],
    ['as the server says', 'failed', 'build', { a: 'ok' }],
    ['bad ended the build early: ValueError: not today', 'ok', 'build', { bad: 'stopped' }],
    ['b ended the build early; 1 skipped', 'ok', 'build', { b: 'stopped', c: 'skipped' }],
    ['as the server says', 'ok', 'build', { a: 'ok', b: 'skipped' }],
    ['1 task ran in 47 s', 'ok', null, { a: 'ok' }],
    ['as the server says', 'ok', null, {}],
    ['as the server says', 'crashed', 'build', { a: 'running' }]
  ] as const)('are “%s”', (words, state, action: Action | null, tasks) => {
    const run = fakeRun('r', { state, tasks, ended: 147, message: 'as the server says' });
    const known = [fakeTask('bad', { lastAttempt: FAILED }), fakeTask('b')];
    expect(runWords(trans, run, action, lastCauses(run, known))).toBe(words);
  });
});

it('A run that this page did not start is told by what the server says that it is for', () => {
  const run = fakeRun('r', {
    state: 'ok',
    action: 'mark',
    tasks: { a: 'ok' },
    message: 'as the server says'
  });
  expect(runWords(trans, run, null, () => '')).toBe('1 task marked as up to date');
});

it('A run whose end nobody has written down was killed', () => {
  const run = fakeRun('r', { state: 'crashed', ended: null });
  expect(runWords(trans, run, null, () => '')).toBe('The builder was killed.');
});

describe('The word for a task', () => {
  const error = {
    name: 'ValueError',
    message: '',
    traceback: '',
    cell: 6,
    number: 4,
    line: 1,
    where: null,
    notebook: null
  };

  it.each([
    ['failed in cell [4]', fakeTask('t', { lastAttempt: { ...FAILED, error } })],
    ['failed', fakeTask('t', { lastAttempt: { ...FAILED, error: { ...error, number: null } } })],
    [
      'waiting to retry', // though its last attempt has failed
      fakeTask('t', {
        lastAttempt: { ...FAILED, error },
        activity: {
          state: 'running',
          run: 'r',
          started: 1,
          progress: null,
          retry: 'Attempt 2 of 3 in 4 s'
        }
      })
    ],
    [
      'starting',
      fakeTask('t', {
        activity: {
          state: 'running',
          run: 'r',
          started: 1,
          progress: { done: 0, total: 0 },
          retry: ''
        }
      })
    ]
  ])('is “%s”', (word, task) => {
    expect(stateWord(trans, task, stateOf(task, null, null))).toBe(word);
  });
});

describe('The words for a reason', () => {
  it.each(examples as readonly Reason[])(
    'are, in English, what the server says: $message',
    reason => {
      expect(reasonWords(trans, reason)).toBe(reason.message);
    }
  );
});

describe('Numbers', () => {
  afterEach(() => {
    document.documentElement.lang = '';
  });

  it('are written as the page’s language does', () => {
    document.documentElement.lang = 'es';
    expect(duration(trans, 2.44)).toBe('2,4 s');
    expect(size(1_240_000)).toBe('1,2 MB');
    document.documentElement.lang = 'en';
    expect(duration(trans, 2)).toBe('2 s');
    expect(size(1_000)).toBe('1.0 KB');
    expect(size(999)).toBe('999 B');
  });
});
