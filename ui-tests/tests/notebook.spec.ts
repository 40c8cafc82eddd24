/**
 * A task's script as a notebook: Open With → Notebook, the cell that is filled in, saving.
 */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { expect, test } from '../support/fixtures';
import { OpenNotebook } from '../support/opennotebook';
import { CHAIN, type Project } from '../support/project';

async function openWithNotebook(page: IJupyterLabPageFixture, file: string): Promise<Locator> {
  await page.sidebar.openTab('filebrowser');
  // A folder that was made meanwhile would move the others down below the pointer.
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('filebrowser:refresh');
  });
  await page.locator(`.jp-DirListing-item >> text="${file}"`).click({ button: 'right' });
  await page.locator('.lm-Menu-itemLabel', { hasText: 'Open With' }).click();
  await page
    .locator('.lm-Menu-item[data-command="filebrowser:open"]')
    .filter({ has: page.getByText('Notebook', { exact: true }) })
    .click();
  const notebook = page.locator('.jp-NotebookPanel:visible');
  await expect(notebook.locator('.jp-Cell').first()).toBeVisible();
  return notebook;
}

function injected(notebook: Locator): Locator {
  return notebook.locator('.jp-CodeCell').filter({ hasText: 'output/second.ipynb' });
}

async function save(page: IJupyterLabPageFixture, project: Project, file: string): Promise<void> {
  const saved = page.waitForResponse(
    response =>
      response.request().method() === 'PUT' &&
      response.url().includes(`/api/contents/${project.folder}/${file}`)
  );
  await page.keyboard.press('Control+s');
  expect((await saved).ok()).toBe(true);
}

test.describe('A task opened as a notebook', () => {
  // No header, a blank line too many, no newline at the end: none of it may change.
  test.use({
    files: { ...CHAIN, 'second.py': `${(CHAIN['second.py'] ?? '').trimEnd()}\n\n\n# end` }
  });

  test('has its values, runs, and is saved byte for byte', async ({ page, project }) => {
    await project.cauce('build', 'first');
    const before = await project.bytes('second.py');
    const notebook = await openWithNotebook(page, 'second.py');

    await expect(injected(notebook)).toHaveCount(1);
    await expect(injected(notebook)).toContainText('output/first.txt');
    await expect(injected(notebook).locator('.cm-content')).toHaveAttribute(
      'aria-readonly',
      'true'
    );

    // Its kernel has started, which is no edit: the tab has nothing to save.
    const opened = new OpenNotebook(page, project, 'second.py');
    await opened.waitForIdle();
    await expect(page.locator('#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current')).not.toHaveClass(
      /jp-mod-dirty/
    );

    await opened.runAll();
    await expect.poll(() => project.content('output/second.txt')).toBe('xx');

    await save(page, project, 'second.py');
    expect((await project.bytes('second.py')).equals(before)).toBe(true);
  });

  test('keeps an edit and drops the filled-in cell', async ({ page, project }) => {
    const before = await project.read('second.py');
    const notebook = await openWithNotebook(page, 'second.py');
    await expect(injected(notebook)).toHaveCount(1);

    const cell = notebook.locator('.jp-CodeCell').filter({ hasText: 'result = "".join(inputs)' });
    await cell.locator('.cm-content').click();
    await expect(cell.locator('.cm-editor')).toHaveClass(/cm-focused/);
    await page.keyboard.press('Control+End');
    await page.keyboard.type('.upper()');
    await save(page, project, 'second.py');

    expect(await project.read('second.py')).toBe(before.replace('+ "x"', '+ "x".upper()'));
    // The open notebook still has its cell.
    await expect(injected(notebook)).toHaveCount(1);
  });
});

test.describe('A script that is no task', () => {
  test.use({ files: { ...CHAIN, 'notes.py': '# %%\nprint("no task")\n' } });

  test('gets no cell', async ({ page }) => {
    const notebook = await openWithNotebook(page, 'notes.py');
    await expect(notebook.locator('.jp-CodeCell')).toHaveCount(1);
    await expect(notebook.getByRole('button', { name: 'Build pipeline' })).toHaveCount(0);
  });
});
