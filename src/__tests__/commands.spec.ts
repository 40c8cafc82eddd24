import { CommandRegistry } from '@lumino/commands';

import { addCommands } from '../commands/commands';
import { CommandIDs } from '../commands/ids';
import type { ISettings } from '../settings';
import { fakeRun, fakeSnapshot, fakeTask } from '../testing/fakeclient';
import { appears, FakeLab } from '../testing/fakelab';

const ML = 'ml/pipeline.yaml';

let lab: FakeLab;
let commands: CommandRegistry;

beforeEach(async () => {
  lab = new FakeLab();
  commands = new CommandRegistry();
  const { model, actions, trans } = lab;
  const show = (): void => undefined;
  const settings = (): ISettings => lab.settings.current;
  addCommands({
    commands,
    model,
    runs: lab.runsModel,
    actions,
    trans,
    settings,
    show,
    showView: () => undefined,
    notebookPipeline: () => null,
    notebook: () => null,
    selectedFile: () => null
  });
  await lab.show(fakeSnapshot(ML, [fakeTask('a'), fakeTask('b', { upstream: ['a'] })]));
});

afterEach(() => {
  lab.dispose();
});

function dialog(): Promise<HTMLElement> {
  return appears(() => document.querySelector<HTMLElement>('.jp-Dialog'));
}

async function press(button: 'accept' | 'reject'): Promise<void> {
  const found = await dialog();
  found.querySelector<HTMLElement>(`.jp-mod-${button}`)?.click();
  await appears(() => (found.isConnected ? null : found));
}

/** What was asked of the server that starts something. */
function started(): string[] {
  return lab.client.calls.filter(call => call.startsWith('start '));
}

describe('A command that nobody’s hand called', () => {
  it.each([
    [CommandIDs.build, {}, 'asks to build “ml/pipeline.yaml”, which runs the code of its tasks.'],
    [
      CommandIDs.runTask,
      { task: 'b' },
      'asks to run the task “b” of “ml/pipeline.yaml”, with what it needs.'
    ],
    [
      CommandIDs.runOnly,
      { task: 'b' },
      'asks to run the task “b” of “ml/pipeline.yaml”, without what it needs.'
    ],
    [
      CommandIDs.evaluate,
      {},
      'asks to evaluate “ml/pipeline.yaml”, which runs the code that makes the pipeline or computes its parameters, and no task.'
    ],
    [
      CommandIDs.markTask,
      { task: 'b' },
      'asks to take the task “b” of “ml/pipeline.yaml” for up to date as it is. The task is not run; code that makes the pipeline or computes its parameters is.'
    ]
  ])('says what it is about to do: %s', async (command, args, words) => {
    const done = commands.execute(command, args);
    expect((await dialog()).textContent).toContain(words);
    await press('reject');
    await done;
    expect(started()).toEqual([]);
  });

  it('does it when the user agrees', async () => {
    const done = commands.execute(CommandIDs.runOnly, { task: 'b' });
    await press('accept');
    await done;
    expect(started()).toEqual([`start ${ML} {"mode":"only","tasks":["b"]}`]);
  });
});

describe('The commands', () => {
  it('are told to have changed when a build begins, but for the one of the absent file browser', async () => {
    const told = new Set<string | undefined>();
    commands.commandChanged.connect((_, { id }) => told.add(id));
    const error = jest.spyOn(console, 'error');
    await lab.show(fakeSnapshot(ML, [fakeTask('a')], { revision: 2, run: fakeRun('r') }));
    expect([...told].sort()).toEqual([...commands.listCommands()].sort());
    expect(error).not.toHaveBeenCalled();
    error.mockRestore();
  });

  it('are left alone by a cell that ran: the palette would forget what is picked in it', async () => {
    const running = (done: number): Promise<void> =>
      lab.show(
        fakeSnapshot(
          ML,
          [
            fakeTask('a', {
              activity: {
                state: 'running',
                run: 'r',
                started: 1,
                progress: { done, total: 9 },
                retry: ''
              }
            })
          ],
          { revision: 2 + done, run: fakeRun('r', { tasks: { a: 'running' } }) }
        )
      );
    await running(1);
    const told: (string | undefined)[] = [];
    commands.commandChanged.connect((_, { id }) => told.push(id));
    await running(2);
    expect(told).toEqual([]);
    // Those that are about a task can be used once one is selected.
    lab.model.select('a');
    expect(told).toContain(CommandIDs.openTask);
    expect(told).not.toContain(CommandIDs.createExample);
  });

  it('offer to evaluate and to create sources only where there is something to do', async () => {
    const offered = (): readonly boolean[] =>
      [CommandIDs.evaluate, CommandIDs.scaffold].map(id => commands.isEnabled(id));
    expect(offered()).toEqual([false, false]);
    const missing = {
      code: 'source_missing',
      message: 'a.py is missing.',
      severity: 'error',
      hint: '',
      where: null,
      task: 'a'
    } as const;
    await lab.show(
      fakeSnapshot(ML, [fakeTask('a')], { revision: 2, evaluable: true, problems: [missing] })
    );
    expect(offered()).toEqual([true, true]);
  });
});

describe('With many tasks selected', () => {
  beforeEach(() => {
    lab.model.selectMany(['a', 'b']);
  });

  it('speaks of so many, and runs them', async () => {
    expect(commands.label(CommandIDs.runFrom)).toBe('Run 2 Tasks and What Depends on Them');
    expect(commands.label(CommandIDs.runFrom, { task: 'a' })).toBe(
      'Run Task and What Depends on It'
    );
    const done = commands.execute(CommandIDs.runFrom);
    expect((await dialog()).textContent).toContain('the tasks “a”, “b” of “ml/pipeline.yaml”, and');
    await press('accept');
    await done;
    expect(started()).toEqual([`start ${ML} {"mode":"from","tasks":["a","b"]}`]);
  });

  it('runs none as long as one of them cannot be run', async () => {
    await lab.show(
      fakeSnapshot(ML, [fakeTask('a'), fakeTask('b', { buildable: false })], { revision: 2 })
    );
    expect(commands.isEnabled(CommandIDs.runTask)).toBe(false);
    expect(commands.isEnabled(CommandIDs.runTask, { task: 'a' })).toBe(true);
  });
});

describe('The general command', () => {
  it('builds what its arguments say, and nothing that they do not', async () => {
    const done = commands.execute(CommandIDs.build, {
      tasks: ['a', 'fit-*'],
      mode: 'only',
      force: true,
      jobs: 3,
      failFast: 'yes',
      nonsense: 1
    });
    await press('accept');
    await done;
    expect(started()).toEqual([
      `start ${ML} {"tasks":["a","fit-*"],"mode":"only","force":true,"jobs":3}`
    ]);
  });

  it('shows what would run without asking whether it may, for that runs nothing', async () => {
    const done = commands.execute(CommandIDs.plan, { tasks: ['b'] });
    expect((await dialog()).textContent).toContain('What would run');
    await press('reject');
    await done;
    expect(lab.client.calls).toContain(`plan ${ML} {"tasks":["b"]}`);
    expect(started()).toEqual([]);
  });
});
