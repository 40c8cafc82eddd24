import type { RunComparison, RunDetail } from '../contract';
import { appears, FakeLab } from '../testing/fakelab';
import { fakeRun, fakeSnapshot, fakeTask } from '../testing/fakeclient';

const ML = 'ml/pipeline.yaml';

const RUNS = ['d', 'c', 'b', 'a'].map((id, i) =>
  fakeRun(id, { state: 'ok', started: 400 - i * 100, ended: 410 - i * 100, tasks: { fit: 'ok' } })
);
const [D, C] = RUNS;

let lab: FakeLab;

beforeEach(async () => {
  lab = new FakeLab();
  lab.client.pastRuns = RUNS;
  lab.client.pageOfRuns = 2;
  await lab.show(fakeSnapshot(ML, [fakeTask('fit')], { run: D ?? null }));
  lab.lookers.set(lab, true);
});

afterEach(() => {
  lab.dispose();
});

function known(): string {
  return (lab.runsModel.runs ?? []).map(run => run.id).join('');
}

async function until(sought: () => boolean): Promise<void> {
  await appears(() => (sought() ? true : null));
}

function detail(run: string): RunDetail {
  const found = RUNS.find(each => each.id === run) ?? fakeRun(run);
  return { run: found, request: null, attempts: [], notebooks: {} };
}

describe('Past runs', () => {
  it('are fetched when somebody looks, page by page', async () => {
    expect(lab.client.calls.some(call => call.startsWith('runs'))).toBe(false);
    lab.runsModel.follow();
    await until(() => known() === 'dc');
    expect(lab.runsModel.more).toBe(true);
    await lab.runsModel.loadMore();
    expect(known()).toBe('dcba');
    expect(lab.runsModel.more).toBe(false);
  });

  it('are the same list as long as they are the same runs, so that nothing is drawn again', async () => {
    lab.runsModel.follow();
    await until(() => known() === 'dc');
    const { runs } = lab.runsModel;
    lab.model.select('fit');
    expect(lab.runsModel.runs).toBe(runs);
    const running = fakeRun('e', { started: 500 });
    await lab.show(fakeSnapshot(ML, [fakeTask('fit')], { revision: 2, run: running }));
    expect(known()).toBe('edc');
  });

  it('are fetched again when a run begins and when it ends, and older ones stay', async () => {
    lab.runsModel.follow();
    await until(() => known() === 'dc');
    await lab.runsModel.loadMore();
    const running = fakeRun('e', { started: 500, tasks: { fit: 'running' } });
    lab.client.pastRuns = [running, ...RUNS];
    await lab.show(fakeSnapshot(ML, [fakeTask('fit')], { revision: 2, run: running }));
    await until(() => known() === 'edcba');

    const ended = { ...running, state: 'ok' as const, ended: 510 };
    await lab.show(fakeSnapshot(ML, [fakeTask('fit')], { revision: 3, run: ended }));
    expect(lab.runsModel.runs?.[0]?.state).toBe('ok');
  });

  it('are those of the pipeline that is looked at', async () => {
    lab.runsModel.follow();
    await until(() => known() === 'dc');
    lab.runsModel.choose('c');
    lab.client.pastRuns = [];
    lab.client.snapshots.set('other.yaml', fakeSnapshot('other.yaml', [fakeTask('x')]));
    await lab.model.choose('other.yaml');
    await until(() => lab.runsModel.runs?.length === 0);
    expect(lab.runsModel.chosen).toBeNull();
  });

  it('are told one by one, and compared', async () => {
    lab.client.runDetails.set('c', detail('c'));
    const comparison: RunComparison = {
      before: C ?? fakeRun(''),
      after: D ?? fakeRun(''),
      tasks: []
    };
    lab.client.comparisons.set('d c', comparison);
    lab.runsModel.follow();
    await until(() => known() === 'dc');
    lab.runsModel.choose('c');
    await until(() => lab.runsModel.detail !== null);
    lab.runsModel.compareWith('d');
    await until(() => lab.runsModel.comparison === comparison);
    lab.runsModel.choose('d');
    expect(lab.runsModel.comparison).toBeNull();
  });

  it('go when they are deleted, and what is shown of them', async () => {
    lab.client.runDetails.set('c', detail('c'));
    lab.runsModel.follow();
    await until(() => known() === 'dc');
    lab.runsModel.choose('c');
    await lab.runsModel.forget('c');
    await until(() => known() === 'db');
    expect(lab.runsModel.chosen).toBeNull();
  });

  it('say why they cannot be told', async () => {
    lab.runsModel.follow();
    await until(() => known() === 'dc');
    lab.runsModel.choose('gone');
    await until(() => lab.runsModel.error !== null);
    expect(lab.runsModel.error?.status).toBe(404);
  });
});
