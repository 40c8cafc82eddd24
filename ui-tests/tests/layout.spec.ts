/**
 * What of the panel can be seen: whatever the head has to say, the parts below stay in the window.
 */
import type { Locator } from '@playwright/test';

import { expect, test } from '../support/fixtures';
import { CHAIN, pipelineYaml, script, type Files } from '../support/project';

/** The sources of all but the first are missing. */
const BROKEN: Files = {
  'pipeline.yaml': pipelineYaml(['sound', 'one', 'two', 'three', 'four', 'five']),
  'sound.py': script()
};

async function bottom(element: Locator): Promise<number> {
  const box = await element.boundingBox();
  return box === null ? Infinity : box.y + box.height;
}

test.describe('A pipeline with problems', () => {
  test.use({ files: BROKEN });

  test('leaves the selected task in the window, also when problems are folded and unfolded', async ({
    panel
  }) => {
    await panel.select('two');
    const folded = panel.problems.locator('summary');
    const all = await bottom(panel.root);
    for (let clicks = 0; clicks < 2; clicks++) {
      await expect.poll(() => bottom(panel.part('detail'))).toBeLessThanOrEqual(all + 1);
      await folded.click();
    }
  });

  test('keeps both parts in a low window, and what builds', async ({ page, panel }) => {
    await page.setViewportSize({ width: 1000, height: 480 });
    await panel.select('two');
    await panel.detail.getByRole('button', { name: 'Open', exact: true }).focus();
    await expect(panel.part('detail')).toBeInViewport();
    await expect(panel.part('overview')).toBeInViewport();
    await panel.root.locator('[data-cauce-action="build"]').scrollIntoViewIfNeeded();
    await expect(panel.root.locator('[data-cauce-action="build"]')).toBeInViewport();
  });
});

test.describe('At the bottom of the window', () => {
  test.use({ files: CHAIN });

  test('the panel shows tasks in the height that JupyterLab gives it', async ({ page, panel }) => {
    await page.evaluate(() => {
      const { shell } = (
        window as unknown as {
          jupyterapp: {
            shell: {
              widgets: (area: string) => Iterable<{ id: string }>;
              add: (widget: { id: string }, area: string) => void;
              activateById: (id: string) => void;
            };
          };
        }
      ).jupyterapp;
      const found = [...shell.widgets('left')].find(({ id }) => id === 'cauce-panel');
      if (found !== undefined) {
        shell.add(found, 'down');
        shell.activateById(found.id);
      }
    });
    await panel.view('List');
    await expect(panel.row('first')).toBeInViewport({ ratio: 1 });
    await expect(panel.row('second')).toBeInViewport({ ratio: 1 });
    await expect(panel.root.locator('[data-cauce-action="build"]')).toBeInViewport({ ratio: 1 });
  });
});
