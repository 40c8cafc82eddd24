/**
 * Moving about in the panel: several pipelines, opening, building from a notebook, reloading.
 */
import { expect, test } from '../support/fixtures';
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
    await expect.poll(() => panel.tasks()).toEqual(['first', 'second', 'third']);
    await panel.choose('south');
    await expect.poll(() => panel.tasks()).toEqual(['only']);
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
    const notebook = page.locator('.jp-NotebookPanel:visible');
    const cell = notebook.locator('.jp-CodeCell').filter({ hasText: 'result =' });
    await cell.locator('.cm-content').click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' + "edited"');

    await panel.startFrom(notebook.getByRole('button', { name: 'Build pipeline' }));
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
    await page.keyboard.press('Control+Shift+C');
    await page.keyboard.type('pipeline');
    const picked = page.locator('.lm-CommandPalette-item.lm-mod-active');
    await expect(picked).toHaveCount(1);
    const first = await picked.textContent();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await expect(picked).not.toHaveText(first ?? '');
    const text = await picked.textContent();
    await project.write({ 'third.py': script({ upstream: ['second'], code: 'result = "other"' }) });
    await panel.expectState('third', 'stale');
    await expect(picked).toHaveText(text ?? '');
  });
});
