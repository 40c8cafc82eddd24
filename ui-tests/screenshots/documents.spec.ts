/**
 * The pictures of the documents: `make screenshots` writes them to docs/images.
 */
import { galata } from '@jupyterlab/galata';

import { copyExample } from '../support/example';
import { expect, test } from '../support/fixtures';
import { picture, widen } from '../support/picture';
import { Project } from '../support/project';

test.setTimeout(600_000);

test.use({
  // The folder's name is the pipeline's.
  project: async ({ tmpPath }, use) => {
    const project = new Project(`${tmpPath}/diabetes`);
    await copyExample(project);
    await use(project);
  }
});

/** Without this, a notification may or may not be in the picture. */
test.use({
  mockSettings: {
    ...galata.DEFAULT_SETTINGS,
    'jupyterlab-cauce:panel': { notify: 'never' }
  }
});

test('The panel with the example built, beside its report', async ({ page, panel, project }) => {
  await project.cauce('build');
  await panel.expectState('report', 'fresh');
  await panel.select('report');
  await panel.detail
    .getByRole('button', { name: /report\.ipynb/ })
    .first()
    .click();
  const report = page.locator('.jp-NotebookPanel:visible');
  await expect(report.locator('.jp-RenderedImage img').first()).toBeVisible();
  await widen(page, 420);
  await report
    .locator('.jp-RenderedImage img')
    .first()
    .evaluate(image => {
      image.scrollIntoView({ block: 'end' });
    });
  await picture(page, 'panel');
});

test('A task opened as a notebook', async ({ page, panel, project }) => {
  await project.cauce('build');
  await project.edit('pipeline.yaml', 'test_size: 0.25', 'test_size: 0.3');
  await panel.expectState('train-test-split', 'stale');
  await panel.select('train-test-split');
  await panel.openTask('train-test-split');
  const notebook = page.locator('.jp-NotebookPanel:visible');
  await expect(notebook.locator('.jp-cauce-InjectedCell')).toBeVisible();
  await widen(page, 360);
  await picture(page, 'notebook');
});

test.describe('The panel as a tab of the main area', () => {
  test.beforeEach(async ({ page, panel, project }) => {
    await project.cauce('build');
    await project.edit('pipeline.yaml', 'test_size: 0.25', 'test_size: 0.3');
    await project.cauce('build', 'linear-regression');
    await project.edit(
      'tasks/clean.py',
      'import pandas as pd',
      'import pandas as pd\n\npd.set_option("display.precision", 3)'
    );
    await panel.expectState('clean', 'stale');
    await page.evaluate(async () => {
      const { jupyterapp } = window as unknown as {
        jupyterapp: { commands: { execute: (id: string) => Promise<unknown> } };
      };
      await jupyterapp.commands.execute('cauce:open-main');
    });
    await page.sidebar.close();
  });

  test('The list, and why a task would run', async ({ page }) => {
    const tab = page.locator('#cauce-main');
    await tab.getByRole('tab', { name: 'List' }).click();
    await tab.locator('[data-cauce-task="clean"]').first().click();
    await expect(tab.locator('.jp-cauce-SideBySide').first()).toBeVisible();
    await page.mouse.move(640, 840);
    await picture(page, 'list', tab);
  });

  test('The graph', async ({ page }) => {
    const tab = page.locator('#cauce-main');
    await tab.getByRole('tab', { name: 'Graph' }).click();
    await tab.locator('.jp-cauce-Graph [data-cauce-task="train-test-split"]').click();
    await page.mouse.move(640, 840);
    await picture(page, 'graph', tab);
  });

  test('Past runs', async ({ page }) => {
    const tab = page.locator('#cauce-main');
    await tab.getByRole('tab', { name: 'Runs' }).click();
    await tab.locator('[data-cauce-place="0 2"]').dblclick();
    await expect(tab.locator('[data-cauce-bar="report"]')).toBeVisible();
    await page.mouse.move(640, 840);
    await picture(page, 'runs', tab);
  });
});
