/**
 * Moving about in the panel: several pipelines, opening, building from a notebook, reloading.
 */
import { expect, test } from '../support/fixtures';
import { OpenNotebook } from '../support/opennotebook';
import { Palette } from '../support/palette';
import { CHAIN, pipelineYaml, script, type Files } from '../support/project';

function below(folder: string, files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([file, text]) => [`${folder}/${file}`, text])
  );
}

test.describe('Two pipelines', () => {
  test.use({
    files: {
      ...below('north', CHAIN),
      ...below('south', { 'pipeline.yaml': pipelineYaml(['only']), 'only.py': script() })
    }
  });

  test('can be chosen between', async ({ panel }) => {
    await panel.choose('north');
    await panel.expectTasks(['first', 'second', 'third']);
    await panel.choose('south');
    await panel.expectTasks(['only']);
  });
});

test.describe('A task', () => {
  test.use({ files: CHAIN });

  test('opens from the graph, and builds from its notebook with the edit', async ({
    page,
    panel,
    project
  }) => {
    await panel.openTask('first');
    const notebook = new OpenNotebook(page, project, 'first.py');
    await expect(notebook.injected).toHaveCount(1);
    await notebook.type(' + "edited"', 'result =');

    await panel.startFrom(notebook.root.getByRole('button', { name: 'Build pipeline' }));
    await panel.expectFinished('ok');
    expect(await project.read('output/third.txt')).toBe('xeditedxx');
    await panel.expectState('third', 'fresh');
  });
});

test.describe('A build', () => {
  test.use({
    files: {
      'pipeline.yaml': pipelineYaml(['wait', 'after']),
      // Ends when the test says so.
      'wait.py': script({
        code: [
          'import time',
          'while not Path("go").exists():',
          '    time.sleep(0.1)',
          'result = "went"'
        ].join('\n')
      }),
      'after.py': script({ upstream: ['wait'] })
    }
  });

  test('goes on without the browser, and the panel comes back to it', async ({
    page,
    panel,
    project
  }) => {
    await panel.build();
    await panel.expectState('wait', 'running');
    await page.reload();
    await panel.open();
    await panel.expectState('wait', 'running');
    await panel.expectState('after', 'waiting');

    await project.write({ go: '' });
    await panel.expectFinished('ok');
    await panel.expectState('after', 'fresh');
    expect(await project.read('output/after.txt')).toBe('wentx');
  });
});

test.describe('The command palette', () => {
  test.use({ files: CHAIN });

  test('keeps what is picked in it while the pipeline changes', async ({
    page,
    panel,
    project
  }) => {
    await project.cauce('build');
    await panel.expectState('third', 'fresh');
    const palette = new Palette(page);
    await palette.search('pipeline');
    // What was picked before is picked until the list is shown anew.
    const seen: string[] = [];
    for (const key of ['', 'ArrowDown', 'ArrowDown']) {
      if (key !== '') {
        await page.keyboard.press(key);
      }
      await expect.poll(async () => seen.includes((await palette.said()) ?? '')).toBe(false);
      seen.push((await palette.said()) ?? '');
    }
    await project.write({ 'third.py': script({ upstream: ['second'], code: 'result = "other"' }) });
    await panel.expectState('third', 'stale');
    await expect(palette.picked).toHaveText(seen.at(-1) ?? '');
  });
});
