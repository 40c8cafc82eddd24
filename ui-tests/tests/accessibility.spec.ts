/**
 * axe-core over all that the panel shows, in a light and a dark theme.
 */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';

import { expectAccessible } from '../support/axe';
import { expect, test } from '../support/fixtures';
import { TaskList } from '../support/list';
import { CHAIN, pipelineYaml, script, type Files } from '../support/project';

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
        await expectAccessible(page, PANEL);
        await panel.build();
        await panel.expectFinished('failed');
        await panel.expectState('after', 'skipped');
        await panel.select('bad');
        await expect(panel.detail).toContainText('ValueError');
        await expectAccessible(page, PANEL);
        await list.chip('failed').click();
        await list.field.fill('state:failed owner:me');
        await expectAccessible(page, PANEL);
        await list.field.fill('nothing of the kind');
        await expectAccessible(page, PANEL);
        await list.field.fill('');
        await list.arrange('Group by Folder');
        await expectAccessible(page, PANEL);
        await panel.view('Graph');
        await expect(panel.node('bad')).toBeVisible();
        await expectAccessible(page, PANEL);
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
