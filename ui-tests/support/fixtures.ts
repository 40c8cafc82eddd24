/**
 * Galata's fixtures with a project on disk and Cauce's panel in the browser.
 */
import { test as base } from '@jupyterlab/galata';

import { Panel } from './panel';
import { Project, type Files } from './project';

interface ICauceFixtures {
  /** The files of the project; set with `test.use({ files })`. */
  files: Files;
  /** The project on disk. It is there before the page loads. */
  project: Project;
  /** Cauce's panel, open. */
  panel: Panel;
}

export const test = base.extend<ICauceFixtures>({
  files: [{}, { option: true }],
  project: async ({ tmpPath, files, request }, use) => {
    const project = new Project(tmpPath);
    await project.write(files);
    // The server remembers for a while which pipelines there are: those of the test before.
    await request.get('/cauce/api/pipelines?refresh=1');
    await use(project);
  },
  // Named first, the project is written first.
  page: async ({ project: _, page }, use) => {
    await use(page);
  },
  panel: async ({ page, project }, use) => {
    const panel = new Panel(page, project);
    await panel.open();
    await use(panel);
  }
});

export { expect } from '@jupyterlab/galata';
