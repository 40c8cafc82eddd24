/**
 * What is wrong with a project, and a project that has none yet.
 */
import { expect, test } from '../support/fixtures';
import { CHAIN, script } from '../support/project';

test.describe('An empty folder', () => {
  test('says how to begin, and shows the pipeline once there is one', async ({
    panel,
    project
  }) => {
    await expect(panel.root).toContainText('pipeline.yaml');
    await panel.expectTasks([]);

    await project.write(CHAIN);
    await panel.refresh();
    await panel.expectTasks(['first', 'second', 'third']);
  });
});

test.describe('A broken pipeline.yaml', () => {
  test.use({
    files: {
      'pipeline.yaml': `tasks:
  - source: sound.py
    product:
      nb: output/sound.ipynb
      data: output/sound.txt

  - source: missing.py
    product:
      nb: output/missing.ipynb
      data: output/missing.txt

  - source: after.py
    product:
      nb: output/after.ipynb
      data: output/after.txt
`,
      'sound.py': script(),
      'after.py': script({ upstream: ['missing'] })
    }
  });

  test('shows file and line, draws what is sound, and heals', async ({ panel, project }) => {
    await expect(panel.problems).toContainText('missing.py');
    await expect(panel.problems).toContainText(/pipeline\.yaml:7/);
    await panel.expectTasks(['sound', 'missing', 'after']);
    await panel.expectState('missing', 'broken');
    await panel.expectState('after', 'blocked');
    await panel.runTask('sound');
    await panel.expectState('sound', 'fresh');
    await panel.expectFinished('ok');

    await project.write({ 'missing.py': script({ upstream: ['sound'] }) });
    await expect(panel.problems).toHaveCount(0);
    await panel.build();
    await panel.expectFinished('ok');
    expect(await project.read('output/after.txt')).toBe('xxx');
  });
});
