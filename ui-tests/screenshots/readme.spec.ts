/**
 * The README's pictures: `make screenshots` writes them to docs/images. Those in the dark theme
 * are for looking at only and go to test-results/.
 */
import * as path from 'node:path';

import { galata, type IJupyterLabPageFixture } from '@jupyterlab/galata';

import { copyExample } from '../support/example';
import { expect, test } from '../support/fixtures';
import { Project } from '../support/project';

const IMAGES = path.resolve(__dirname, '../../docs/images');

test.setTimeout(600_000);

test.use({
  // The folder's name is the pipeline's.
  project: async ({ tmpPath }, use) => {
    const project = new Project(`${tmpPath}/diabetes`);
    await copyExample(project);
    await use(project);
  }
});

async function widen(page: IJupyterLabPageFixture, width: number): Promise<void> {
  const panel = await page.locator('#cauce-panel').boundingBox();
  if (panel === null) {
    throw new Error('The panel is not shown');
  }
  const edge = { x: panel.x + panel.width + 3, y: panel.y + panel.height / 2 };
  await page.mouse.move(edge.x, edge.y);
  await page.mouse.down();
  await page.mouse.move(panel.x + width, edge.y, { steps: 10 });
  await page.mouse.up();
  // Nothing is hovered in a picture.
  await page.mouse.move(640, 799);
}

/** Without this, a notification may or may not be in the picture. */
test.use({
  mockSettings: {
    ...galata.DEFAULT_SETTINGS,
    'jupyterlab-cauce:panel': { notifyOnFinish: false }
  }
});

/** A picture of the page in the light theme, and one in the dark theme. */
async function picture(page: IJupyterLabPageFixture, name: string): Promise<void> {
  await page.theme.setDarkTheme();
  await page.screenshot({ path: `test-results/${name}-dark.png`, animations: 'disabled' });
  await page.theme.setLightTheme();
  await page.screenshot({ path: path.join(IMAGES, `${name}.png`), animations: 'disabled' });
}

test('The panel with the example built, beside its report', async ({ page, panel, project }) => {
  await project.cauce('build');
  await panel.expectState('report', 'fresh');
  await panel.select('report');
  await panel.detail.getByRole('button', { name: 'output/report.ipynb' }).click();
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
