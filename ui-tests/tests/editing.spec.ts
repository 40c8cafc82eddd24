/**
 * Writing pipeline.yaml in the file editor: what is wrong is marked, keys are completed.
 */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { expect, test } from '../support/fixtures';
import { CHAIN, script } from '../support/project';

async function openFile(page: IJupyterLabPageFixture, file: string): Promise<Locator> {
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.refresh();
  await page.locator('.jp-DirListing-item').getByText(file, { exact: true }).dblclick();
  const editor = page.locator('.jp-FileEditor:visible .cm-content');
  await expect(editor).toBeVisible();
  return editor;
}

test.describe('pipeline.yaml in the editor', () => {
  test.use({ files: CHAIN });

  test('marks what is wrong while one types, before anything is saved', async ({
    page,
    project
  }) => {
    const editor = await openFile(page, 'pipeline.yaml');
    await expect(editor).toContainText('third.py');
    const before = await project.read('pipeline.yaml');

    await editor.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('\nmetta: {}\n');
    const wrong = editor.locator('.cm-lintRange-error');
    await expect(wrong).toHaveText('metta');
    await wrong.hover();
    await expect(page.locator('.cm-tooltip .cm-diagnostic')).toContainText('meta');
    expect(await project.read('pipeline.yaml')).toBe(before);

    // Mended: the mark goes.
    await page.keyboard.press('Control+End');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Shift+End');
    await page.keyboard.type('meta: {}');
    await expect(wrong).toHaveCount(0);
  });

  test('completes keys, and says what a key is for', async ({ page }) => {
    const editor = await openFile(page, 'pipeline.yaml');
    await expect(editor).toContainText('third.py');
    await editor.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('\n  - sour');
    await page.keyboard.press('Tab');
    // The words of the text come after ours.
    const first = page.locator('.jp-Completer-item').first();
    await expect(first).toContainText('source');
    await expect(first).toHaveClass(/jp-mod-active/);
    await page.keyboard.press('Enter');
    await expect(editor).toContainText(/- source: $/);

    await editor
      .locator('.cm-line', { hasText: 'product:' })
      .first()
      .hover({ position: { x: 60, y: 8 } });
    await expect(page.locator('.jp-cauce-KeyHelp')).toContainText('What the task makes');
  });
});

test.describe('pipeline.yaml that names what is not there', () => {
  test.use({ files: { ...CHAIN, 'third.py': script({ upstream: ['nobody'] }) } });

  test('is marked where the panel says, too', async ({ page, panel, project }) => {
    await expect(panel.problems).toContainText('nobody');
    const editor = await openFile(page, 'pipeline.yaml');
    await expect(editor.locator('.cm-lintRange-error')).toHaveCount(1);
    await project.write({ 'third.py': script({ upstream: ['second'] }) });
    await expect(editor.locator('.cm-lintRange-error')).toHaveCount(0);
  });
});

test.describe('Another YAML file', () => {
  test.use({ files: { 'other.yaml': 'metta: {}\n' } });

  test('is left alone', async ({ page }) => {
    const asked: string[] = [];
    page.on('request', request => {
      if (request.url().includes('/cauce/api/check')) {
        asked.push(request.url());
      }
    });
    const editor = await openFile(page, 'other.yaml');
    await editor.click();
    await page.keyboard.type('x: 1\n');
    await page.waitForTimeout(1500);
    expect(asked).toEqual([]);
    await expect(editor.locator('.cm-lintRange-error')).toHaveCount(0);
  });
});
