/**
 * Building from the panel: what is stale, one task, a failure, a stop.
 */
import { expect, test } from '../support/fixtures';
import { CHAIN, pipelineYaml, script } from '../support/project';

test.describe('A chain of three tasks', () => {
  test.use({ files: CHAIN });

  test('builds one task with what it needs, then the rest, then nothing', async ({
    panel,
    project
  }) => {
    await panel.runTask('second');
    await panel.expectFinished('ok');
    await panel.expectState('first', 'fresh');
    await panel.expectState('second', 'fresh');
    await panel.expectState('third', 'never');
    expect(await project.exists('output/third.txt')).toBe(false);

    const first = await project.modified('output/first.ipynb');
    await panel.build();
    await panel.expectState('third', 'fresh');
    await panel.expectFinished('ok');
    expect(await project.read('output/third.txt')).toBe('xxx');
    expect(await project.modified('output/first.ipynb')).toBe(first);

    await panel.expectMessage(/1 task ran/i);
    const third = await project.modified('output/third.ipynb');
    await panel.build();
    await panel.expectMessage(/up to date/i);
    expect(await project.modified('output/third.ipynb')).toBe(third);
  });

  test('follows what happens outside: an edit, a build in a terminal', async ({
    panel,
    project
  }) => {
    await project.cauce('build');
    for (const task of ['first', 'second', 'third']) {
      await panel.expectState(task, 'fresh');
    }

    await project.edit('second.py', '+ "x"', '+ "y"');
    await panel.expectState('second', 'stale');
    await panel.expectState('third', 'stale');
    await panel.expectState('first', 'fresh');
    await panel.expectReason('second', /code changed/i);
    await panel.expectReason('third', /second is stale/i);

    // A comment is no change of the code: the two stale tasks become fresh again.
    await project.edit('second.py', '+ "y"', '+ "x"  # as it was');
    await panel.expectState('second', 'fresh');
    await panel.expectState('third', 'fresh');
  });
});

test.describe('A task that fails', () => {
  test.use({
    files: {
      'pipeline.yaml': pipelineYaml(['good', 'bad', 'after', 'beside']),
      'good.py': script(),
      'bad.py': script({
        upstream: ['good'],
        code: 'print("so far so good")\nresult = "<b>not today</b>"\nraise ValueError(result)'
      }),
      'after.py': script({ upstream: ['bad'] }),
      'beside.py': script({ upstream: ['good'] })
    }
  });

  test('shows cell and line, opens its notebook, and spares the others', async ({
    page,
    panel,
    project
  }) => {
    await panel.build();
    await panel.expectFinished('failed');
    await panel.expectState('good', 'fresh');
    await panel.expectState('bad', 'failed');
    await panel.expectState('after', 'skipped');
    await panel.expectState('beside', 'fresh');
    expect(await project.exists('output/bad.txt')).toBe(false);

    const error = await panel.error('bad');
    await expect(error).toContainText('ValueError');
    // As text: the tags are shown, not obeyed.
    await expect(error).toContainText('<b>not today</b>');
    await expect(error).toContainText('Error in cell [4], line 3');
    await expect(error).toContainText('bad.py:16');

    await error.getByRole('button', { name: /Open (partial|executed) notebook/ }).click();
    const notebook = page.locator('.jp-NotebookPanel:visible');
    await expect(notebook).toContainText('so far so good');
    await expect(notebook).toContainText('ValueError');
  });
});

test.describe('A task that would run for ever', () => {
  test.use({
    files: {
      'pipeline.yaml': pipelineYaml(['forever', 'after']),
      'forever.py': script({
        code: [
          'import os, time',
          'Path("output/pid").write_text(str(os.getpid()))',
          'while True:',
          '    time.sleep(1)',
          'result = ""'
        ].join('\n')
      }),
      'after.py': script({ upstream: ['forever'] })
    }
  });

  test('can be stopped, and its process is gone', async ({ panel, project }) => {
    await panel.build();
    await panel.expectState('forever', 'running');
    await panel.expectState('after', 'waiting');
    await expect.poll(() => project.content('output/pid')).toMatch(/^\d+$/);
    const pid = Number(await project.read('output/pid'));
    expect(alive(pid)).toBe(true);

    await panel.cancel();
    await panel.expectFinished('cancelled');
    await panel.expectState('forever', 'cancelled');
    await expect.poll(() => alive(pid)).toBe(false);

    // Nothing is left to unlock or repair.
    await project.edit('forever.py', 'while True:\n    time.sleep(1)\n', '');
    await panel.build();
    await panel.expectFinished('ok');
    await panel.expectState('after', 'fresh');
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
