/**
 * Behind a prefix, as every user of a JupyterHub is: a server of its own, whose addresses begin
 * with one.
 */
import { expect, test } from '@playwright/test';
import { rm } from 'node:fs/promises';

import { CHAIN, Project } from '../support/project';
import { startServer, type IServer } from '../support/server';

const PREFIX = '/user/someone%40home/';
const port = Number(process.env.CAUCE_UI_PORT) + 1000;
const address = `http://127.0.0.1:${String(port)}${PREFIX}`;
const project = new Project('behind-a-prefix');

let server: IServer;

test.beforeAll(async () => {
  await project.write(CHAIN);
  const args = ['lab', '--config=jupyter_server_test_config.py', `--ServerApp.base_url=${PREFIX}`];
  server = await startServer('jupyter', [...args, `--ServerApp.port=${String(port)}`], address);
});

test.afterAll(async () => {
  await server.stop();
  await rm(project.path(), { recursive: true, force: true });
});

test('the panel builds, and hears of it', async ({ page }) => {
  const elsewhere: string[] = [];
  page.on('request', request => {
    const { pathname, host } = new URL(request.url());
    if (host.endsWith(`:${String(port)}`) && !pathname.startsWith(PREFIX)) {
      elsewhere.push(pathname);
    }
  });
  await page.goto(`${address}lab`);
  // Before, the layout is about to be restored: the sidebar would show something else again.
  await page.waitForFunction(() => 'jupyterapp' in window);
  await page.evaluate(() => (window as unknown as IExposed).jupyterapp.restored.then(() => true));
  await page.locator('.lm-TabBar-tab[data-id="cauce-panel"]').click();
  const panel = page.locator('#cauce-panel');
  const row = panel.locator('.jp-cauce-List-row[data-cauce-task="third"]');
  await expect(row).toHaveAttribute('data-state', 'never');
  await panel.locator('[data-cauce-action="build"]').click();
  await expect(row).toHaveAttribute('data-state', 'fresh', { timeout: 60_000 });
  expect(elsewhere.filter(path => path.includes('cauce') || path.includes('/api/'))).toEqual([]);
});

interface IExposed {
  readonly jupyterapp: { readonly restored: Promise<void> };
}
