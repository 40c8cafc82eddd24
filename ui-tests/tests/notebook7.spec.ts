/**
 * Jupyter Notebook 7: a page for each document, no status bar, no main area to open things in.
 */
import { expect, test } from '@playwright/test';
import { rm } from 'node:fs/promises';

import { CHAIN, Project } from '../support/project';
import { startServer, type IServer } from '../support/server';

const port = Number(process.env.CAUCE_UI_PORT) + 2000;
const address = `http://127.0.0.1:${String(port)}/`;
const project = new Project('in-notebook-7');

let server: IServer | null = null;

test.beforeAll(async () => {
  await project.write(CHAIN);
  const args = [
    '-m',
    'notebook',
    '--no-browser',
    '--expose-app-in-browser',
    '--IdentityProvider.token=',
    '--ServerApp.disable_check_xsrf=True',
    `--ServerApp.root_dir=${project.path('..')}`,
    `--ServerApp.port=${String(port)}`
  ];
  server = await startServer('python', args, address);
});

test.afterAll(async () => {
  await server?.stop();
  await rm(project.path(), { recursive: true, force: true });
});

test('the panel is in the sidebar of a task’s notebook, and builds', async ({ page, context }) => {
  await page.goto(`${address}notebooks/${project.folder}/second.py?factory=Notebook`);
  await expect(page.locator('.jp-Notebook')).toContainText('Filled in by Cauce');
  await page.locator('.lm-MenuBar-item', { hasText: 'View' }).click();
  await page.locator('.lm-Menu-item', { hasText: 'Left Sidebar' }).click();
  await page.locator('.lm-Menu-item', { hasText: 'Show Pipeline' }).click();
  const panel = page.locator('#cauce-panel');
  const row = panel.locator('.jp-cauce-List-row[data-cauce-task="third"]');
  await expect(row).toHaveAttribute('data-state', 'never');
  await panel.locator('[data-cauce-action="build"]').click();
  await expect(row).toHaveAttribute('data-state', 'fresh', { timeout: 60_000 });

  const other = context.waitForEvent('page');
  await row.dblclick();
  // A page begins blank.
  await expect(await other).toHaveURL(/third\.py\?factory=Notebook/);

  // There is no tab for it: the sidebar is where it is shown.
  await page.evaluate(() =>
    (window as unknown as IExposed).jupyterapp.commands.execute('cauce:open-main')
  );
  await expect(panel).toBeVisible();
});

test('the pages of files and of text have it, too', async ({ page }) => {
  for (const path of ['tree', `edit/${project.folder}/pipeline.yaml`]) {
    await page.goto(`${address}${path}`);
    await page.waitForFunction(() =>
      (window as unknown as Partial<IExposed>).jupyterapp?.commands.hasCommand('cauce:show')
    );
    await page.evaluate(() =>
      (window as unknown as IExposed).jupyterapp.commands.execute('cauce:show')
    );
    await expect(page.locator('#cauce-panel .jp-cauce-List-row').first()).toBeVisible();
  }
});

interface IExposed {
  readonly jupyterapp: {
    readonly commands: {
      hasCommand(id: string): boolean;
      execute(id: string): Promise<unknown>;
    };
  };
}
