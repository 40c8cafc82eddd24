/**
 * axe-core over all that the panel shows, in a light and a dark theme.
 */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';

import { expectAccessible } from '../support/axe';
import { ChangeDialog } from '../support/dialog';
import { expect, test } from '../support/fixtures';
import { GraphView } from '../support/graph';
import { TaskList } from '../support/list';
import { OpenNotebook } from '../support/opennotebook';
import { CHAIN, pipelineYaml, script, type Files } from '../support/project';
import { Runs } from '../support/runs';

const PANEL = '#cauce-panel';
const THEMES = ['JupyterLab Light', 'JupyterLab Dark'] as const;

async function useTheme(page: IJupyterLabPageFixture, theme: string): Promise<void> {
  await page.theme.setTheme(theme);
}

const FAILING: Files = {
  'pipeline.yaml': `${pipelineYaml(['good', 'bad', 'after'])}
  - source: missing.py
    product: output/missing.ipynb
`,
  'good.py': script(),
  'bad.py': script({
    upstream: ['good'],
    code: 'result = ""\nprint("so far")\nraise ValueError("no")'
  }),
  'after.py': script({ upstream: ['bad'] })
};

for (const theme of THEMES) {
  test.describe(`In ${theme}`, () => {
    test.describe('a pipeline with a failure and a problem', () => {
      test.use({ files: { ...FAILING, 'missing.py': script() } });

      test('breaks no rule as list, as graph, with details', async ({ page, panel }) => {
        await useTheme(page, theme);
        const list = new TaskList(page, panel.root);
        await panel.expectState('good', 'never');
        await expectAccessible(page, PANEL);
        await panel.build();
        await panel.expectFinished('failed');
        await panel.expectState('after', 'skipped');
        await panel.select('bad');
        await expect(panel.detail).toContainText('ValueError');
        await expectAccessible(page, PANEL);
        await list.chip('failed').click();
        await list.expectRows(['bad', 'missing']);
        await list.field.fill('state:failed owner:me');
        await expectAccessible(page, PANEL);
        await list.field.fill('nothing of the kind');
        await expect(panel.root.getByRole('button', { name: 'Show all tasks' })).toBeVisible();
        await expectAccessible(page, PANEL);
        await list.field.fill('');
        await list.arrange('Group by Folder');
        await expect(list.group('')).toBeVisible();
        await expectAccessible(page, PANEL);
        const graph = new GraphView(page, panel.root);
        await graph.open();
        await expect(graph.node('bad')).toBeVisible();
        await expectAccessible(page, PANEL);
      });
    });

    test.describe('a chain of tasks', () => {
      test.use({ files: CHAIN });

      test('breaks no rule where it is changed, nor in the options of the graph', async ({
        page,
        panel
      }) => {
        await useTheme(page, theme);
        const dialog = new ChangeDialog(page);
        await panel.expectState('second', 'never');
        for (const entry of ['Add Task…', 'Rename Task…', 'Change What It Needs…', 'Remove from']) {
          await panel.chooseFor('second', entry);
          await expect(dialog.root).toBeVisible();
          if (entry === 'Add Task…') {
            await dialog.fill('Source', 'plot.py');
            await dialog.expectSaid('Created plot.py.');
          } else if (entry === 'Remove from') {
            await dialog.expectRefused("'third' needs 'second'.");
          }
          await expectAccessible(page, '.jp-Dialog');
          await dialog.escape();
        }
        const graph = new GraphView(page, panel.root);
        await graph.open();
        await graph.options();
        await expectAccessible(page, PANEL);
      });

      test('breaks no rule in its runs and above a notebook', async ({ page, panel, project }) => {
        await useTheme(page, theme);
        const runs = new Runs(panel);
        await runs.open();
        await expect(panel.root.getByText('No runs yet')).toBeVisible();
        await expectAccessible(page, PANEL);
        await project.cauce('build');
        await project.edit('second.py', '+ "x"', '+ "y"');
        await project.cauce('build');
        await runs.expectCell(3, 2, 'ok');
        await expectAccessible(page, PANEL);
        await runs.cell(2, 1).click();
        await expect(runs.task).toContainText('second');
        await runs.button('run-log').click();
        await expect(runs.task).toContainText('Nothing was printed.');
        await expectAccessible(page, PANEL);
        await runs.head(1).dblclick();
        await expect(runs.bar('second')).toBeVisible();
        await expectAccessible(page, PANEL);
        await panel.root.getByRole('tab', { name: 'Changes' }).click();
        await expect(runs.change('second')).toContainText('code');
        await expectAccessible(page, PANEL);

        const notebook = new OpenNotebook(page, project, 'second.py');
        await notebook.open();
        await notebook.expectState('fresh');
        await expectAccessible(page, '.jp-cauce-Banner');
        await project.edit('first.py', '+ "x"', '+ "y"');
        await notebook.expectState('stale');
        await expectAccessible(page, '.jp-cauce-Banner');
      });
    });

    test.describe('a pipeline with a source missing', () => {
      test.use({ files: FAILING });

      test('breaks no rule', async ({ page, panel }) => {
        await useTheme(page, theme);
        await expect(panel.problems).toBeVisible();
        await expectAccessible(page, PANEL);
      });
    });

    test.describe('a folder without a pipeline', () => {
      test.use({ files: {} });

      test('breaks no rule', async ({ page, panel }) => {
        await useTheme(page, theme);
        await expect(panel.root).toContainText('No pipeline here yet');
        await expectAccessible(page, PANEL);
      });
    });

    test.describe('a pipeline without tasks', () => {
      test.use({ files: { 'pipeline.yaml': 'tasks: []\n' } });

      test('breaks no rule', async ({ page, panel }) => {
        await useTheme(page, theme);
        await expect(panel.root).toContainText('No task to show');
        await expectAccessible(page, PANEL);
      });
    });

    test.describe('a server that does not answer', () => {
      test.use({ files: CHAIN });

      test('breaks no rule, whether it is missing, broken or gone', async ({ page, panel }) => {
        await useTheme(page, theme);
        await expect(new TaskList(page, panel.root).row('first')).toBeVisible();
        await page.route(/\/cauce\/api\//, route => route.abort());
        await panel.refresh();
        await expect(panel.root).toContainText('Cannot reach the server');
        await expectAccessible(page, PANEL);
      });
    });
  });
}
