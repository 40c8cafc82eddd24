/**
 * The split dialog as a user meets it.
 */
import { Dialog } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';

import { addCommands } from '../../commands/commands';
import { CommandIDs } from '../../commands/ids';
import type { SplitRemark } from '../../contract';
import { fakeSnapshot, fakeSplit, fakeTask } from '../../testing/fakeclient';
import { appears, FakeLab } from '../../testing/fakelab';

const NOTEBOOK = 'sales.ipynb';

let lab: FakeLab;
let commands: CommandRegistry;

beforeEach(() => {
  Element.prototype.scrollIntoView = () => undefined; // jsdom has none
  lab = new FakeLab();
  commands = new CommandRegistry();
  addCommands({
    commands,
    model: lab.model,
    runs: lab.runsModel,
    actions: lab.actions,
    trans: lab.trans,
    settings: () => lab.settings.current,
    show: () => undefined,
    showView: () => undefined,
    notebookPipeline: () => null,
    notebook: () => NOTEBOOK,
    selectedFile: () => null
  });
});

afterEach(() => {
  Dialog.flush();
  lab.dispose();
});

function dialog(): Promise<HTMLElement> {
  return appears(() => document.querySelector<HTMLElement>('.jp-cauce-SplitDialog'));
}

/** Open the dialog; resolves once there is a plan. */
async function open(): Promise<void> {
  void commands.execute(CommandIDs.splitNotebook);
  await row('h0');
}

function row(key: string): Promise<HTMLElement> {
  return appears(() => document.querySelector<HTMLElement>(`[data-cauce-row="${key}"]`));
}

function button(action: string): Promise<HTMLButtonElement> {
  return appears(() =>
    document.querySelector<HTMLButtonElement>(
      `[data-cauce-action="${action}"]:not([aria-disabled="true"])`
    )
  );
}

function key(target: Element, name: string): void {
  target.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
}

async function gone(): Promise<void> {
  await appears(() => (document.querySelector('.jp-cauce-SplitDialog') === null ? true : null));
}

it('writes what was planned, and shows the pipeline', async () => {
  await open();
  const found = await dialog();
  expect(found.textContent).toContain('3 tasks from 8 cells');
  lab.client.snapshots.set(
    'pipeline.yaml',
    fakeSnapshot('pipeline.yaml', [fakeTask('load'), fakeTask('clean'), fakeTask('plot')])
  );
  (await button('split-apply')).click();
  await gone();
  expect(lab.client.calls.find(call => call.startsWith('apply split d1'))).toBeDefined();
  await appears(() => (lab.model.path === 'pipeline.yaml' ? true : null));
});

it('is edited by keys: a cut, a name; Escape asks before that is lost', async () => {
  await open();
  const cell = await row('c5');
  cell.focus();
  key(cell, 'Enter');
  const head = await row('h5');
  head.focus();
  key(head, 'F2');
  const field = await appears(() =>
    document.querySelector<HTMLInputElement>('.jp-cauce-NameField')
  );
  field.value = 'tidy';
  key(field, 'Enter');
  await appears(() => (head.textContent?.includes('tidy') === true ? true : null));
  await appears(() =>
    lab.client.calls.find(call => call.includes('"cuts":[0,3,5,6]') && call.includes('"5":"tidy"'))
  );

  const found = await dialog();
  key(await row('h5'), 'Escape');
  const discard = await button('discard');
  expect(found.isConnected).toBe(true);
  key(discard, 'Escape'); // not to answer is to go on
  await button('split-apply');
  key(await row('h5'), 'Escape');
  (await button('discard')).click();
  await gone();
  expect(lab.client.calls.some(call => call.startsWith('apply'))).toBe(false);
});

it('cannot be applied while there is an error, and offers the way out', async () => {
  const remark: SplitRemark = {
    code: 'star',
    severity: 'error',
    message: 'x is a generator: no file can hold it.',
    hint: 'Make it where it is used.',
    cell: 5,
    line: 1,
    names: ['x'],
    proposals: [
      {
        message: 'Make it again there',
        level: null,
        cuts: null,
        formats: { '3:x': 'recreate' },
        definitions: {},
        repeated: {},
        single: false,
        trace: false,
        folder: '',
        pipeline: ''
      }
    ]
  };
  lab.client.onPlanSplit = request => {
    const mended = request.formats?.['3:x'] === 'recreate';
    return fakeSplit(request, { remarks: mended ? [] : [remark], applicable: mended });
  };
  await open();
  const apply = (await dialog()).querySelector('[data-cauce-action="split-apply"]');
  expect(apply?.getAttribute('title')).toBe('1 error is to be mended first: see the notes.');
  (await row('c5')).querySelector<HTMLElement>('.jp-cauce-SplitCell-remark')?.click();
  (await button('split-proposal')).click();
  (await button('split-apply')).click();
  await gone();
  expect(lab.client.calls.find(call => call.startsWith('apply split'))).toContain(
    '"3:x":"recreate"'
  );
});

it('asks before the notebook is run', async () => {
  await open();
  (await button('trace')).click();
  expect(lab.client.calls.some(call => call.startsWith('start trace'))).toBe(false);
  (await button('trace-run')).click();
  await appears(() => lab.client.calls.find(call => call.startsWith('start trace')));
});

it('asks to save a notebook with changes: the plan is made of its file', async () => {
  const document_ = lab.open(NOTEBOOK);
  document_.context.model.dirty = true;
  const split = commands.execute(CommandIDs.splitNotebook);
  const asked = await appears(() => document.querySelector<HTMLElement>('.jp-Dialog'));
  expect(asked.textContent).toContain('sales.ipynb has changes that are not saved.');
  asked.querySelector<HTMLElement>('.jp-mod-accept')?.click();
  await row('h0');
  expect(document_.context.model.dirty).toBe(false);
  (await button('split-cancel')).click();
  await split;
});

it('cannot be left while it is being written: what was written is told, with the way back', async () => {
  await open();
  const cell = await row('c5');
  cell.focus();
  key(cell, 'Enter');
  await appears(() => lab.client.calls.find(call => call.includes('"cuts":[0,3,5,6]')));
  const apply = await button('split-apply');
  let answer = (): void => undefined;
  lab.client.gate = new Promise(resolve => {
    answer = resolve;
  });
  apply.click();
  await appears(() => (apply.textContent === 'Writing…' ? true : null));
  key(await row('c5'), 'Escape');
  const cancel = document.querySelector('[data-cauce-action="split-cancel"]');
  expect(cancel?.getAttribute('title')).toBe('The files are being written.');
  expect(document.querySelector('[data-cauce-action="discard"]')).toBeNull();
  lab.client.snapshots.set('pipeline.yaml', fakeSnapshot('pipeline.yaml', [fakeTask('load')]));
  answer();
  await gone();
  await appears(() => (lab.model.path === 'pipeline.yaml' ? true : null));
});

it('keeps the focus: what is behind it hears no keys, wherever Tab leads', async () => {
  const behind = document.body.appendChild(document.createElement('button'));
  await open();
  behind.focus();
  expect((await dialog()).contains(document.activeElement)).toBe(true);
  behind.remove();
});
