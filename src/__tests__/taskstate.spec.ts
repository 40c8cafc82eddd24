import type { Attempt } from '../contract';
import { fromServerRoot } from '../paths';
import { writeStarter, STARTER_FILES, type IFiles } from '../starter';
import { MARKS, mainReason, stateOf } from '../taskstate';
import { fakeReason, fakeRun, fakeTask } from '../testing/fakeclient';

function ended(outcome: Attempt['outcome']): Attempt {
  return { run: 'r', outcome, started: 1, ended: 2, cause: '', error: null };
}

const STALE = { state: 'stale', reasons: [fakeReason('code_changed')] } as const;

describe('The state of a task', () => {
  it.each([
    ['never', fakeTask('t')],
    [
      'fresh',
      fakeTask('t', { freshness: { state: 'fresh', reasons: [] }, lastAttempt: ended('ok') })
    ],
    ['stale', fakeTask('t', { freshness: STALE, lastAttempt: ended('ok') })],
    ['failed', fakeTask('t', { freshness: STALE, lastAttempt: ended('failed') })],
    ['failed', fakeTask('t', { freshness: STALE, lastAttempt: ended('crashed') })],
    ['cancelled', fakeTask('t', { freshness: STALE, lastAttempt: ended('cancelled') })],
    ['skipped', fakeTask('t', { freshness: STALE, lastAttempt: ended('skipped') })],
    ['broken', fakeTask('t', { sound: false, lastAttempt: ended('failed') })],
    ['blocked', fakeTask('t', { freshness: { state: 'unknown', reasons: [] } })],
    [
      'running',
      fakeTask('t', {
        activity: { state: 'running', run: 'r', started: 1, progress: null, retry: '' }
      })
    ],
    [
      'waiting',
      fakeTask('t', {
        activity: { state: 'waiting', run: 'r', started: null, progress: null, retry: '' }
      })
    ]
  ] as const)('is %s', (state, task) => {
    expect(stateOf(task, null, null)).toBe(state);
  });

  it('is asked from the press of its button until the server tells', () => {
    expect(stateOf(fakeTask('t'), null, { tasks: ['t'] })).toBe('asked');
    expect(stateOf(fakeTask('t'), null, { tasks: [] })).toBe('never');
    const running = fakeTask('t', {
      activity: { state: 'running', run: 'r', started: 1, progress: null, retry: '' }
    });
    expect(stateOf(running, null, { tasks: ['t'] })).toBe('running');
  });

  it('is skipped in a run that passed it over', () => {
    const run = fakeRun('r', { tasks: { t: 'skipped' } });
    expect(stateOf(fakeTask('t'), run, null)).toBe('skipped');
  });

  it('has a sign of its own', () => {
    const signs = Object.values(MARKS).map(mark => mark.line + (mark.fill ?? ''));
    expect(new Set(signs).size).toBe(signs.length);
  });

  it('is explained by the reason that says most', () => {
    const reasons = [
      fakeReason('upstream_stale'),
      fakeReason('params_changed'),
      fakeReason('upstream_changed')
    ];
    const task = fakeTask('t', { freshness: { state: 'stale', reasons } });
    expect(mainReason(task)?.kind).toBe('params_changed');
    expect(mainReason(fakeTask('t', { freshness: { state: 'fresh', reasons: [] } }))).toBeNull();
  });
});

describe('A path of the project', () => {
  it.each([
    ['', 'tasks/a.py', 'tasks/a.py'],
    ['ml', 'tasks/a.py', 'ml/tasks/a.py'],
    ['ml/x', '../shared/a.py', 'ml/shared/a.py'],
    ['ml', './a.py', 'ml/a.py'],
    ['ml', '../../a.py', null],
    ['ml', '/etc/passwd', null]
  ])('below “%s”, %s is %s for JupyterLab', (root, path, expected) => {
    expect(fromServerRoot({ root }, path)).toBe(expected);
  });
});

describe('The example for an empty folder', () => {
  /** A disk behind a contents API. */
  class Disk implements IFiles {
    readonly files = new Map<string, string | undefined>();

    get(path: string): Promise<unknown> {
      return this.files.has(path)
        ? Promise.resolve({ path })
        : Promise.reject(
            Object.assign(new Error('Not found'), { response: { status: 404 } as Response })
          );
    }

    save(path: string, model: { content?: string }): Promise<unknown> {
      this.files.set(path, model.content);
      return Promise.resolve({ path });
    }
  }

  it('is written whole', async () => {
    const disk = new Disk();
    expect(await writeStarter(disk, 'new')).toEqual([]);
    for (const { path, content } of STARTER_FILES) {
      expect(disk.files.get(`new/${path}`)).toBe(content);
    }
  });

  it('overwrites nothing, and then writes nothing', async () => {
    const disk = new Disk();
    disk.files.set('tasks', undefined);
    disk.files.set('tasks/get.py', 'mine');
    expect(await writeStarter(disk, '')).toEqual(['tasks/get.py']);
    expect([...disk.files.keys()]).toEqual(['tasks', 'tasks/get.py']);
    expect(disk.files.get('tasks/get.py')).toBe('mine');
  });
});
