/**
 * A task's notebook while it is open: it says which task it is and how that stands, follows the
 * pipeline and the file where nothing is lost, and offers to where something could be.
 */
import { expect, test } from '../support/fixtures';
import { OpenNotebook } from '../support/opennotebook';
import { CHAIN, pipelineYaml, script } from '../support/project';

const RESULT = 'result = "".join(inputs)';
/** The pipeline with a parameter for `second`. */
const WITH_PARAMS = pipelineYaml(['first', 'second', 'third']).replace(
  'data: output/second.txt\n',
  'data: output/second.txt\n    params:\n      depth: 1\n'
);

test.use({ files: { ...CHAIN, 'pipeline.yaml': WITH_PARAMS } });

test.describe('The line above a task’s notebook', () => {
  test('tells the task and its state as it changes, and runs it', async ({ page, project }) => {
    const notebook = new OpenNotebook(page, project, 'second.py');
    await notebook.open();
    await notebook.expectState('never');
    await expect(notebook.line).toContainText('second');
    await expect(notebook.line).toContainText('never run');
    await expect(notebook.line.getByRole('button', { name: 'first' })).toBeVisible();

    await notebook.button('run-task').click();
    await notebook.expectState('fresh');
    await expect(notebook.line).toContainText('up to date');
    expect(await project.read('output/second.txt')).toBe('xx');
    await notebook.expectDirty(false);

    // Another process: nobody has told this browser but the server.
    await project.edit('first.py', '+ "x"', '+ "y"');
    await notebook.expectState('stale');
  });

  test('leads to the graph and to what the task needs, and goes away for good', async ({
    page,
    project,
    panel
  }) => {
    const notebook = new OpenNotebook(page, project, 'second.py');
    await notebook.open();
    await notebook.button('show-in-graph').click();
    await expect(panel.node('second')).toBeVisible();
    await expect(panel.detail).toContainText('second');

    await notebook.button('dismiss').click();
    await expect(notebook.line).toHaveCount(0);
    await notebook.command('cauce:toggle-banner');
    await expect(notebook.line).toBeVisible();

    await notebook.line.getByRole('button', { name: 'first' }).click();
    const other = new OpenNotebook(page, project, 'first.py');
    await expect(other.line).toContainText('first');
  });
});

test.describe('What is filled in', () => {
  test('follows the pipeline in place', async ({ page, project }) => {
    const notebook = new OpenNotebook(page, project, 'second.py');
    await notebook.open();
    await expect(notebook.injected).toContainText('depth = 1');
    const before = await project.bytes('second.py');

    // Something that only a replacement of all cells would change.
    await notebook.cell(RESULT).evaluate(node => {
      node.dataset.sameNode = 'yes';
    });
    await project.edit('pipeline.yaml', 'depth: 1', 'depth: 2');
    await expect(notebook.injected).toContainText('depth = 2');
    await expect(notebook.cell(RESULT)).toHaveAttribute('data-same-node', 'yes');
    await notebook.expectDirty(false);

    // It is still known as ours, and not saved.
    await notebook.type('  # edited', RESULT);
    await notebook.save();
    expect(await project.read('second.py')).toBe(
      before.toString().replace(`${RESULT} + "x"`, `${RESULT} + "x"  # edited`)
    );
  });

  test('waits for what is not saved, and is offered meanwhile', async ({ page, project }) => {
    const notebook = new OpenNotebook(page, project, 'second.py');
    await notebook.open();
    await notebook.type('  # mine', RESULT);
    await project.edit('pipeline.yaml', 'depth: 1', 'depth: 2');
    await expect(notebook.notice).toContainText('gives other values');
    await expect(notebook.injected).toContainText('depth = 1');

    await notebook.button('update').click();
    await expect(notebook.injected).toContainText('depth = 2');
    await expect(notebook.cell('# mine')).toHaveCount(1);
    await notebook.expectDirty(true);
    await expect(notebook.notice).toBeEmpty();

    await project.edit('pipeline.yaml', 'depth: 2', 'depth: 3');
    await expect(notebook.notice).toContainText('gives other values');
    await notebook.save();
    await expect(notebook.injected).toContainText('depth = 3');
    expect(await project.read('second.py')).toContain('# mine');
  });

  test('does not change under cells that run', async ({ page, project }) => {
    // They run until the test says so.
    const waits = 'import time\nwhile not Path("go").exists():\n    time.sleep(0.05)\n';
    await project.edit('second.py', RESULT, `${waits}${RESULT}`);
    await project.cauce('build', 'first');
    const notebook = new OpenNotebook(page, project, 'second.py');
    await notebook.open();
    await notebook.waitForIdle();
    await notebook.type('  # autosaved', RESULT);
    await notebook.runAll();
    // As autosave does in the middle of a run: the document is clean, and the cells still run.
    await notebook.save();
    await project.edit('pipeline.yaml', 'depth: 1', 'depth: 2');
    await project.edit('second.py', '# autosaved', '# from elsewhere');
    await notebook.comeBack();
    await expect(notebook.notice).toContainText('when the kernel is idle');
    await expect(notebook.cell('# autosaved')).toHaveCount(1);
    await project.write({ go: '' });
    await expect.poll(() => project.content('output/second.txt')).toBe('xx');
    await expect(notebook.cell('# from elsewhere')).toHaveCount(1);
    await expect(notebook.injected).toContainText('depth = 2');
  });

  test('says so when the pipeline cannot be read', async ({ page, project }) => {
    const notebook = new OpenNotebook(page, project, 'second.py');
    await notebook.open();
    await project.write({ 'pipeline.yaml': 'tasks:\n  - source: second.py\n product: [' });
    await expect(notebook.notice).toContainText('pipeline.yaml cannot be read');
    await notebook.command('application:close');
    await expect(notebook.root).toHaveCount(0);
    await notebook.open(false);
    await expect(notebook.notice).toContainText('nothing is filled in');
    await expect(notebook.injected).toHaveCount(0);
    await project.write({ 'pipeline.yaml': WITH_PARAMS });
    await expect(notebook.injected).toContainText('depth = 1');
    await notebook.expectState('never');
  });
});

test.describe('A file that changes on the disk', () => {
  test('is read again, and outputs of what is the same stay', async ({ page, project }) => {
    await project.cauce('build', 'first');
    await project.edit('second.py', RESULT, `print("shown" + " here"); ${RESULT}`);
    const notebook = new OpenNotebook(page, project, 'second.py');
    await notebook.open();
    await notebook.runAll();
    await expect.poll(() => project.content('output/second.txt')).toBe('xx');
    await expect(notebook.root.locator('.jp-OutputArea-output').first()).toHaveText('shown here\n');
    await notebook.waitForIdle();

    await project.edit('second.py', '# # A task', '# # Another title');
    await notebook.comeBack();
    await expect(notebook.root).toContainText('Another title');
    await expect(notebook.root.locator('.jp-OutputArea-output').first()).toHaveText('shown here\n');
    await notebook.expectDirty(false);
  });

  test('is not read over an edit', async ({ page, project }) => {
    const notebook = new OpenNotebook(page, project, 'second.py');
    await notebook.open();
    await notebook.type('  # mine', RESULT);
    await project.edit('second.py', '# # A task', '# # Another title');
    await notebook.comeBack();
    await expect(notebook.notice).toContainText('has changed on the disk');
    await notebook.button('keep').click();
    await expect(notebook.notice).toBeEmpty();
    await expect(notebook.cell('# mine')).toHaveCount(1);

    // JupyterLab asks as well; what it overwrites was kept on purpose.
    await page.keyboard.press('Control+s');
    await page.locator('.jp-Dialog').getByRole('button', { name: 'Overwrite' }).click();
    await expect.poll(() => project.read('second.py')).toContain('# mine');
  });

  test('is read over an edit when the user says so', async ({ page, project }) => {
    const notebook = new OpenNotebook(page, project, 'second.py');
    await notebook.open();
    await notebook.type('  # mine', RESULT);
    await project.edit('second.py', '# # A task', '# # Another title');
    await notebook.comeBack();
    await notebook.button('reload').click();
    await page.locator('.jp-Dialog').getByRole('button', { name: 'Lose Changes' }).click();
    await expect(notebook.root).toContainText('Another title');
    await expect(notebook.cell('# mine')).toHaveCount(0);
    await notebook.expectDirty(false);
  });

  test('may be open in the editor, too', async ({ page, project, panel }) => {
    const notebook = new OpenNotebook(page, project, 'second.py');
    await notebook.open();
    const editor = await notebook.openEditor();

    // What the notebook saves, the editor shows.
    await notebook.type('  # by notebook', RESULT);
    await notebook.save();
    await expect(editor).toContainText('# by notebook');

    // What the editor saves, the notebook shows.
    await editor.click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('# by editor\n');
    await notebook.root.click({ position: { x: 300, y: 200 } });
    await expect(notebook.notice).toContainText('open in another tab');
    await notebook.button('save-twin').click();
    await expect(notebook.root).toContainText('# by editor');
    const saved = await project.read('second.py');
    expect(saved).toContain('# by editor\n');
    expect(saved).toContain('# by notebook');

    // Opened from the panel while the editor holds changes: it asks.
    await editor.click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('# again\n');
    await panel.chooseFor('second', 'Open as Notebook');
    await page.locator('.jp-Dialog').getByRole('button', { name: 'Save and Open' }).click();
    await expect(notebook.root).toContainText('# again');
  });
});

test.describe('Upstream output', () => {
  test('is loaded by a cell that is inserted', async ({ page, project }) => {
    await project.cauce('build', 'first');
    const notebook = new OpenNotebook(page, project, 'second.py');
    await notebook.open();
    await notebook.button('use-upstream').click();
    await page.locator('.lm-Menu-item', { hasText: 'first.txt' }).click();
    const inserted = notebook.cell('first = Path(upstream["first"]["data"])');
    await expect(inserted).toHaveCount(1);
    await expect(inserted.locator('.cm-editor')).toHaveClass(/cm-focused/);
    await notebook.type('; print("loaded", first)', 'first = Path(');
    await notebook.runAll();
    await expect(notebook.root.locator('.jp-OutputArea-output').first()).toHaveText('loaded x\n');
  });

  test('is completed and checked by its name', async ({ page, project }) => {
    const notebook = new OpenNotebook(page, project, 'second.py');
    await notebook.open();
    const cell = notebook.cell('upstream = ["first"]');
    await cell.locator('.cm-content').click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.type(', "thrd"');
    await expect(notebook.root.locator('.cm-lintRange-error')).toHaveText('thrd');
    await page.keyboard.press('ArrowLeft');
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press('Backspace');
    }
    // Before, Tab indents.
    const active = notebook.root.locator('.jp-Cell.jp-mod-active');
    await expect(active.locator('.jp-mod-completer-enabled')).toHaveCount(1);
    await page.keyboard.press('Tab');
    const items = page.locator('.jp-Completer:visible .jp-Completer-item');
    // A kernel's own words come after.
    await expect(items.first()).toContainText('third');
    await page.keyboard.press('Enter');
    // Which needs this task already.
    await expect(notebook.root.locator('.cm-lintRange-error')).toHaveText('third');
    await notebook.root.locator('.cm-lintRange-error').hover();
    await expect(page.locator('.cm-tooltip')).toContainText('second → third');
  });
});

test.describe('A source that tasks share', () => {
  const shared = `tasks:
${['es', 'fr']
  .map(
    name => `  - source: report.py
    name: report-${name}
    product: output/report-${name}.ipynb
    params:
      language: ${name}
`
  )
  .join('')}`;
  test.use({ files: { 'pipeline.yaml': shared, 'report.py': script({ code: 'result = "x"' }) } });

  test('is shown with the values of the task that is chosen', async ({ page, project, panel }) => {
    await panel.chooseFor('report-fr', 'Open as Notebook');
    const notebook = new OpenNotebook(page, project, 'report.py');
    await expect(notebook.injected).toContainText("language = 'fr'");
    const select = notebook.line.getByRole('combobox');
    await select.selectOption({ label: 'report-es' });
    await expect(notebook.injected).toContainText("language = 'es'");
    await notebook.expectDirty(false);
    await panel.chooseFor('report-fr', 'Open as Notebook');
    await expect(notebook.injected).toContainText("language = 'fr'");
    await expect(select.locator('option:checked')).toHaveText('report-fr');
    // Before, the page's address alone would open the file again, and that in the editor.
    await notebook.expectRemembered();
    // Galata waits for a launcher unless told not to; its fixture's type has Playwright's options alone.
    const atOnce = { waitUntil: 'load', waitForIsReady: false } as const;
    await page.reload(atOnce);
    await expect(notebook.injected).toContainText("language = 'fr'");
  });
});
