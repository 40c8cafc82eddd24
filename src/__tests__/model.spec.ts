import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

import { REVISION_SCHEMA, type Product, type Task } from '../contract';
import { CauceError } from '../errors';
import type { IMemory } from '../memory';
import { PipelineModel, type IEnded } from '../model';
import { TaskModel } from '../taskmodel';
import { FakeClient, fakeRun, fakeSnapshot, fakeTask } from '../testing/fakeclient';

const ML = 'ml/pipeline.yaml';
const ETL = 'etl/pipeline.yaml';

class World {
  readonly client = new FakeClient();
  readonly ended: IEnded[] = [];
  readonly remembered = new Map<string, ReadonlyPartialJSONValue>();
  readonly model: PipelineModel;
  clock = 1000;

  constructor(folder = '') {
    const memory: IMemory = {
      fetch: id => Promise.resolve(this.remembered.get(id)),
      save: (id, value) => Promise.resolve(this.remembered.set(id, value))
    };
    this.model = new PipelineModel({
      client: this.client,
      events: this._events,
      memory,
      folder: () => folder,
      now: () => this.clock
    });
    this.model.ended.connect((_, ended) => this.ended.push(ended));
    worlds.push(this);
  }

  /** A pipeline of three tasks, a → b → c. */
  add(pipeline: string): void {
    const tasks = [
      fakeTask('a'),
      fakeTask('b', { upstream: ['a'] }),
      fakeTask('c', { upstream: ['b'] })
    ];
    this.client.snapshots.set(pipeline, fakeSnapshot(pipeline, tasks));
  }

  /** The tasks as the server tells them. */
  tasks(pipeline: string): readonly Task[] {
    return this.client.snapshots.get(pipeline)?.tasks ?? [];
  }

  /** The server goes on to the next revision. */
  change(pipeline: string, parts: Partial<ReturnType<typeof fakeSnapshot>>): number {
    const last = this.client.snapshots.get(pipeline) ?? fakeSnapshot(pipeline, []);
    const next = { ...last, ...parts, revision: last.revision + 1 };
    this.client.snapshots.set(pipeline, next);
    return next.revision;
  }

  async say(pipeline: string, revision: number): Promise<void> {
    this._events.emit({ schema_id: REVISION_SCHEMA, pipeline, revision });
    await settled();
  }

  /** What was asked since the last call of this. */
  asked(): string[] {
    return this.client.calls.splice(0);
  }

  private readonly _anchor = {};
  private readonly _events = new Signal<object, { schema_id: string; [key: string]: unknown }>(
    this._anchor
  );
}

const worlds: World[] = [];

afterEach(() => {
  for (const world of worlds.splice(0)) {
    world.model.dispose();
  }
});

/** All that was promised and needs no more than the fake client has happened. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) {
    await Promise.resolve();
  }
}

async function open(world: World): Promise<void> {
  await world.model.refresh();
  world.asked();
}

describe('The first choice of a pipeline', () => {
  it('is the one above the folder that the user looks at', async () => {
    const world = new World('ml/tasks/deep');
    world.add(ETL);
    world.add(ML);
    await world.model.refresh();
    expect(world.model.path).toBe(ML);
    expect(world.model.snapshot?.pipeline).toBe(ML);
  });

  it('is the one of the last visit, if it is still there', async () => {
    const world = new World('ml');
    world.add(ETL);
    world.add(ML);
    world.remembered.set('jupyterlab-cauce:pipeline', ETL);
    await world.model.refresh();
    expect(world.model.path).toBe(ETL);

    const other = new World('ml');
    other.add(ML);
    other.remembered.set('jupyterlab-cauce:pipeline', ETL);
    await other.model.refresh();
    expect(other.model.path).toBe(ML);
  });

  it('is remembered when the user makes another', async () => {
    const world = new World();
    world.add(ETL);
    world.add(ML);
    await world.model.refresh();
    expect(world.model.path).toBe(ETL);
    await world.model.choose(ML);
    expect(world.remembered.get('jupyterlab-cauce:pipeline')).toBe(ML);
  });

  it('is the one that was looked at last, for who only tells how it stands', async () => {
    const world = new World('ml');
    world.add(ETL);
    world.add(ML);
    await world.model.resume();
    expect(world.model.path).toBeNull(); // nobody has ever looked
    world.remembered.set('jupyterlab-cauce:seen', ETL);
    await world.model.resume();
    expect(world.model.snapshot?.pipeline).toBe(ETL);
    expect(world.client.calls).toEqual([`snapshot ${ETL}`]); // and nothing was searched
    // Who opens the panel has the choice as ever.
    await world.model.refresh();
    expect(world.model.path).toBe(ML);
    expect(world.remembered.get('jupyterlab-cauce:seen')).toBe(ML);
  });

  it('is known to whoever made it, though it is the current one already', async () => {
    const world = new World();
    world.add(ML);
    world.remembered.set('jupyterlab-cauce:seen', ML);
    let answer = (): void => undefined;
    world.client.gate = new Promise(resolve => {
      answer = resolve;
    });
    void world.model.resume();
    await settled();
    expect(world.model.path).toBe(ML);
    const chosen = world.model.choose(ML).then(() => world.model.snapshot?.pipeline);
    answer();
    expect(await chosen).toBe(ML);
  });

  it('stays though the search does not find it, as long as it is there', async () => {
    const world = new World();
    world.add(ETL);
    world.add(ML);
    await open(world);
    await world.model.choose(ML);
    world.client.hidden.add(ML);
    await world.model.refresh(true);
    expect(world.model.pipelines?.map(({ path }) => path)).toEqual([ETL]);
    expect(world.model.path).toBe(ML);
    world.client.snapshots.delete(ML);
    await world.model.refresh();
    await settled();
    expect(world.model.path).toBe(ETL);
  });

  it('is none where there is none', async () => {
    const world = new World();
    await world.model.refresh();
    expect(world.model.pipelines).toEqual([]);
    expect(world.model.path).toBeNull();
    expect(world.model.error).toBeNull();
  });

  it('is made again when the file is gone', async () => {
    const world = new World();
    world.add(ETL);
    world.add(ML);
    await open(world);
    world.client.snapshots.delete(ETL);
    await world.model.refresh();
    await settled();
    expect(world.model.path).toBe(ML);
    expect(world.model.snapshot?.pipeline).toBe(ML);
  });
});

describe('Events', () => {
  it('of a newer revision fetch the snapshot, others do not', async () => {
    const world = new World();
    world.add(ML);
    world.add(ETL);
    await open(world);
    await world.model.choose(ML);
    world.model.active = true;
    world.asked();

    await world.say(ML, 1);
    await world.say(ETL, 99);
    expect(world.asked()).toEqual([]);
    const revision = world.change(ML, { name: 'other' });
    await world.say(ML, revision);
    expect(world.asked()).toEqual([`snapshot ${ML}`]);
    expect(world.model.snapshot?.name).toBe('other');
  });

  it('are not followed while nobody looks and nothing runs', async () => {
    const world = new World();
    world.add(ML);
    await open(world);
    await world.say(ML, world.change(ML, {}));
    expect(world.asked()).toEqual([]);
  });

  it('in a burst are folded: one fetch runs, at most one waits', async () => {
    const world = new World();
    world.add(ML);
    await open(world);
    world.model.active = true;
    let go = (): void => undefined;
    world.client.gate = new Promise(resolve => {
      go = resolve;
    });
    for (let i = 0; i < 20; i++) {
      await world.say(ML, world.change(ML, { name: String(i) }));
    }
    expect(world.asked()).toHaveLength(1);
    go();
    await settled();
    expect(world.asked()).toHaveLength(1);
    expect(world.model.snapshot?.name).toBe('19');
  });

  it('that are no revisions of ours are ignored', async () => {
    const world = new World();
    world.add(ML);
    await open(world);
    world.model.active = true;
    world.asked();
    await world.say(ML, Number.NaN);
    await world.say('', 5);
    expect(world.asked()).toEqual([]);
  });
});

describe('A snapshot of the same revision', () => {
  it('is not a new one', async () => {
    const world = new World();
    world.add(ML);
    await open(world);
    const before = world.model.snapshot;
    const same = fakeSnapshot(ML, [fakeTask('z')]);
    world.client.snapshots.set(ML, same);
    world.clock = 2000;
    await world.model.refresh();
    expect(world.model.snapshot).toBe(before);
    expect(world.model.confirmed).toBe(2000);
  });
});

describe('The selection', () => {
  it('goes when its task goes', async () => {
    const world = new World();
    world.add(ML);
    await open(world);
    world.model.select('b');
    expect(world.model.selectedTask?.name).toBe('b');
    world.change(ML, { tasks: [fakeTask('a')] });
    await world.model.refresh();
    expect(world.model.selected).toBeNull();
  });
});

describe('A build', () => {
  it('is asked until a snapshot taken after it tells', async () => {
    const world = new World();
    world.add(ML);
    await open(world);
    world.client.onStart = () => {
      world.change(ML, { run: fakeRun('run-1', { tasks: { a: 'running' } }) });
      return { run: 'run-1' };
    };
    const building = world.model.build(ML, { tasks: ['a'] });
    expect(world.model.asked).toEqual({ tasks: ['a'] });
    expect(world.model.running).toBe(false);
    await building;
    expect(world.model.asked).toBeNull();
    expect(world.model.running).toBe(true);
    expect(world.asked()).toEqual([`start ${ML} {"tasks":["a"]}`, `snapshot ${ML}`]);
    expect(world.ended).toEqual([]);

    const run = fakeRun('run-1', { state: 'ok', ended: 105, message: '1 ran' });
    await world.say(ML, world.change(ML, { run }));
    expect(world.ended).toEqual([{ pipeline: ML, run, tasks: world.tasks(ML) }]);
    expect(world.model.running).toBe(false);
  });

  it('that had nothing to do is told to have ended, though nobody saw it run', async () => {
    const world = new World();
    world.add(ML);
    await open(world);
    const run = fakeRun('run-1', { state: 'ok', ended: 100, message: 'Everything is up to date' });
    world.client.onStart = () => {
      world.change(ML, { run });
      return { run: 'run-1' };
    };
    await world.model.build(ML, {});
    expect(world.ended).toEqual([{ pipeline: ML, run, tasks: world.tasks(ML) }]);
    await world.model.refresh();
    expect(world.ended).toHaveLength(1);
  });

  it('that ended before the reply came is told all the same', async () => {
    const world = new World();
    world.add(ML);
    await open(world);
    world.model.active = true;
    const run = fakeRun('run-1', { state: 'ok', ended: 100 });
    world.client.onStart = () => {
      // The event and its snapshot overtake the reply.
      void world.say(ML, world.change(ML, { run }));
      return { run: 'run-1' };
    };
    await world.model.build(ML, {});
    await settled();
    expect(world.ended).toEqual([{ pipeline: ML, run, tasks: world.tasks(ML) }]);
  });

  it('of a pipeline that is not shown is followed too', async () => {
    const world = new World();
    world.add(ETL);
    world.add(ML);
    await open(world);
    await world.model.choose(ML);
    world.client.runsById.set('run-1', fakeRun('run-1'));
    await world.model.build(ML, {});
    await world.model.choose(ETL);
    const run = fakeRun('run-1', { state: 'failed', ended: 110 });
    world.client.runsById.set('run-1', run);
    await world.say(ML, 50);
    expect(world.ended).toEqual([{ pipeline: ML, run, tasks: [] }]);
  });

  it('that is refused is no longer asked, and says why', async () => {
    const world = new World();
    world.add(ML);
    await open(world);
    const holder = { run: 'x', pid: 7, host: 'node', user: 'bob', since: 5 };
    world.client.onStart = () => {
      throw CauceError.fromReply(409, { code: 'locked', message: 'busy', holder });
    };
    await expect(world.model.build(ML, {})).rejects.toMatchObject({ status: 409, holder });
    expect(world.model.asked).toBeNull();
  });

  it('of somebody else is not announced when it was over at first sight', async () => {
    const world = new World();
    world.add(ML);
    world.change(ML, { run: fakeRun('theirs', { state: 'failed', ended: 5 }) });
    await open(world);
    expect(world.ended).toEqual([]);
  });

  it('is cancelled by the id of the active run, and not when none is', async () => {
    const world = new World();
    world.add(ML);
    await open(world);
    expect(await world.model.cancel()).toBe(false);
    expect(world.asked()).toEqual([]);
    world.change(ML, { run: fakeRun('run-9') });
    await open(world);
    expect(await world.model.cancel()).toBe(true);
    expect(world.asked()[0]).toBe(`cancel ${ML} run-9`);
  });
});

describe('A change while nobody looks at the panel', () => {
  it('is heard of as long as somebody else follows', async () => {
    const world = new World();
    world.add(ML);
    await open(world);
    const following = world.model.follow();
    await world.say(ML, world.change(ML, {}));
    expect(world.asked()).toEqual([`snapshot ${ML}`]);
    following.dispose();
    await world.say(ML, world.change(ML, {}));
    expect(world.asked()).toEqual([]);
  });
});

describe('A lost connection', () => {
  it('keeps what was known, says since when, and heals', async () => {
    const world = new World();
    world.add(ML);
    world.clock = 1234;
    await open(world);
    world.client.failure = CauceError.fromNetwork(new Error('no route'));
    world.clock = 5000;
    await world.model.refresh();
    expect(world.model.error?.unreachable).toBe(true);
    expect(world.model.confirmed).toBe(1234);
    expect(world.model.snapshot?.tasks).toHaveLength(3);

    world.client.failure = null;
    await world.model.refresh();
    expect(world.model.error).toBeNull();
    expect(world.model.confirmed).toBe(5000);
  });
});

describe('Errors', () => {
  it('tell a missing server half from a missing pipeline', () => {
    expect(CauceError.fromReply(404, null).serverMissing).toBe(true);
    const gone = CauceError.fromReply(404, { code: 'not-found', message: 'No such pipeline.' });
    expect(gone.serverMissing).toBe(false);
    expect(gone.message).toBe('No such pipeline.');
    expect(CauceError.fromReply(502, null).unreachable).toBe(true);
    expect(CauceError.fromReply(422, { code: 'spec', message: 'x' }).unreachable).toBe(false);
  });
});

describe('The selected task', () => {
  async function look(world: World): Promise<TaskModel> {
    world.add(ML);
    await open(world);
    const task = new TaskModel(world.client, world.model);
    task.active = true;
    return task;
  }

  it('is fetched when selected and when it changed, not for every cell', async () => {
    const world = new World();
    const task = await look(world);
    world.model.select('a');
    await settled();
    expect(world.asked()).toContain(`task ${ML} a`);
    expect(task.detail?.task).toBe('a');

    const running = (done: number): void => {
      world.change(ML, {
        tasks: [
          fakeTask('a', {
            activity: {
              state: 'running',
              run: 'r',
              started: 1,
              progress: { done, total: 9 },
              retry: ''
            }
          })
        ]
      });
    };
    running(1);
    await world.model.refresh();
    await settled();
    expect(world.asked().filter(call => call.startsWith('task '))).toHaveLength(1);
    running(2);
    await world.model.refresh();
    await settled();
    expect(world.asked().filter(call => call.startsWith('task '))).toHaveLength(0);
    task.dispose();
  });

  it('has a log that is read once somebody follows it: its end first, then what was before', async () => {
    const world = new World();
    const task = await look(world);
    const lastAttempt = {
      run: 'r',
      outcome: 'ok' as const,
      started: 1,
      ended: 2,
      cause: '',
      error: null
    };
    world.change(ML, { tasks: [fakeTask('a', { lastAttempt })] });
    await world.model.refresh();
    const line = 'a line of this log\n';
    world.client.logs.set('a', line.repeat(20_000));
    world.model.select('a');
    await settled();
    expect(task.log.known).toBe(false);
    const told = new Promise<void>(resolve => {
      task.log.changed.connect(() => {
        if (task.log.complete) {
          resolve();
        }
      });
    });
    world.asked();
    const watching = task.log.watch();
    await told;
    expect(world.asked().filter(call => call.startsWith('log '))).toHaveLength(1);
    expect(task.log.hasEarlier).toBe(true);
    while (task.log.hasEarlier) {
      await task.log.loadEarlier();
    }
    expect(task.log.lines.length).toBe(20_000);
    expect(task.log.lines.whole()).toBe(line.repeat(20_000));
    watching.dispose();
    task.dispose();
  });

  it('is looked into; where that takes code, only when asked, and not again by itself', async () => {
    const world = new World();
    const task = await look(world);
    const product = (path: string, modified: number): Product => ({
      key: '',
      kind: 'file',
      path,
      exists: true,
      notebook: false,
      size: 1,
      modified
    });
    const show = async (modified: number): Promise<void> => {
      const products = [product('a.txt', modified), product('a.pkl', modified)];
      world.change(ML, { tasks: [fakeTask('a', { products })] });
      await world.model.refresh();
      await settled();
    };
    await show(1);
    world.client.previews.set('a.txt', { kind: 'text', text: 'hello' });
    world.client.previews.set('a.pkl', { kind: 'code' });
    world.model.select('a');
    await settled();
    await task.openPreview('a', product('a.txt', 1));
    await task.openPreview('a', product('a.pkl', 1));
    expect(task.previewOf('a', 'a.txt')?.preview?.text).toBe('hello');
    expect(task.previewOf('a', 'a.pkl')?.preview?.text).toBe('read a.pkl');
    world.asked();
    await show(2);
    expect(world.asked().filter(call => call.startsWith('preview'))).toEqual([
      `preview ${ML} a a.txt`
    ]);
    expect(task.previewOf('a', 'a.pkl')?.outdated).toBe(true);
    task.dispose();
  });

  it('whose product only code can read is not read by itself when that has failed before', async () => {
    const world = new World();
    const task = await look(world);
    const show = async (modified: number): Promise<Product> => {
      const product: Product = {
        key: '',
        kind: 'file',
        path: 'a.pkl',
        exists: true,
        notebook: false,
        size: 1,
        modified
      };
      world.change(ML, { tasks: [fakeTask('a', { products: [product] })] });
      await world.model.refresh();
      await settled();
      return product;
    };
    const ran = (): number => world.asked().filter(call => call.startsWith('preview by')).length;
    const product = await show(1);
    world.client.previews.set('a.pkl', { kind: 'code' });
    world.model.select('a');
    for (const failing of [/^preview by code/, /^preview /]) {
      world.client.failing = failing;
      await task.openPreview('a', product);
      expect(task.previewOf('a', 'a.pkl')?.state).toBe('failed');
      world.client.failing = null;
      ran();
      await show(failing.source.length); // it is written again
      expect(ran()).toBe(0);
      expect(task.previewOf('a', 'a.pkl')?.outdated).toBe(true);
      task.closePreview('a', 'a.pkl');
    }
    await task.openPreview('a', product);
    expect(task.previewOf('a', 'a.pkl')?.preview?.text).toBe('read a.pkl');
    task.dispose();
  });
});
