import { CauceError } from '../errors';
import { newRequest, rename } from '../split/edits';
import { SplitModel } from '../splitmodel';
import { FakeClient, fakeSplit, fakeSplitRun } from '../testing/fakeclient';

let client: FakeClient;
let model: SplitModel;

beforeEach(() => {
  jest.useFakeTimers();
  client = new FakeClient();
});

afterEach(() => {
  model.dispose();
  jest.useRealTimers();
});

/** Open a notebook, and let the server answer. */
async function open(): Promise<void> {
  model = new SplitModel(client, newRequest('a.ipynb'));
  await settled();
}

/** Whatever is waited for comes. */
async function settled(): Promise<void> {
  await jest.advanceTimersByTimeAsync(1000);
}

function plans(): number {
  return client.calls.filter(call => call.startsWith('plan split')).length;
}

it('asks once for edits that come soon after each other, and no more than one thing at a time', async () => {
  await open();
  expect(model.plan?.tasks.map(task => task.name)).toEqual(['load', 'clean', 'plot']);
  const before = plans();
  model.edit(rename(model.request, 3, 't'), 'name');
  model.edit(rename(model.request, 3, 'ti'), 'name');
  model.edit(rename(model.request, 3, 'tidy'), 'name');
  expect(model.asking).toBe(true);
  await settled();
  expect(model.asking).toBe(false);
  expect(plans()).toBe(before + 1);
  expect(model.plan?.tasks[1]?.name).toBe('tidy');

  // As if it was one edit.
  model.undo();
  expect(model.canUndo).toBe(false);
  expect(model.request.names).toEqual({});
  model.redo();
  expect(model.request.names).toEqual({ '3': 'tidy' });
});

it('keeps the plan before when the server refuses, and says why', async () => {
  await open();
  client.failure = CauceError.fromReply(400, { code: 'usage', message: 'No.', hint: 'Yes.' });
  model.edit({ ...model.request, pipeline: 'x' });
  await settled();
  expect(model.error?.hint).toBe('Yes.');
  expect(model.plan?.tasks).toHaveLength(3);
  expect(model.asking).toBe(false);
  client.failure = null;
  model.undo();
  await settled();
  expect(model.error).toBeNull();
});

it('writes what was planned of this very file', async () => {
  await open();
  expect((await model.apply())?.pipeline).toBe('pipeline.yaml');
  expect(client.calls.at(-1)).toMatch(/^apply split d1 /);

  client.failure = CauceError.fromReply(409, { code: 'file-changed', message: 'Changed.' });
  expect(await model.apply()).toBeNull();
  expect(model.outdated).toBe(true);
  client.failure = null;
  client.onPlanSplit = request => fakeSplit(request, { digest: 'd2' });
  model.again();
  await settled();
  expect(model.outdated).toBe(false);
  await model.apply();
  expect(client.calls.at(-1)).toMatch(/^apply split d2 /);
});

it('notices that cells were edited under cuts that the user has made', async () => {
  await open();
  model.edit({ ...model.request, cuts: [0, 4] });
  client.onPlanSplit = request => fakeSplit(request, { digest: 'd2' });
  await settled();
  expect(model.outdated).toBe(true);
});

it('follows a run of the notebook, and plans again with what it has shown', async () => {
  await open();
  client.splitRuns.set('trace', fakeSplitRun({ state: 'running', done: 1, total: 3 }));
  await model.startTrace();
  expect(model.trace?.done).toBe(1);
  const before = plans();
  client.onPlanSplit = request => fakeSplit(request, { traced: true });
  client.splitRuns.set('trace', fakeSplitRun({ state: 'done', done: 3, total: 3 }));
  await settled();
  expect(model.trace?.state).toBe('done');
  expect(plans()).toBe(before + 1);
  expect(model.plan?.traced).toBe(true);
});

it('finds a run that goes on since before, and stops it', async () => {
  client.splitRuns.set('trace', fakeSplitRun({ state: 'running' }));
  await open();
  expect(model.trace?.state).toBe('running');
  await model.cancelTrace();
  expect(model.trace?.state).toBe('cancelled');
});

it('is told of the run that was begun, though an answer about an earlier one comes late', async () => {
  let answer = (): void => undefined;
  client.gate = new Promise(resolve => {
    answer = resolve;
  });
  model = new SplitModel(client, newRequest('a.ipynb')); // it looks whether there is a run
  client.gate = null;
  client.splitRuns.set('trace', fakeSplitRun({ state: 'running', done: 1, total: 3 }));
  await model.startTrace();
  client.splitRuns.set('trace', fakeSplitRun({ state: 'done', done: 3, total: 3 }));
  answer();
  await jest.advanceTimersByTimeAsync(0);
  expect(model.trace?.state).toBe('running');
  await settled();
  expect(model.trace?.state).toBe('done');
});
