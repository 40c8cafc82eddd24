import { Notification } from '@jupyterlab/apputils';
import { Widget } from '@lumino/widgets';

import type { Problem } from '../../contract';
import { CauceError } from '../../errors';
import { STARTER_PIPELINE } from '../../starter';
import { fakeRun, fakeSnapshot, fakeTask } from '../../testing/fakeclient';
import { appears, FakeLab } from '../../testing/fakelab';
import { PipelinePanel } from '../panel';
// The panel loads it when it is first seen: here ahead of the tests and of their time.
import '../view';

const ML = 'ml/pipeline.yaml';

let lab: FakeLab;
let panel: PipelinePanel;

beforeEach(() => {
  lab = new FakeLab();
  panel = new PipelinePanel(lab, 'cauce-panel');
  Widget.attach(panel, document.body);
});

afterEach(() => {
  jest.restoreAllMocks();
  Notification.dismiss();
  panel.dispose();
  lab.dispose();
});

/** The element of the panel, once it is drawn. */
function drawn<E extends Element = HTMLElement>(selector: string): Promise<E> {
  return appears(() => panel.node.querySelector<E>(selector));
}

describe('The panel', () => {
  it('lists the tasks of the pipeline with their state', async () => {
    await lab.show(fakeSnapshot(ML, [fakeTask('a'), fakeTask('b', { upstream: ['a'] })]));
    const row = await drawn('[role="treeitem"][data-cauce-task="b"]');
    expect(row.getAttribute('aria-label')).toContain('never run');
  });
});

describe('Two panels on one page', () => {
  let revision = 0;
  const show = (state: 'running' | 'ok'): Promise<void> => {
    const run = fakeRun('r', { state, ended: state === 'ok' ? 105 : null, tasks: { a: state } });
    return lab.show(fakeSnapshot(ML, [fakeTask('a')], { revision: ++revision, run }));
  };
  const spoken = (of: PipelinePanel): boolean =>
    [...of.node.querySelectorAll('.jp-cauce-Overview > [aria-live="polite"]')].some(each =>
      each.textContent?.includes('finished')
    );
  const head = (of: PipelinePanel): Promise<string> =>
    appears(() => of.node.querySelector('.jp-cauce-Head-statusText')?.getAttribute('aria-live'));

  it('say once what becomes of a build, and the other goes on when one is closed', async () => {
    const other = new PipelinePanel(lab, 'cauce-main-panel');
    Widget.attach(other, document.body);
    await show('running');
    await drawn('.jp-cauce-Overview');
    await appears(() => other.node.querySelector('.jp-cauce-Overview'));
    await show('ok');
    await appears(() => spoken(panel) || null);
    expect(spoken(other)).toBe(false);
    expect([await head(panel), await head(other)]).toEqual(['polite', 'off']);
    panel.hide();
    await appears(() => other.node.querySelector('.jp-cauce-Head-statusText[aria-live="polite"]'));
    await show('running');
    await show('ok');
    await appears(() => spoken(other) || null);
    other.dispose();
  });
});

describe('A selected task', () => {
  it('is let go by Escape', async () => {
    await lab.show(fakeSnapshot(ML, [fakeTask('a'), fakeTask('b')]));
    const row = await drawn('[role="treeitem"][data-cauce-task="b"]');
    row.focus();
    await drawn('[data-cauce-task="b"][aria-selected="true"]');
    row.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
    expect(lab.model.selected).toBeNull();
    expect(document.activeElement).toBe(row);
  });
});

describe('What is said of a task', () => {
  const NOT_MADE = {
    run: 'r',
    outcome: 'crashed',
    started: 1,
    ended: 2,
    cause: 'The builder was killed.',
    error: null
  } as const;
  const WRONG = {
    code: 'x',
    message: 'The name x is nowhere defined.',
    severity: 'error',
    hint: '',
    where: null,
    task: 'a'
  } as const;

  async function detail(
    parts: Parameters<typeof fakeTask>[1],
    problems: readonly Problem[] = []
  ): Promise<HTMLElement> {
    await lab.show(fakeSnapshot(ML, [fakeTask('a', parts)], { problems }));
    lab.model.select('a');
    return drawn('.jp-cauce-Detail[data-state]');
  }

  it('has the cause of a crash where errors are', async () => {
    const { textContent } = await detail({ lastAttempt: NOT_MADE });
    expect(textContent).toContain('ErrorThe builder was killed.');
    expect(textContent?.split('The builder was killed.')).toHaveLength(2);
  });

  it('says once what checking its code has found', async () => {
    const error = {
      name: 'Check',
      message: WRONG.message,
      traceback: '',
      cell: null,
      number: null,
      line: null,
      where: null,
      notebook: null
    };
    const lastAttempt = { ...NOT_MADE, outcome: 'failed', cause: 'Check', error } as const;
    const { textContent } = await detail({ lastAttempt }, [WRONG]);
    expect(textContent?.split(WRONG.message)).toHaveLength(2);
  });

  it('has the log first while it runs, and says that nothing came yet', async () => {
    lab.taskModel.active = true;
    const activity = { state: 'running', run: 'r', started: 1, progress: null, retry: '' } as const;
    const node = await detail({ activity });
    const said = await appears(() =>
      node.textContent?.includes('Nothing printed yet.') === true ? node : null
    );
    expect(said.querySelector('h3')?.textContent).toBe('Log, live');
  });

  it('can be asked for again when it could not be had', async () => {
    lab.taskModel.active = true;
    lab.client.failing = /^task /;
    await detail({});
    const again = await appears(() =>
      [...panel.node.querySelectorAll('button')].find(each => each.textContent === 'Try again')
    );
    expect(panel.node.querySelector('[role="alert"]')?.textContent).toContain('502');
    lab.client.failing = null;
    lab.client.details.set('a', { params: { rate: '0.1' } });
    again.click();
    await appears(() => (panel.node.textContent?.includes('rate0.1') === true ? panel : null));
  });

  it('names the first of many tasks that it needs, and the others on demand', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `need-${String(i)}`);
    const tasks = [...names.map(name => fakeTask(name)), fakeTask('a', { upstream: names })];
    await lab.show(fakeSnapshot(ML, tasks));
    lab.model.select('a');
    const link = (name: string): HTMLElement | undefined =>
      [...panel.node.querySelectorAll<HTMLElement>('.jp-cauce-Detail button')].find(
        each => each.textContent === name
      );
    const more = await appears(() => link('Show all 30'));
    expect(link('need-20')).toBeUndefined();
    more.click();
    (await appears(() => link('need-20'))).click();
    expect(lab.model.selected).toBe('need-20');
  });
});

describe('Problems of an entry that is no task', () => {
  it('name it without a link to nowhere', async () => {
    const problem = {
      code: 'x',
      message: 'It has no source.',
      severity: 'error',
      hint: '',
      where: null,
      task: '#9'
    } as const;
    await lab.show(fakeSnapshot(ML, [fakeTask('a')], { problems: [problem] }));
    const heading = await drawn('.jp-cauce-Problems h4');
    expect(heading.textContent).toBe('task 9');
    expect(heading.querySelector('button')).toBeNull();
  });
});

describe('Build', () => {
  const BUILD = 'button[data-cauce-action="build"]';

  it('keeps the focus when it cannot be pressed, and says why', async () => {
    await lab.show(fakeSnapshot(ML, [fakeTask('a')]));
    const build = await drawn(BUILD);
    build.focus();
    await lab.show(fakeSnapshot(ML, [fakeTask('a')], { revision: 2, run: fakeRun('run-1') }));
    await drawn(`${BUILD}[aria-disabled="true"]`);
    expect(document.activeElement).toBe(build);
    expect(build.title).toContain('wait for it to end');
    lab.client.calls.length = 0;
    build.click();
    expect(lab.client.calls).toEqual([]);
  });

  it('says that problems are in the way', async () => {
    await lab.show(fakeSnapshot(ML, [fakeTask('a', { sound: false, buildable: false })]));
    expect((await drawn(BUILD)).title).toContain('before the problems are mended');
  });
});

describe('A search for pipelines that stopped at its limit', () => {
  const LINE = '.jp-cauce-Head-truncated';

  it.each([
    ['there is a pipeline', [fakeSnapshot(ML, [fakeTask('a')])]],
    ['there is none', []]
  ])('is told of when %s', async (_, snapshots) => {
    lab.client.truncated = true;
    for (const snapshot of snapshots) {
      lab.client.snapshots.set(snapshot.pipeline, snapshot);
    }
    await lab.model.refresh();
    expect((await drawn(LINE)).textContent).toContain('start JupyterLab in a folder nearer');
  });

  it('is not told of when it looked everywhere', async () => {
    await lab.show(fakeSnapshot(ML, [fakeTask('a')]));
    await drawn('[role="treeitem"]');
    expect(panel.node.querySelector(LINE)).toBeNull();
  });
});

describe('An error', () => {
  it.each([
    [
      'of the network',
      CauceError.fromNetwork(new Error('no route')),
      'Cannot reach the server: see whether it still runs.'
    ],
    [
      'that nothing explains',
      CauceError.fromReply(502, null),
      'The server answered 502; its log may tell why.'
    ],
    [
      'of the server',
      CauceError.fromReply(422, { code: 'spec', message: 'No tasks.', hint: 'Add one.' }),
      'No tasks.Add one.'
    ]
  ])('%s is told in words instead of the pipeline', async (_, error, words) => {
    lab.client.failure = error;
    await lab.model.refresh();
    expect((await drawn('.jp-cauce-Empty[role="alert"]')).textContent).toContain(words);
  });

  it('that nothing explains is told above what was known before', async () => {
    await lab.show(fakeSnapshot(ML, [fakeTask('a')]));
    lab.client.failure = CauceError.fromReply(418, null);
    await lab.model.refresh();
    const banner = await drawn('.jp-cauce-Head-banner');
    expect(banner.textContent).toBe('The server answered 418; its log may tell why.');
  });

  it('of an act is told where the user looks', async () => {
    await lab.show(fakeSnapshot(ML, [fakeTask('a')]));
    lab.client.failure = CauceError.fromReply(502, null);
    await lab.actions.running.build();
    const told = Notification.manager.notifications.map(({ message }) => message);
    expect(told).toEqual(['The server answered 502; its log may tell why.']);
  });

  it('of a lost connection is taken back once the server answers', async () => {
    let now = 1000;
    jest.spyOn(Date, 'now').mockImplementation(() => (now += 1000));
    await lab.show(fakeSnapshot(ML, [fakeTask('a')]));
    lab.client.failure = CauceError.fromNetwork(new Error('no route'));
    await lab.actions.running.build();
    expect(Notification.manager.count).toBe(1);
    lab.client.failure = null;
    await lab.model.refresh();
    expect(Notification.manager.count).toBe(0);
  });
});

describe('The end of a run', () => {
  async function run(id: string, revision: number): Promise<void> {
    const tasks = [fakeTask('a')];
    await lab.show(fakeSnapshot(ML, tasks, { revision, run: fakeRun(id) }));
    const ended = fakeRun(id, { state: 'failed', ended: 105, message: `${id} failed` });
    await lab.show(fakeSnapshot(ML, tasks, { revision: revision + 1, run: ended }));
  }

  it('is told, until nobody is there to tell', async () => {
    lab.settings.set({ notify: 'always' });
    await run('run-1', 1);
    lab.actions.dispose();
    await run('run-2', 3);
    const told = Notification.manager.notifications.map(({ message }) => message);
    expect(told).toEqual(['run-1 failed']);
  });
});

describe('The status line', () => {
  const STATUS = '.jp-cauce-Head-status';

  it('says of a run that was cancelled no more than that', async () => {
    const run = fakeRun('run-1', { state: 'cancelled', ended: 101, tasks: { a: 'cancelled' } });
    await lab.show(fakeSnapshot(ML, [fakeTask('a')], { run }));
    expect((await drawn(`${STATUS}[data-kind="cancelled"]`)).textContent).toContain('Cancelled');
  });

  it('counts one task of many as one of many', async () => {
    const b = fakeTask('b', { freshness: { state: 'fresh', reasons: [] } });
    await lab.show(fakeSnapshot(ML, [fakeTask('a'), b]));
    expect((await drawn(`${STATUS}[data-kind="quiet"]`)).textContent).toContain(
      '1 of 2 tasks out of date'
    );
  });

  it.each([
    ['build', 'last build', { a: 'ok' }],
    ['mark', null, { a: 'ok' }],
    ['evaluate', null, {}]
  ] as const)(
    'after the action %s tells when it built only if it did',
    async (action, last, tasks) => {
      const stale = [fakeTask('a')];
      await lab.show(fakeSnapshot(ML, stale));
      lab.client.onStart = () => ({ run: 'ours' });
      await lab.model.build(ML, { action });
      const run = fakeRun('ours', { state: 'ok', ended: 101, tasks });
      await lab.show(fakeSnapshot(ML, stale, { revision: 2, run }));
      const aside = await appears(() => {
        const status = panel.node.querySelector(STATUS);
        return status?.textContent?.includes('1 of 1 task out of date') === true ? status : null;
      });
      expect(aside.textContent?.includes('last build')).toBe(last !== null);
    }
  );
});

describe('While a pipeline is built', () => {
  it('no other task of it can be run', async () => {
    const run = fakeRun('run-1', { tasks: { a: 'running' } });
    await lab.show(fakeSnapshot(ML, [fakeTask('a'), fakeTask('b')], { run }));
    const row = await drawn('[role="treeitem"][data-cauce-task="b"]');
    expect(row.querySelector('button')?.getAttribute('aria-disabled')).toBe('true');
    row.click();
    const again = await drawn('.jp-cauce-Detail [data-cauce-action="run-task"]');
    expect(again.getAttribute('aria-disabled')).toBe('true');
  });

  it('who asks for another build all the same is told so without a dialog', async () => {
    await lab.show(fakeSnapshot(ML, [fakeTask('a')], { run: fakeRun('run-1') }));
    const holder = { run: 'run-1', pid: 7, host: 'node', user: 'me', since: 5 };
    lab.client.onStart = () => {
      throw CauceError.fromReply(409, { code: 'locked', message: 'busy', holder });
    };
    await lab.actions.running.build();
    const told = Notification.manager.notifications.map(({ message }) => message);
    expect(told).toEqual([
      'This pipeline is being built already. Wait for it to end, or cancel it.'
    ]);
  });
});

describe('Cancel', () => {
  const CANCEL = 'button[data-cauce-action="cancel"]';

  beforeEach(async () => {
    await lab.show(fakeSnapshot(ML, [fakeTask('a')], { run: fakeRun('run-1') }));
  });

  it('says that the build is stopping once it was asked to', async () => {
    (await drawn(CANCEL)).click();
    expect((await drawn(`${CANCEL}[aria-disabled="true"]`)).textContent).toBe('Stopping…');
    expect(lab.client.calls).toContain(`cancel ${ML} run-1`);
  });

  it('can be pressed again when it was refused', async () => {
    let answer = (): void => undefined;
    lab.client.gate = new Promise(resolve => {
      answer = resolve;
    });
    lab.client.onCancel = () => {
      throw CauceError.fromReply(403, { code: 'http_403', message: 'Forbidden.' });
    };
    (await drawn(CANCEL)).click();
    await drawn(`${CANCEL}[aria-disabled="true"]`);
    answer();
    expect((await drawn(`${CANCEL}[aria-disabled="false"]`)).textContent).toBe('Cancel');
    expect(lab.model.running).toBe(true);
  });
});

describe('The sample', () => {
  it('is copied on pages that came over plain http, too', async () => {
    // There, as here, is no navigator.clipboard. What jsdom lacks of the old way to copy is made up.
    const data = new DataTransfer();
    jest.spyOn(window, 'getSelection').mockReturnValue(null);
    jest.spyOn(document, 'createRange').mockReturnValue({
      selectNodeContents: () => undefined
    } as unknown as Range);
    Object.assign(document, {
      execCommand: (type: string) =>
        document.body.dispatchEvent(new ClipboardEvent(type, { clipboardData: data }))
    });

    await lab.model.refresh();
    const copy = await drawn('button[title="Copy this pipeline.yaml"]');
    copy.click();
    await appears(() => (copy.textContent === 'Copied' ? copy : null));
    expect(data.getData('text')).toBe(STARTER_PIPELINE);
  });
});

describe('Where there is no pipeline', () => {
  it('the folder is named that the file browser shows now', async () => {
    await lab.model.refresh();
    await drawn('[data-cauce-action="create-example"]');
    expect(panel.node.textContent).toContain('into the top folder.');
    lab.folderShown = 'new/project';
    lab.folderChanged.emit();
    await appears(() =>
      panel.node.textContent?.includes('into new/project.') === true ? true : null
    );
  });
});
