import { Signal } from '@lumino/signaling';

import { PipelineModel } from '../model';
import { FakeClient, fakeSnapshot, fakeTask } from '../testing/fakeclient';
import { appears } from '../testing/fakelab';
import { DEFAULT_VIEW, parseView, ViewState } from '../viewstate';

/** JupyterLab's state database, in memory. */
class Memory {
  readonly kept = new Map<string, unknown>();
  fetch(id: string): Promise<undefined> {
    return Promise.resolve(this.kept.get(id) as undefined);
  }
  save(id: string, value: unknown): Promise<void> {
    this.kept.set(id, value);
    return Promise.resolve();
  }
}

const [NORTH, SOUTH] = ['north/pipeline.yaml', 'south/pipeline.yaml'];

let model: PipelineModel;
let memory: Memory;
let view: ViewState;

beforeEach(async () => {
  const client = new FakeClient();
  for (const path of [NORTH, SOUTH]) {
    client.snapshots.set(path, fakeSnapshot(path, [fakeTask('a')]));
  }
  model = new PipelineModel({ client, events: new Signal({}) });
  memory = new Memory();
  view = new ViewState(model, 'panel', memory);
  await model.refresh();
});

afterEach(() => {
  view.dispose();
  model.dispose();
});

describe('How a pipeline is looked at', () => {
  it('is remembered for each pipeline, and found again in the next visit', async () => {
    view.set({ filter: 'state:failed' });
    await model.choose(SOUTH);
    expect(view.current.filter).toBe('');
    view.set({ filter: 'fit' });
    await appears(() => (memory.kept.size === 2 ? true : null));
    await model.choose(NORTH);
    await appears(() => (view.current.filter === 'state:failed' ? true : null));

    const next = new ViewState(model, 'panel', memory);
    await appears(() => (next.current.filter === 'state:failed' ? true : null));
    next.dispose();
  });

  it('is the same for all pipelines in what was chosen of views', async () => {
    view.set({ view: 'graph' });
    await model.choose(SOUTH);
    expect(view.current.view).toBe('graph');
  });

  it('is never overwritten by what comes late from memory', async () => {
    await appears(() => (memory.kept.size === 0 ? true : null));
    memory.kept.set(`jupyterlab-cauce:view:panel:${SOUTH}`, { ...DEFAULT_VIEW, filter: 'old' });
    const chosen = model.choose(SOUTH);
    view.set({ filter: 'new' });
    await chosen;
    expect(view.current.filter).toBe('new');
  });
});

describe('What was remembered', () => {
  it.each([null, 'x', 3, [], { view: 'sideways', filter: 3, folded: [1], sizes: 'ab' }])(
    'is forgotten where it makes no sense: %j',
    found => {
      expect(parseView(found)).toEqual(DEFAULT_VIEW);
    }
  );
});
