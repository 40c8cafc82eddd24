import type { RunDetail, RunRequest } from '../../contract';
import { fakeRun } from '../../testing/fakeclient';
import { rerunOf } from '../rerun';

const REQUEST: RunRequest = {
  action: 'build',
  tasks: ['fit', 'old'],
  mode: 'from',
  force: false,
  jobs: 2,
  failFast: true
};

function detail(request: RunRequest | null): RunDetail {
  const tasks = { load: 'unchanged', fit: 'ok', old: 'failed' } as const;
  return { run: fakeRun('r', { state: 'failed', tasks }), request, attempts: [], notebooks: {} };
}

describe('A run once more', () => {
  it('asks for the same tasks in the same way, as far as they are there', () => {
    expect(rerunOf(detail(REQUEST), ['load', 'fit'], false)).toEqual({
      ...REQUEST,
      tasks: ['fit']
    });
  });

  it('asks for what it ran and for nothing else when it is forced', () => {
    expect(rerunOf(detail(REQUEST), ['load', 'fit'], true)).toEqual({
      tasks: ['fit'],
      mode: 'only',
      force: true,
      jobs: 2,
      failFast: true
    });
  });

  it('takes what it ran where nobody knows what it was asked for', () => {
    expect(rerunOf(detail(null), ['load', 'fit', 'old'], false)).toEqual({
      tasks: ['fit', 'old'],
      mode: 'only',
      force: false
    });
  });

  it('is never everything because nothing of it is left', () => {
    expect(rerunOf(detail(REQUEST), ['load'], false)).toBeNull();
    expect(rerunOf(detail(REQUEST), ['load'], true)).toBeNull();
  });

  it('is all of the pipeline when that was asked for', () => {
    expect(rerunOf(detail({ ...REQUEST, tasks: [] }), ['load'], false)?.tasks).toEqual([]);
  });
});
