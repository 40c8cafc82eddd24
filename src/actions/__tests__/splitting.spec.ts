import { Notification } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';

import { CauceError } from '../../errors';
import { fakeSplitRun } from '../../testing/fakeclient';
import { FakeLab } from '../../testing/fakelab';
import { Actions } from '../actions';

const kept = new Map<string, ReadonlyPartialJSONValue>();
const memory = {
  fetch: (id: string) => Promise.resolve(kept.get(id)),
  save: (id: string, value: ReadonlyPartialJSONValue) => Promise.resolve(kept.set(id, value))
};
const lab = new FakeLab();

function said(): readonly string[] {
  return Notification.manager.notifications.map(each => each.message);
}

/** A page with the memory of those before it. */
function page(): Actions {
  return new Actions({ ...lab.options, memory });
}

afterEach(() => {
  Notification.manager.dismiss();
  jest.useRealTimers();
});

it('A proof that an earlier page has begun is told of until it has ended, and then no more', async () => {
  jest.useFakeTimers();
  lab.client.splitRuns.set('proof', fakeSplitRun({ state: 'running', done: 1, total: 3 }));
  const proving = page().splitting.prove('sales.ipynb', 'pipeline.yaml');
  await jest.advanceTimersByTimeAsync(0);
  const left = kept.get('jupyterlab-cauce:proofs') ?? [];
  lab.client.splitRuns.set('proof', fakeSplitRun({ state: 'cancelled' }));
  await jest.advanceTimersByTimeAsync(1000);
  await proving;
  Notification.manager.dismiss();

  // As a page that was left instead leaves it.
  kept.set('jupyterlab-cauce:proofs', left);
  lab.client.splitRuns.set('proof', fakeSplitRun({ state: 'running', done: 1, total: 3 }));
  const later = page();
  const told = later.splitting.takeUpProofs();
  await jest.advanceTimersByTimeAsync(0);
  expect(said()).toEqual(['Comparing the pipeline with the notebook: 1 of 3 tasks']);
  lab.client.splitRuns.set('proof', fakeSplitRun({ state: 'failed', message: 'No kernel.' }));
  await jest.advanceTimersByTimeAsync(1000);
  await told;
  expect(said()).toEqual(['It could not be proved. No kernel.']);

  Notification.manager.dismiss();
  await page().splitting.takeUpProofs();
  expect(said()).toEqual([]);
});

it('A proof of which the server knows nothing is forgotten; one that it cannot tell of is not', async () => {
  kept.set('jupyterlab-cauce:proofs', ['sales.ipynb']);
  lab.client.failure = CauceError.fromNetwork(new Error('no server'));
  await page().splitting.takeUpProofs();
  expect(kept.get('jupyterlab-cauce:proofs')).toEqual(['sales.ipynb']);
  lab.client.failure = null;
  lab.client.splitRuns.clear();
  await page().splitting.takeUpProofs();
  expect(kept.get('jupyterlab-cauce:proofs')).toEqual([]);
  expect(said()).toEqual([]);
});
