/**
 * The example as a new user meets it: seen, built, built again.
 */
import { copyExample, EXAMPLE_TASKS } from '../support/example';
import { expect, test } from '../support/fixtures';

test.setTimeout(420_000);

test.use({
  project: async ({ project }, use) => {
    await copyExample(project);
    await use(project);
  }
});

test('The example is shown, builds to green, and then has nothing to do', async ({
  panel,
  project
}) => {
  await panel.expectTasks(EXAMPLE_TASKS);
  for (const task of EXAMPLE_TASKS) {
    await panel.expectState(task, 'never');
  }

  await panel.build();
  await panel.expectFinished('ok', 300_000);
  for (const task of EXAMPLE_TASKS) {
    await panel.expectState(task, 'fresh');
  }
  expect(await project.read('output/comparison.csv')).toContain('gradient-boosting');

  await panel.expectMessage(/7 tasks ran/);
  const before = await project.modified('output/report.ipynb');
  await panel.build();
  await panel.expectMessage(/up to date/i);
  expect(await project.modified('output/report.ipynb')).toBe(before);
});
