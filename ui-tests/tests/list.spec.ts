/**
 * The tasks as a list: walked by keys, filtered, sorted, grouped, with many selected, and long.
 */
import { expect, test } from '../support/fixtures';
import { TaskList } from '../support/list';
import { expectRemembered } from '../support/memory';
import { CHAIN, pipelineYaml, script, type Files } from '../support/project';

/** load → fit-a, fit-b → report */
const FOLDERS: Files = {
  'pipeline.yaml': pipelineYaml(['in/load', 'models/fit-a', 'models/fit-b', 'report']),
  'in/load.py': script(),
  'models/fit-a.py': script({ upstream: ['load'] }),
  'models/fit-b.py': script({ upstream: ['load'], code: 'result = ""\nraise ValueError("no")' }),
  'report.py': script({ upstream: ['fit-a', 'fit-b'] })
};

test.describe('A list of tasks', () => {
  test.use({ files: FOLDERS });

  test('is walked by keys, and runs what they stand on', async ({ page, panel }) => {
    const list = new TaskList(page, panel.root);
    await list.enter();
    await list.expectFocus('load');
    await page.keyboard.press('ArrowRight');
    await list.expectFocus('fit-a');
    await page.keyboard.press('End');
    await list.expectFocus('report');
    await page.keyboard.press('Shift+ArrowUp');
    await list.expectSelected(['fit-b', 'report']);
    await page.keyboard.press('Escape');
    await list.expectSelected([]);
    await page.keyboard.press('Home');
    await expect(list.arcs).toHaveCount(1);

    await page.keyboard.press('r');
    await panel.expectState('load', 'fresh');
    await panel.expectFinished('ok');
    await panel.expectState('fit-a', 'never');
    // The focus has outlived all the snapshots of the build.
    await list.expectFocus('load');
  });

  test('finds a name by its beginning, without running what its letters are shortcuts for', async ({
    page,
    panel
  }) => {
    const list = new TaskList(page, panel.root);
    await list.enter();
    await list.typeAtOnce('fit-b');
    await list.expectFocus('fit-b');
    // An r within a name is a letter of it.
    await list.typeAtOnce('fr');
    await panel.expectMessage(/not built yet/i);
  });

  test('shows what is looked for, in words and by the states’ buttons', async ({ page, panel }) => {
    const list = new TaskList(page, panel.root);
    await panel.runTask('fit-b');
    await panel.expectFinished('failed');
    await list.enter();
    await page.keyboard.press('/');
    await expect(list.field).toBeFocused();
    await page.keyboard.type('fit');
    await list.expectRows(['fit-a', 'fit-b']);
    await page.keyboard.press('Enter');
    await expect(list.root.locator(':focus')).toHaveCount(1);
    await page.keyboard.press('/');
    await expect(list.field).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(list.field).toHaveValue('');

    await list.chip('failed').click();
    await list.expectRows(['fit-b']);
    await list.chip('never').click();
    await list.expectRows(['fit-a', 'fit-b', 'report']);
    await list.chip('failed').click();
    await list.chip('never').click();
    await list.field.fill('nothing of the kind');
    await panel.root.getByRole('button', { name: 'Show all tasks' }).click();
    await list.expectRows(['load', 'fit-a', 'fit-b', 'report']);
  });

  test('is sorted and grouped, and is so the next time', async ({ page, panel, project }) => {
    const list = new TaskList(page, panel.root);
    await list.arrange('Sort by Name');
    await list.expectRows(['fit-a', 'fit-b', 'load', 'report']);
    await list.arrange('Group by Folder');
    await list.expectRows(['/', 'report', 'in/', 'load', 'models/', 'fit-a', 'fit-b']);
    await list.group('models').click();
    await list.expectRows(['/', 'report', 'in/', 'load', 'models/']);
    await expect(list.group('models')).toHaveAttribute('aria-expanded', 'false');
    const pipeline = `${project.folder}/pipeline.yaml`;
    await expectRemembered(page, `jupyterlab-cauce:view:cauce-panel:${pipeline}`, '["models"]');
    await page.reload();
    await panel.open();
    await list.expectRows(['/', 'report', 'in/', 'load', 'models/']);
  });
});

test.describe('A thousand tasks', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `task-${String(i)}`);
  test.use({
    files: {
      'pipeline.yaml': pipelineYaml(names),
      ...Object.fromEntries(
        names.map((name, i) => [
          `${name}.py`,
          script({ upstream: i === 0 ? [] : [`task-${String(Math.floor((i - 1) / 2))}`] })
        ])
      )
    }
  });

  test('have few rows and arcs drawn, and the focus is never lost', async ({ page, panel }) => {
    const list = new TaskList(page, panel.root);
    await list.enter();
    await page.keyboard.press('End');
    await list.expectFocus('task-999');
    expect(await list.rows.count()).toBeLessThan(80);
    expect(await list.root.locator('path').count()).toBeLessThan(400);
    await expect(list.row('task-999')).toHaveAttribute('aria-setsize', '1000');

    // Scrolled away by the mouse, the row that has the focus stays, and keys go on from there.
    await list.root.hover();
    await page.mouse.wheel(0, -100_000);
    await expect(list.row('task-0')).toBeInViewport();
    await expect(list.row('task-999')).toBeFocused();
    await page.keyboard.press('ArrowUp');
    await list.expectFocus('task-998');
    await page.keyboard.press('Control+a');
    await expect(list.row('task-990')).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.press('/');
    await expect(list.field).toBeFocused();
    await page.keyboard.type('task-99*');
    await expect(list.rows).toHaveCount(11);
  });
});

test.describe('A task that goes away', () => {
  test.use({ files: CHAIN });

  test('leaves the focus to its neighbour', async ({ page, panel, project }) => {
    const list = new TaskList(page, panel.root);
    await list.enter();
    await page.keyboard.press('End');
    await list.expectFocus('third');
    await project.write({ 'pipeline.yaml': pipelineYaml(['first', 'second']) });
    await list.expectRows(['first', 'second']);
    await list.expectFocus('second');
  });
});
