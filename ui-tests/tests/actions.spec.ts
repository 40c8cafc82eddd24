/**
 * What can be done with a pipeline besides building it.
 */
import { expect, test } from '../support/fixtures';
import { CHAIN, pipelineYaml, script } from '../support/project';

test.describe('A task that was built', () => {
  test.use({ files: CHAIN });

  test('can be taken for up to date as it is', async ({ panel, project }) => {
    await project.cauce('build');
    await panel.expectState('second', 'fresh');
    await project.edit('second.py', '+ "x"', '+ "y"');
    await panel.expectState('second', 'stale');

    await panel.chooseFor('second', 'Mark as Up to Date');
    await panel.expectState('second', 'fresh');
    await panel.expectState('third', 'fresh');
    expect(await project.read('output/second.txt')).toBe('xx');
  });

  test('shows what would be removed before it is', async ({ page, panel, project }) => {
    await project.cauce('build');
    await panel.expectState('third', 'fresh');

    await panel.chooseFor('third', 'Remove Products…');
    const dialog = page.locator('.jp-Dialog');
    await expect(dialog).toContainText('Move 2 files to the trash?');
    await expect(dialog).toContainText('output/third.ipynb');
    await expect(dialog).toContainText('output/third.txt');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expect(dialog).toHaveCount(0);
    expect(await project.exists('output/third.txt')).toBe(true);

    await panel.more('Remove All Products…');
    await expect(dialog).toContainText('Move 6 files to the trash?');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await expect(dialog).toHaveCount(0);
    await panel.expectState('third', 'fresh');
  });
});

test.describe('A pipeline whose sources are not there yet', () => {
  test.use({ files: { 'pipeline.yaml': pipelineYaml(['one', 'two']) } });

  test('gets them', async ({ panel, project }) => {
    await panel.expectState('one', 'broken');
    await panel.problems.getByRole('button', { name: 'Create missing sources' }).click();
    await panel.expectState('one', 'never');
    await panel.expectState('two', 'never');
    expect(await project.exists('two.py')).toBe(true);
    await expect(panel.problems).toHaveCount(0);
  });
});

test.describe('A pipeline made by code', () => {
  test.use({
    files: {
      'pipeline.yaml': 'location: made.make\n',
      'steps.py': `from pathlib import Path


def load(product):
    Path(product).write_text("1")


def clean(upstream, product):
    Path(product).write_text(Path(upstream["load"]).read_text() + "2")
`,
      'made.py': `from ploomber import DAG
from ploomber.products import File
from ploomber.tasks import PythonCallable

import steps


def make():
    dag = DAG()
    load = PythonCallable(steps.load, File("out/load.txt"), dag)
    clean = PythonCallable(steps.clean, File("out/clean.txt"), dag)
    load >> clean
    return dag
`
    }
  });

  test('shows its tasks once it was evaluated, and where they are', async ({
    page,
    panel,
    project
  }) => {
    await expect(panel.root).toContainText('made by code');
    await panel.expectTasks([]);
    await panel.root.locator('[data-cauce-action="evaluate"]').click();
    await panel.expectTasks(['load', 'clean']);
    await panel.expectIdle();
    expect(await project.exists('out')).toBe(false);

    await panel.openTask('clean');
    await expect(page.locator('.jp-FileEditor:visible')).toContainText('def clean(');
    await expect(page.getByText(/^Ln 8,/)).toBeVisible();

    await panel.build();
    await panel.expectFinished('ok');
    expect(await project.read('out/clean.txt')).toBe('12');
  });
});

test.describe('A task whose code cannot work', () => {
  test.use({
    files: {
      'pipeline.yaml': pipelineYaml(['good', 'bad']),
      'good.py': script(),
      'bad.py': script({ upstream: ['good'], code: 'result = nobody_knows + "x"' })
    }
  });

  test('is said to fail before it runs, but may be run', async ({ page, panel }) => {
    await expect(panel.problems).toContainText('nobody_knows');
    await panel.expectState('bad', 'never');
    await expect(panel.flaw('bad')).toBeVisible();
    await expect(panel.flaw('good')).toHaveCount(0);

    await panel.problems.getByRole('button', { name: /bad\.py:\d+/ }).click();
    await expect(page.locator('.jp-FileEditor:visible')).toContainText('nobody_knows');
    await expect(page.getByText(/^Ln 14, Col 10/)).toBeVisible();

    await panel.select('bad');
    await expect(panel.detail).toContainText('nobody_knows');
    await panel.build();
    await panel.expectFinished('failed');
    await panel.expectState('bad', 'failed');
  });
});
