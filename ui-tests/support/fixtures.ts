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
  /** Makes the server look for the project. */
  lookedAgain: void;
  /** Cauce's panel, open. */
  panel: Panel;
}

export const test = base.extend<ICauceFixtures>({
  files: [{}, { option: true }],
  project: async ({ tmpPath, files }, use) => {
    const project = new Project(tmpPath);
    await project.write(files);
    await use(project);
  },
  // Fixtures are made in the order in which they are named: the project is there before the page.
  lookedAgain: async ({ project: _, request }, use) => {
    // The server remembers for a while which pipelines there are: those of the test before.
    await request.get('/cauce/api/pipelines?refresh=1');
    await use();
  },
  page: async ({ lookedAgain: _, page }, use) => {
    await use(page);
  },
  panel: async ({ page, project }, use) => {
    const panel = new Panel(page, project);
    await panel.open();
    await use(panel);
  }
});

export { expect } from '@jupyterlab/galata';
