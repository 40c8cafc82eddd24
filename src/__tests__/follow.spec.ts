import type { Task } from '../contract';
import { FollowRunning } from '../follow';
import { fakeRun, fakeSnapshot, fakeTask } from '../testing/fakeclient';
import { FakeLab } from '../testing/fakelab';

const ML = 'ml/pipeline.yaml';

let lab: FakeLab;
let revision = 0;

beforeEach(() => {
  lab = new FakeLab();
});

afterEach(() => {
  lab.dispose();
});

/** A run in which these tasks run, begun in that order. */
async function runs(run: string, ...names: readonly string[]): Promise<string | null> {
  const task = (name: string): Task => {
    const started = names.indexOf(name);
    const activity = { state: 'running', run, started, progress: null, retry: '' } as const;
    return fakeTask(name, started < 0 ? {} : { activity });
  };
  revision += 1;
  const parts = { revision, run: fakeRun(run) };
  await lab.show(fakeSnapshot(ML, ['a', 'b', 'c'].map(task), parts));
  return lab.model.selected;
}

it('selects what began last, until somebody selects something else', async () => {
  const follower = new FollowRunning(lab.model, () => true);
  expect(await runs('one', 'a')).toBe('a');
  expect(await runs('one', 'a', 'c')).toBe('c');
  lab.model.select('b');
  expect(await runs('one', 'a')).toBe('b');
  // The next build is another story.
  expect(await runs('two', 'a')).toBe('a');
  follower.dispose();
  expect(await runs('two', 'b')).toBe('a');
});

it('leaves the selection alone for those who do not wish it', async () => {
  const follower = new FollowRunning(lab.model, () => false);
  expect(await runs('one', 'a')).toBeNull();
  follower.dispose();
});
