/**
 * All of it without a mouse: from opening the panel to the line that failed, and back.
 */
import { expect, test } from '../support/fixtures';
import { TaskList } from '../support/list';
import { Palette } from '../support/palette';
import { pipelineYaml, script } from '../support/project';

test.describe('Without a mouse', () => {
  test.use({
    files: {
      'pipeline.yaml': pipelineYaml(['wait', 'bad']),
      // Ends when the test says so.
      'wait.py': script({
        code: [
          'import time',
          'while not Path("go").exists():',
          '    time.sleep(0.1)',
          'result = "went"'
        ].join('\n')
      }),
      'bad.py': script({ upstream: ['wait'], code: 'result = ""\nraise ValueError("no")' })
    }
  });

  test('one opens the panel, filters, runs, cancels, reads an error, opens the task, comes back', async ({
    page,
    panel,
    project
  }) => {
    const list = new TaskList(page, panel.root);
    await page.sidebar.close('left');
    await expect(panel.root).toBeHidden();
    await new Palette(page).run('Show Pipeline Panel');
    await expect(panel.root).toBeVisible();
    await panel.expectState('bad', 'never');

    // From the chosen view to what is looked for, and on to what was found.
    await panel.root.getByRole('tab', { name: 'List' }).focus();
    await page.keyboard.press('Tab');
    await expect(list.field).toBeFocused();
    await page.keyboard.type('bad');
    await list.expectRows(['bad']);
    await page.keyboard.press('ArrowDown');
    await list.expectFocus('bad');
    await page.keyboard.press('/');
    await expect(list.field).toBeFocused();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await list.expectFocus('bad');

    await page.keyboard.press('r');
    await panel.expectState('wait', 'running');
    const cancel = panel.root.locator('[data-cauce-action="cancel"]');
    await cancel.focus();
    await expect(cancel).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(cancel).toHaveCount(0);
    await panel.expectState('wait', 'cancelled');

    await project.write({ go: '' });
    await list.enter();
    await page.keyboard.press('End');
    await list.expectFocus('bad');
    await page.keyboard.press('r');
    await panel.expectState('bad', 'failed');
    await panel.expectIdle();
    await list.expectFocus('bad');
    await expect(panel.detail).toContainText('ValueError');
    await panel.detail.getByRole('button').first().focus();
    await expect(panel.detail.getByRole('button').first()).toBeFocused();
    await page.keyboard.press('Shift+Tab');
    await list.expectFocus('bad');

    await page.keyboard.press('Enter');
    await expect(page.locator('.jp-NotebookPanel:visible')).toBeVisible();
  });
});
