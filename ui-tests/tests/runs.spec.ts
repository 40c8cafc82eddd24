/**
 * Past runs: the grid, a run in time, what differs, once more, and forgotten.
 */
import { expect, test as base } from '../support/fixtures';
import { TaskList } from '../support/list';
import { CHAIN, pipelineYaml, script } from '../support/project';
import { Runs } from '../support/runs';

const test = base.extend<{ runs: Runs }>({
  runs: async ({ panel }, use) => {
    await use(new Runs(panel));
  }
});

test.describe('A pipeline that was never built', () => {
  test.use({ files: CHAIN });

  test('says so, and is built from there', async ({ panel, runs }) => {
    await runs.open();
    await expect(panel.root.getByText('No runs yet')).toBeVisible();
    await panel.startFrom(panel.root.getByRole('button', { name: 'Build', exact: true }));
    await panel.expectFinished('ok');
    for (const task of [1, 2, 3]) {
      await runs.expectCell(task, 1, 'ok');
    }
  });
});

const YAML = pipelineYaml(['first', 'fit']).replace(
  'data: output/fit.txt',
  'data: output/fit.txt\n      metrics: output/metrics.json\n    params: {alpha: 0.5}'
);
const FIT = script({
  upstream: ['first'],
  code: `import json

print("fitting with", alpha)
Path(product["metrics"]).write_text(json.dumps({"r2": 1 - alpha}))
result = "".join(inputs) + str(alpha)`
}).replace('product = None', 'product = None\nalpha = None');

test.describe('Three runs', () => {
  test.use({ files: { 'pipeline.yaml': YAML, 'first.py': script(), 'fit.py': FIT } });

  test.beforeEach(async ({ project, runs }) => {
    await project.cauce('build');
    await project.edit('pipeline.yaml', 'alpha: 0.5', 'alpha: 0.25');
    await project.edit(
      'fit.py',
      'print("fitting with", alpha)',
      'print("now fitting with", alpha)'
    );
    await project.cauce('build');
    await project.edit('fit.py', 'import json', 'import jsn');
    await project.cauce('build').catch(() => undefined);
    await runs.open();
    await runs.expectCell(2, 1, 'failed');
  });

  test('are walked through with the keyboard', async ({ page, panel, runs }) => {
    await runs.expectCell(1, 1, 'none');
    await runs.expectCell(2, 2, 'ok');
    await runs.expectCell(1, 3, 'ok');
    await runs.head(1).click();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await expect(runs.cell(2, 1)).toBeFocused();
    await expect(runs.task).toContainText(/fit\s*failed/);
    await expect(runs.task).toContainText(/Did you forget 'import json'/);
    await page.keyboard.press('End');
    await expect(runs.cell(2, 3)).toBeFocused();
    await expect(runs.task).toContainText(/fit\s*succeeded/);
    await page.keyboard.press('Enter');
    await expect(runs.bar('fit')).toHaveAttribute('aria-label', /succeeded, began after .+, took/);
    await expect(runs.bar('first')).toHaveAttribute('data-critical', 'true');
    await page.keyboard.press('Escape');
    await expect(runs.grid).toBeVisible();
    await expect(panel.detail).toContainText('fit');
  });

  test('are told of the tasks that are looked for', async ({ page, panel, runs }) => {
    await runs.head(1).click();
    const field = new TaskList(page, panel.root).field;
    await page.keyboard.press('/');
    await expect(field).toBeFocused();
    await page.keyboard.type('state:failed');
    await runs.expectCell(1, 1, 'failed');
    await expect(runs.cell(2, 1)).toHaveCount(0);
    await page.keyboard.press('ArrowDown');
    await expect(runs.head(1)).toBeFocused();
    await page.keyboard.press('/');
    await expect(field).toBeFocused();
    await page.keyboard.type('nothing');
    await panel.root.getByRole('button', { name: 'Show all tasks' }).click();
    await expect(runs.cell(2, 1)).toBeVisible();
    await runs.head(1).dblclick();
    await expect(panel.root.getByRole('search')).toHaveCount(0);
  });

  test('are compared: code, parameters, numbers', async ({ panel, runs }) => {
    await runs.head(2).dblclick();
    await panel.root.getByRole('tab', { name: 'Changes' }).click();
    const change = runs.change('fit');
    await expect(change).toContainText('code');
    await expect(change.getByRole('row', { name: 'alpha 0.5 0.25' })).toBeVisible();
    await expect(change.getByRole('row', { name: 'r2 0.5 0.75 +0.25 (+50 %)' })).toBeVisible();
    await expect(change.locator('[data-diff="added"]').last()).toContainText('now fitting');
    await expect(change.locator('[data-diff="removed"]').last()).toContainText('print("fitting');
    await expect(runs.change('first')).toHaveCount(0);
  });

  test('show what a task printed, and its notebook as it was', async ({ page, runs }) => {
    await runs.cell(2, 3).click();
    await runs.button('run-log').click();
    await expect(runs.task.getByLabel('Log')).toContainText('fitting with 0.5');
    await runs.task.getByRole('button', { name: 'Notebook' }).click();
    const notebook = page.locator('.jp-NotebookPanel:not(.lm-mod-hidden)');
    await expect(notebook).toContainText('fitting with 0.5');
    await expect(notebook).not.toContainText('now fitting');
  });

  test('are run again, and deleted; nothing becomes stale by that', async ({
    page,
    panel,
    project,
    runs
  }) => {
    await project.edit('fit.py', 'import jsn', 'import json');
    await runs.head(1).dblclick();
    await panel.startFrom(runs.button('rerun'));
    await panel.expectFinished('ok');
    await runs.page.getByRole('button', { name: 'All runs' }).click();
    await runs.expectCell(2, 1, 'ok');

    await runs.head(1).dblclick();
    await runs.button('delete-run').click();
    await page.locator('.jp-Dialog').getByRole('button', { name: 'Delete' }).click();
    await expect(runs.head(4)).toHaveCount(0);
    await runs.expectCell(2, 1, 'failed');
    await panel.view('List');
    await panel.expectState('first', 'fresh');
    await panel.expectState('fit', 'fresh');
  });
});
