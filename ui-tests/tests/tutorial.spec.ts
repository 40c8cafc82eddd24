/**
 * docs/tutorial.md, step by step: one notebook becomes a pipeline, and the pipeline gets another task.
 *
 * Among the screenshots it makes the tutorial's pictures.
 */
import { galata, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { ChangeDialog } from '../support/dialog';
import { copyExample } from '../support/example';
import { expect, test } from '../support/fixtures';
import { GraphView } from '../support/graph';
import { OpenNotebook } from '../support/opennotebook';
import { picture, widen } from '../support/picture';
import { Project } from '../support/project';

test.setTimeout(900_000);

test.use({
  // The folder's name is the pipeline's.
  project: async ({ tmpPath }, use) => {
    const project = new Project(`${tmpPath}/houses`);
    await copyExample(project, 'houses');
    await use(project);
  },
  mockSettings: {
    ...galata.DEFAULT_SETTINGS,
    'jupyterlab-cauce:panel': { notify: 'never' }
  }
});

const TASKS = ['load', 'clean', 'split', 'linear-regression', 'random-forest'];

/** What the reader writes into the new task. */
const GRADIENT_BOOSTING = `from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import mean_absolute_error

boosting = GradientBoostingRegressor(random_state=42)
boosting.fit(split_X_train, split_y_train)
predicted = boosting.predict(split_X_test)
print(f"off by {mean_absolute_error(split_y_test, predicted):.3f} in the mean")`;

/** Among the screenshots: a picture, of which `last` is what is seen lowest. */
async function show(page: IJupyterLabPageFixture, name: string, last?: Locator): Promise<void> {
  if (test.info().project.name === 'screenshots') {
    await picture(page, `tutorial-${name}`, page, async () => {
      await last?.evaluate(node => {
        node.scrollIntoView({ block: 'end' });
      });
    });
  }
}

test('The tutorial', async ({ page, panel, project }) => {
  const graph = new GraphView(page, panel.root);
  let before = await project.bytes('houses.ipynb');

  await test.step('The notebook', async () => {
    await page.sidebar.openTab('filebrowser');
    const houses = new OpenNotebook(page, project, 'houses.ipynb');
    await houses.command('filebrowser:go-to-path', { path: project.folder });
    await page.locator('.jp-DirListing-item', { hasText: 'houses.ipynb' }).dblclick();
    await houses.waitForIdle();
    // JupyterLab has added the kernel's version of Python.
    await houses.expectDirty(true);
    await houses.command('docmanager:save');
    await houses.expectDirty(false);
    before = await project.bytes('houses.ipynb');
    await show(page, 'notebook');
  });

  await test.step('Split it', async () => {
    await page.sidebar.openTab('filebrowser');
    await page
      .locator('.jp-DirListing-item', { hasText: 'houses.ipynb' })
      .click({ button: 'right' });
    await page.locator('.lm-Menu-item', { hasText: 'Split into Pipeline…' }).click();
    const dialog = page.locator('.jp-cauce-SplitDialog');
    const tasks = dialog.locator('.jp-cauce-Graph [data-cauce-task]');
    await expect(tasks).toHaveCount(TASKS.length);
    await dialog.locator('.jp-cauce-Graph [data-cauce-task="split"]').click();
    await show(page, 'split');
    expect(await project.exists('pipeline.yaml')).toBe(false);

    await dialog.locator('[data-cauce-action="split-apply"]').click();
    await expect(dialog).toHaveCount(0);
    expect(await project.bytes('houses.ipynb')).toEqual(before);
  });

  await test.step('Look at it', async () => {
    await expect(panel.root).toBeVisible();
    await dismiss(page);
    await widen(page, 400);
    await graph.open();
    for (const task of TASKS) {
      await expect(graph.node(task)).toHaveAttribute('data-state', 'never');
    }
    await show(page, 'graph');
    const clean = new OpenNotebook(page, project, 'tasks/clean.ipynb');
    await graph.node('clean').dblclick();
    await expect(clean.injected).toContainText('output/load-df.parquet');
    await expect(clean.cell('upstream["load"]["df"]').first()).toBeVisible();
  });

  await test.step('Build it', async () => {
    await panel.build();
    await panel.expectFinished('ok', 300_000);
    for (const task of TASKS) {
      await expect(graph.node(task)).toHaveAttribute('data-state', 'fresh');
    }
    await graph.node('random-forest').click();
    await panel.detail
      .getByRole('button', { name: /random-forest\.ipynb/ })
      .first()
      .click();
    const executed = page.locator('.jp-NotebookPanel:visible');
    const plot = executed.locator('.jp-RenderedImage img').first();
    await expect(plot).toBeVisible();
    await show(page, 'built', plot);

    await panel.build();
    await panel.expectMessage(/up to date/i);
  });

  await test.step('Add a task', async () => {
    await panel.more('Add Task…');
    const dialog = new ChangeDialog(page);
    await dialog.fill('Source', 'tasks/gradient-boosting.ipynb');
    // The selected task is proposed; what it needs the notebook is to say.
    await dialog.root.getByRole('checkbox', { name: 'random-forest', exact: true }).uncheck();
    await dialog.fill('Products', 'nb: output/gradient-boosting.ipynb');
    await dialog.expectSaid('Created tasks/gradient-boosting.ipynb.');
    await show(page, 'add');
    await dialog.press();
    await dismiss(page);
    await expect(graph.node('gradient-boosting')).toHaveAttribute('data-state', 'never');
  });

  const notebook = new OpenNotebook(page, project, 'tasks/gradient-boosting.ipynb');
  await test.step('Declare what it needs', async () => {
    await expect(notebook.line).toBeVisible();
    await replaceCell(
      page,
      notebook.cell('upstream = None'),
      'upstream = ["split"]\nproduct = None'
    );
    await notebook.save();
    await expect(notebook.injected).toContainText('output/split-X_train');
    await expect(notebook.line.getByRole('button', { name: 'split' })).toBeVisible();
    await expect(graph.edges).toHaveCount(5);
  });

  await test.step('Use what upstream has made', async () => {
    await notebook.injected.click();
    for (const name of ['X_train', 'X_test', 'y_train', 'y_test']) {
      await notebook.button('use-upstream').click();
      await page.locator('.lm-Menu-item', { hasText: name }).click();
      await expect(notebook.cell(`split_${name} = `)).toHaveCount(1);
    }
    await replaceCell(page, notebook.cells.last(), GRADIENT_BOOSTING);
    await notebook.runAll();
    await expect(notebook.cells.last().locator('.jp-Cell-outputArea')).toContainText('off by 0.', {
      timeout: 120_000
    });
    await notebook.save();
    await show(page, 'task', notebook.cells.last().locator('.jp-Cell-outputArea'));
  });

  await test.step('Build again: only the new task runs', async () => {
    const earlier = await modified(project);
    await panel.build();
    await panel.expectFinished('ok', 300_000);
    await panel.expectMessage(/1 task ran/);
    await expect(graph.node('gradient-boosting')).toHaveAttribute('data-state', 'fresh');
    expect(await modified(project)).toEqual(earlier);
    expect(await project.read('output/gradient-boosting.ipynb')).toContain('off by 0.');
    await show(page, 'again', notebook.cells.last().locator('.jp-Cell-outputArea'));
  });
});

/** When what the first five tasks made was written. */
async function modified(project: Project): Promise<number[]> {
  return Promise.all(TASKS.map(task => project.modified(`output/${task}.ipynb`)));
}

/** Close the message that offers to take back what was done. */
async function dismiss(page: IJupyterLabPageFixture): Promise<void> {
  await expect(page.getByRole('button', { name: 'Undo', exact: true })).toBeVisible();
  await page.locator('.jp-Notification-Toast-Close').click();
}

/** Write something else into a cell. */
async function replaceCell(
  page: IJupyterLabPageFixture,
  cell: Locator,
  text: string
): Promise<void> {
  await cell.locator('.cm-content').click();
  await expect(cell.locator('.cm-editor')).toHaveClass(/cm-focused/);
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(text);
}
