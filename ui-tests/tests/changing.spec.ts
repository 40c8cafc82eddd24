/**
 * The pipeline itself is changed from the panel: what is shown before is what is written, and can be taken back.
 */
import { expect, test } from '../support/fixtures';
import { CHAIN, pipelineYaml, script } from '../support/project';
import { ChangeDialog } from '../support/dialog';
import { GraphView } from '../support/graph';
import { TaskList } from '../support/list';

test.describe('A chain of tasks', () => {
  test.use({ files: CHAIN });

  test('gets another task, whose source opens', async ({ page, panel, project }) => {
    await panel.expectState('first', 'never');
    await panel.chooseFor('first', 'Add Task…');
    const dialog = new ChangeDialog(page);
    await expect(dialog.accept).toBeDisabled();
    await dialog.fill('Source', 'wrong.txt');
    await dialog.expectRefused('Cannot tell what kind of task');
    await dialog.fill('Source', 'plot.py');
    await dialog.expectSaid('Created plot.py.');
    await dialog.press();

    await panel.expectState('plot', 'never');
    expect(await project.read('pipeline.yaml')).toContain('  - source: plot.py');
    expect(await project.read('plot.py')).toContain("upstream = ['first']");
    await expect(page.getByRole('main').getByRole('tab', { name: /plot/ })).toBeVisible();
  });

  test('has a task renamed, and nothing runs again', async ({ page, panel, project }) => {
    await project.cauce('build');
    await panel.expectState('third', 'fresh');
    await panel.openTask('second');
    await expect(page.getByRole('main').getByRole('tab', { name: /second/ })).toBeVisible();
    // A notebook takes the focus once it has been read: not while keys are meant for the panel.
    await expect(page.locator('.jp-NotebookPanel:visible :focus')).toHaveCount(1);

    await panel.select('first');
    await page.keyboard.press('F2');
    const dialog = new ChangeDialog(page);
    await dialog.fill('Name', 'load data');
    await dialog.expectSaid("'first' is called 'load data' now.");
    await dialog.press();
    const undo = page.getByRole('button', { name: 'Undo', exact: true });
    await undo.hover(); // while the pointer is on it, it stays
    await panel.expectState('load data', 'fresh');
    await panel.expectState('second', 'fresh');
    await panel.expectState('third', 'fresh');
    expect(await project.read('second.py')).toContain('upstream = ["load data"]');

    // The open document shows what was written, and saving it asks nothing.
    await expect(page.locator('.jp-Notebook').getByText('["load data"]')).toBeVisible();
    await undo.click();
    await panel.expectState('first', 'fresh');
    await panel.expectState('second', 'fresh');
    expect(await project.read('second.py')).toBe(CHAIN['second.py']);
    expect(await project.read('pipeline.yaml')).toBe(CHAIN['pipeline.yaml']);
  });

  test('loses a task, and gets it back while nothing was changed since', async ({
    page,
    panel,
    project
  }) => {
    await panel.select('second');
    await page.keyboard.press('Delete');
    const dialog = new ChangeDialog(page);
    await dialog.expectRefused("'third' needs 'second'.");
    await dialog.check('third no longer needs it');
    await dialog.expectSaid("'third' no longer says that it needs 'second'.");
    await dialog.press();
    const undo = page.getByRole('button', { name: 'Undo', exact: true });
    await undo.hover(); // while the pointer is on it, it stays
    await panel.expectTasks(['first', 'third']);
    expect(await project.exists('second.py')).toBe(true);
    expect(await project.read('third.py')).toContain('upstream = None');

    await project.edit('third.py', 'A task', 'A last task');
    await undo.click();
    await expect(
      page.getByText('That cannot be undone: third.py was changed since.').first()
    ).toBeVisible();
    await project.edit('third.py', 'A last task', 'A task');
  });

  test('is connected otherwise', async ({ page, panel, project }) => {
    await panel.expectState('third', 'never');
    await panel.chooseFor('third', 'Change What It Needs…');
    const dialog = new ChangeDialog(page);
    await dialog.check('first');
    await dialog.expectSaid("'third' needs 'first' now.");
    await dialog.press();
    await expect.poll(() => project.read('third.py')).toContain('upstream = ["second", "first"]');

    await page.evaluate(async () => {
      await window.jupyterapp.commands.execute('cauce:disconnect-tasks', {
        from: 'second',
        to: 'third'
      });
    });
    await expect.poll(() => project.read('third.py')).toContain('upstream = ["first"]');
  });
});

test.describe('Keys that change something', () => {
  test.use({ files: CHAIN });

  test('are about the row with the focus, or about a link that is chosen', async ({
    page,
    panel,
    project
  }) => {
    const list = new TaskList(page, panel.root);
    const dialog = new ChangeDialog(page);
    await panel.select('first');
    await page.keyboard.press('Control+ArrowDown');
    await list.expectFocus('second');
    await list.expectSelected(['first']);
    await page.keyboard.press('F2');
    await expect(dialog.root).toContainText('second');
    await dialog.escape();
    await list.expectFocus('second');
    await page.keyboard.press('Delete');
    await expect(dialog.root).toContainText('second');
    await dialog.escape();
    await list.expectFocus('second');
    await page.keyboard.press('r');
    await panel.expectState('second', 'fresh');
    await panel.expectIdle();

    const graph = new GraphView(page, panel.root);
    await graph.open();
    await graph.node('second').click();
    await page.keyboard.press('e');
    await expect(graph.chosenLink).toHaveCount(1);
    await page.keyboard.press('Delete');
    await expect.poll(() => project.read('second.py')).toContain('upstream = None');
    await expect(graph.chosenLink).toHaveCount(0);
    await expect(graph.edges).toHaveCount(1);
    await expect(graph.node('second')).toBeFocused();
    await expect(dialog.root).toHaveCount(0);
    await page.keyboard.press('Delete');
    await expect(dialog.root).toContainText('second');
  });
});

test.describe('A pipeline without tasks', () => {
  test.use({ files: { 'pipeline.yaml': 'tasks: []\n' } });

  test('gets its first from the panel', async ({ page, panel, project }) => {
    await panel.root.getByRole('button', { name: 'Add Task…' }).click();
    const dialog = new ChangeDialog(page);
    await dialog.fill('Source', 'load.py');
    await dialog.expectSaid('Created load.py.');
    await dialog.press();
    await panel.expectState('load', 'never');
    expect(await project.read('pipeline.yaml')).toContain('- source: load.py');
  });
});

test.describe('Values in several files', () => {
  test.use({
    files: {
      'pipeline.yaml': `${pipelineYaml(['one'])}    params:\n      rows: '{{rows}}'\n`,
      'one.py': script({ code: 'result = str(rows)' }).replace(
        'product = None',
        'product = None\nrows = None'
      ),
      'env.yaml': 'rows: 3\n',
      'env.sample.yaml': 'rows: 1\n'
    }
  });

  test('are chosen in the panel, for the command line too', async ({ panel, project }) => {
    await project.cauce('build');
    await panel.expectState('one', 'fresh');
    await panel.root.getByLabel('Values').selectOption('sample');
    await panel.expectState('one', 'stale');
    await panel.expectReason('one', /rows changed from 3 to 1/);
    await project.cauce('build');
    await panel.expectState('one', 'fresh');
    expect(await project.read('output/one.txt')).toBe('1');
  });
});

test.describe('Scripts without a pipeline', () => {
  test.use({ files: { 'a.py': script(), 'b.py': script({ upstream: ['a'] }) } });

  test('become one', async ({ page, panel, project }) => {
    await page.evaluate(
      files => {
        // It ends with the dialog.
        void window.jupyterapp.commands.execute('cauce:create-pipeline', { files });
      },
      [`${project.folder}/b.py`, `${project.folder}/a.py`]
    );
    const dialog = new ChangeDialog(page);
    await dialog.expectSaid('Created pipeline.yaml with 2 tasks.');
    await dialog.press();
    await panel.expectState('b', 'never');
    await panel.expectTasks(['a', 'b']);
    expect(await project.read('pipeline.yaml')).toContain('data: output/a.csv');
  });
});
