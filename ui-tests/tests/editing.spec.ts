/**
 * Writing pipeline.yaml in the file editor: what is wrong is marked, keys are completed.
 */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { expect, test } from '../support/fixtures';
import { CHAIN, script, type Project } from '../support/project';

/** Open a file in the editor. It has the focus then. */
async function openFile(
  page: IJupyterLabPageFixture,
  project: Project,
  file: string
): Promise<Locator> {
  await page.evaluate(async path => {
    await window.jupyterapp.commands.execute('docmanager:open', { path });
  }, `${project.folder}/${file}`);
  const editor = page.locator('.jp-FileEditor:visible .cm-content');
  await expect(editor).toBeFocused();
  return editor;
}

test.describe('pipeline.yaml in the editor', () => {
  test.use({ files: CHAIN });

  test('marks what is wrong while one types, before anything is saved', async ({
    page,
    project
  }) => {
    const editor = await openFile(page, project, 'pipeline.yaml');
    await expect(editor).toContainText('third.py');
    const before = await project.read('pipeline.yaml');

    await editor.click();
    await page.keyboard.press('Control+End');
    // At once: each pause between keys would have it checked again, and what is told below the pointer go.
    await page.keyboard.insertText('\nmetta: {}\n');
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

  test('completes keys, and says what a key is for', async ({ page, project }) => {
    const editor = await openFile(page, project, 'pipeline.yaml');
    await expect(editor).toContainText('third.py');
    await editor.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('\n  - sour');
    // Before, Tab indents.
    await expect(page.locator('.jp-FileEditor:visible .jp-mod-completer-enabled')).toHaveCount(1);
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
    const editor = await openFile(page, project, 'pipeline.yaml');
    await expect(editor.locator('.cm-lintRange-error')).toHaveCount(1);
    await project.write({ 'third.py': script({ upstream: ['second'] }) });
    await expect(editor.locator('.cm-lintRange-error')).toHaveCount(0);
  });
});

test.describe('Another YAML file', () => {
  test.use({ files: { ...CHAIN, 'other.yaml': 'metta: {}\n' } });

  test('is left alone', async ({ page, project }) => {
    const asked: string[] = [];
    page.on('request', request => {
      if (request.url().includes('/cauce/api/check')) {
        asked.push(request.postData() ?? '');
      }
    });
    const editor = await openFile(page, project, 'other.yaml');
    await expect(editor).toContainText('metta');
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('x: 1\n');
    await expect(editor).toContainText('x: 1');

    // One of ours that is written after it is checked; by then the other would have been.
    const ours = await openFile(page, project, 'pipeline.yaml');
    await expect(ours).toContainText('third.py');
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText('\nmetta: {}\n');
    await expect(ours.locator('.cm-lintRange-error')).toHaveText('metta');
    expect(asked.filter(text => text.includes('other.yaml'))).toEqual([]);
    expect(asked.length).toBeGreaterThan(0);

    await openFile(page, project, 'other.yaml');
    await expect(editor).toContainText('x: 1');
    await expect(editor.locator('.cm-lintRange-error')).toHaveCount(0);
  });
});
