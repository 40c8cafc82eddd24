import { Notification } from '@jupyterlab/apputils';

import { isTold, requestAgain } from '../actions/ending';
import { fakeRun, fakeSnapshot, fakeSplitRun, fakeTask } from '../testing/fakeclient';
import { appears, FakeLab } from '../testing/fakelab';

const ML = 'ml/pipeline.yaml';

it.each([
  ['always', 1, true, true],
  ['away', 1, true, false],
  ['away', 1, false, true],
  ['away', 10, true, true],
  ['never', 1000, false, false]
] as const)('notify %s, took %i s, seen %s: %s', (notify, took, seen, told) => {
  const run = fakeRun('r', { state: 'ok', started: 100, ended: 100 + took });
  expect(isTold({ notify, notifyAfter: 10 }, run, seen)).toBe(told);
});

describe('Running again', () => {
  const tasks = { a: 'ok', b: 'failed', c: 'skipped', d: 'unchanged' } as const;
  const failed = fakeRun('r', { state: 'failed', tasks });

  it('is about what was left undone, and nothing else', () => {
    expect(requestAgain(failed, null)).toEqual({ tasks: ['b', 'c'] });
    expect(requestAgain(fakeRun('r', { state: 'ok', tasks }), null)).toBeNull();
  });

  it('leaves out again what was left out, and asks for nothing that was not', () => {
    const from = { tasks: ['b'], mode: 'from', jobs: 2 } as const;
    expect(requestAgain(failed, from)).toEqual({ tasks: ['b', 'c'], mode: 'only', jobs: 2 });
    expect(requestAgain(failed, { force: true })).toEqual({ tasks: ['b', 'c'], force: true });
    expect(requestAgain(failed, { action: 'evaluate' })).toEqual({ action: 'evaluate' });
  });

  it('is the same once more where there are too many to be named', () => {
    const many = Object.fromEntries(
      [...Array(1001).keys()].map(number => [`t${String(number)}`, 'skipped'] as const)
    );
    const run = fakeRun('r', { state: 'cancelled', tasks: many });
    expect(requestAgain(run, null)).toEqual({ tasks: [] });
    expect(requestAgain(run, { tasks: ['x'], mode: 'from' })).toEqual({
      tasks: ['x'],
      mode: 'from'
    });
  });
});

describe('A build that ends while nobody looks', () => {
  let lab: FakeLab;

  beforeEach(() => {
    lab = new FakeLab();
  });

  afterEach(() => {
    lab.dispose();
    Notification.dismiss();
  });

  async function told(run: Parameters<typeof fakeRun>[1]): Promise<Notification.INotification> {
    await lab.show(fakeSnapshot(ML, [fakeTask('a')], { run: fakeRun('r', { tasks: {} }) }));
    const ended = fakeRun('r', { ended: 101, ...run });
    await lab.show(fakeSnapshot(ML, [fakeTask('a')], { revision: 2, run: ended }));
    return appears(() => Notification.manager.notifications[0]);
  }

  it('is told, with what one would do next', async () => {
    const notification = await told({ state: 'failed', tasks: { a: 'failed' } });
    const { actions, autoClose } = notification.options;
    expect(notification.message).toBe('a failed');
    expect(autoClose).toBe(false);
    expect(actions?.map(action => action.label)).toEqual(['Show', 'Rerun']);
    actions?.[1]?.callback(new MouseEvent('click'));
    await appears(() => lab.client.calls.find(call => call.startsWith('start ')));
    expect(lab.client.calls).toContain(`start ${ML} {"tasks":["a"]}`);
    expect(lab.model.selected).toBe('a');
  });

  it('leaves one in peace who wishes that', async () => {
    lab.settings.set({ notify: 'never' });
    await lab.show(fakeSnapshot(ML, [fakeTask('a')], { run: fakeRun('r') }));
    const ended = fakeRun('r', { state: 'ok', ended: 101 });
    await lab.show(fakeSnapshot(ML, [fakeTask('a')], { revision: 2, run: ended }));
    expect(Notification.manager.notifications).toEqual([]);
  });

  it('is told once when it is that of a proof: with what the proof came to', async () => {
    lab.client.splitRuns.set('proof', fakeSplitRun({ state: 'running' }));
    const proving = lab.actions.splitting.prove('sales.ipynb', ML);
    await lab.show(fakeSnapshot(ML, [fakeTask('a')], { run: fakeRun('r') }));
    const ended = fakeRun('r', { state: 'ok', ended: 101 });
    await lab.show(fakeSnapshot(ML, [fakeTask('a')], { revision: 2, run: ended }));
    lab.client.splitRuns.set('proof', fakeSplitRun({ state: 'cancelled' }));
    await proving;
    const said = Notification.manager.notifications.map(each => each.message);
    expect(said).toEqual(['The proof was stopped.']);
  });
});

describe('What the user’s settings say', () => {
  it('is added to builds that say nothing else', async () => {
    const lab = new FakeLab();
    await lab.show(fakeSnapshot(ML, [fakeTask('a')]));
    lab.settings.set({ jobs: 3, failFast: true });
    await lab.actions.running.build({ tasks: ['a'] });
    await lab.actions.running.build({ jobs: 1, failFast: false });
    await lab.actions.running.evaluate();
    expect(lab.client.calls.filter(call => call.startsWith('start '))).toEqual([
      `start ${ML} {"jobs":3,"failFast":true,"tasks":["a"]}`,
      `start ${ML} {"jobs":1,"failFast":false}`,
      `start ${ML} {"action":"evaluate"}`
    ]);
    lab.dispose();
  });
});
