import { Signal } from '@lumino/signaling';

import { ActiveBuilds } from '../builds';
import { REVISION_SCHEMA, type ActiveBuild } from '../contract';
import { CauceError } from '../errors';
import { RunningBuilds } from '../status/running';
import { fakeRun, fakeSnapshot, fakeTask } from '../testing/fakeclient';
import { appears, FakeLab } from '../testing/fakelab';

const ML = 'ml/pipeline.yaml';
const BUILD: ActiveBuild = {
  pipeline: ML,
  name: 'ml',
  run: 'r',
  started: 1,
  done: 0,
  total: 2,
  failed: 0,
  host: 'here',
  user: 'me'
};

let lab: FakeLab;
let looks: boolean;
let builds: ActiveBuilds;
const stream = {};
const events = new Signal<object, { readonly schema_id: string }>(stream);

beforeEach(() => {
  lab = new FakeLab();
  looks = false;
  const { client, model } = lab;
  builds = new ActiveBuilds({ client, model, events, looks: () => looks });
});

afterEach(() => {
  builds.dispose();
  lab.dispose();
});

it('asks when our own pipeline begins to be built, and ends', async () => {
  await lab.show(fakeSnapshot(ML, [fakeTask('a')]));
  expect(lab.client.calls).not.toContain('builds');
  lab.client.active = [BUILD];
  await lab.show(fakeSnapshot(ML, [fakeTask('a')], { revision: 2, run: fakeRun('r') }));
  await appears(() => builds.current[0]);
  lab.client.active = [];
  const run = fakeRun('r', { state: 'ok', ended: 2 });
  await lab.show(fakeSnapshot(ML, [fakeTask('a')], { revision: 3, run }));
  await appears(() => (builds.current.length === 0 ? true : null));
});

it('asks on news of any pipeline while somebody looks, and not else', async () => {
  lab.client.active = [BUILD];
  events.emit({ schema_id: REVISION_SCHEMA });
  expect(lab.client.calls).toEqual([]);
  looks = true;
  events.emit({ schema_id: REVISION_SCHEMA });
  await appears(() => builds.current[0]);
  // A server that cannot be reached has not ended what it builds.
  lab.client.failure = CauceError.fromNetwork(new Error('gone'));
  await builds.refresh();
  expect(builds.current).toEqual([BUILD]);
});

it('is an entry among what runs, which shows or cancels it', async () => {
  lab.client.active = [BUILD];
  await builds.refresh();
  const shown: string[] = [];
  const failures: unknown[] = [];
  const manager = new RunningBuilds({
    builds,
    trans: lab.trans,
    open: pipeline => shown.push(pipeline),
    failed: error => failures.push(error)
  });
  const [item] = manager.running();
  expect(item?.label()).toBe('ml: 0 of 2 tasks done');
  item?.open?.();
  expect(shown).toEqual([ML]);
  item?.shutdown?.();
  await appears(() => lab.client.calls.find(call => call === `cancel ${ML} r`));
  lab.client.failure = CauceError.fromReply(403, {
    code: 'not_permitted',
    message: 'It is Eve’s.'
  });
  manager.shutdownAll();
  await appears(() => failures[0]);
});
