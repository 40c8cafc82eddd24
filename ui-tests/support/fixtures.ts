/**
 * Galata's fixtures with a project on disk and Cauce's panel in the browser.
 */
import * as fs from 'node:fs/promises';

import { expect, test as base } from '@jupyterlab/galata';

import './patience';
import { Panel } from './panel';
import { Project, type Files } from './project';

interface ICauceFixtures {
  /** The files of the project; set with `test.use({ files })`. */
  files: Files;
  /** The project on disk. It is there before the page loads. */
  project: Project;
  /** Has the server looked for the project? */
  found: boolean;
  /** Cauce's panel, open. */
  panel: Panel;
}

export const test = base.extend<ICauceFixtures>({
  files: [{}, { option: true }],
  project: async ({ tmpPath, files }, use) => {
    const project = new Project(tmpPath);
    await project.write(files);
    await use(project);
    // Galata asks the server to delete one file after the other, which takes long for a thousand. What still
    // writes here may be in the way: that is left to Galata.
    const options = { recursive: true, force: true, maxRetries: 5, retryDelay: 200 };
    await fs.rm(project.path(), options).catch(() => undefined);
  },
  // Fixtures are made in the order in which they are named: the project is there before the page.
  found: async ({ project: _, request }, use) => {
    // The server remembers for a while which pipelines there are: those of the test before.
    const reply = await request.get('/cauce/api/pipelines?refresh=1');
    await use(reply.ok());
  },
  page: async ({ found, page }, use) => {
    expect(found).toBe(true);
    // Once it has loaded, for that is JupyterLab's affair.
    const [own] = page.context().pages();
    if (process.env.CAUCE_UI_SLOW !== undefined && own !== undefined) {
      const session = await page.context().newCDPSession(own);
      await session.send('Emulation.setCPUThrottlingRate', {
        rate: Number(process.env.CAUCE_UI_SLOW)
      });
    }
    await use(page);
  },
  panel: async ({ page, project }, use) => {
    const panel = new Panel(page, project);
    await panel.open();
    await use(panel);
  }
});

export { expect };
