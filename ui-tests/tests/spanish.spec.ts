/**
 * The panel speaks Spanish where JupyterLab does: whole, in the right number, and without cutting words.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';

import type { Locator } from '@playwright/test';

import { expect, test } from '../support/fixtures';
import { CHAIN } from '../support/project';
import { notebook, SplitDialog } from '../support/split';

const CATALOGUE = path.join(
  __dirname,
  '../../server_ext/cauce/locale/es_ES/LC_MESSAGES/jupyterlab_cauce.json'
);

/** Texts in English that Spanish says otherwise, without those that are mere values and signs. */
function english(): string[] {
  const catalogue = JSON.parse(fs.readFileSync(CATALOGUE, 'utf-8')) as Record<string, string[]>;
  return Object.entries(catalogue)
    .filter(([key]) => key !== '' && /\p{L}{3}/u.test(key.replace(/%\d/g, '')))
    .map(([key, forms]) => [key.split('\u0004').at(-1) ?? '', forms] as const)
    .filter(([key, forms]) => forms[0] !== key)
    .map(([key]) => key);
}

/** What can be read in a part of the page but code, text by text, and what is told of its elements. */
function said(root: Locator): Promise<string[]> {
  return root.evaluate(node => {
    const found: string[] = [];
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    while (walker.nextNode() !== null) {
      const { parentElement, textContent } = walker.currentNode;
      if (parentElement?.closest('code') == null) {
        found.push(textContent?.trim() ?? '');
      }
    }
    for (const each of Array.from(node.querySelectorAll('[title], [aria-label], [placeholder]'))) {
      for (const name of ['title', 'aria-label', 'placeholder']) {
        found.push(...(each.getAttribute(name) ?? '').split('\n'));
      }
    }
    return found.filter(text => text !== '');
  });
}

/** Those texts that are one of the English ones, with whatever values. */
function leftInEnglish(texts: readonly string[]): string[] {
  const patterns = english().map(
    key => new RegExp(`^${key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/%\d/g, '.+')}$`, 'u')
  );
  return texts.filter(text => patterns.some(pattern => pattern.test(text)));
}

/** The buttons and tabs whose words do not fit into them. */
function cutOff(root: Locator): Promise<string[]> {
  return root.evaluate(node =>
    Array.from(node.querySelectorAll('button, [role="tab"]'))
      .filter(each => each.scrollWidth > each.clientWidth && each.clientWidth > 0)
      .filter(each => !each.matches('.jp-cauce-Link'))
      .map(each => each.textContent ?? '')
  );
}

test.use({
  // Galata's own waits for a tab named Launcher.
  waitForApplication: async ({ baseURL: _ }, use) => {
    await use(async page => {
      await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
      await page.locator('.jp-Launcher').waitFor();
    });
  },
  files: CHAIN,
  mockSettings: { '@jupyterlab/translation-extension:plugin': { locale: 'es_ES' } }
});

test('The panel speaks Spanish', async ({ page, panel, project }, info) => {
  const look = async (name: string): Promise<void> => {
    expect(leftInEnglish(await said(panel.root))).toEqual([]);
    expect(await cutOff(panel.root)).toEqual([]);
    await panel.root.screenshot({ path: info.outputPath(`${name}.png`) });
  };
  await page.sidebar.setWidth(300, 'left');
  await panel.root.getByRole('tab', { name: 'Lista' }).click();
  await expect(panel.row('first')).toContainText('sin ejecutar');
  await expect(panel.root.locator('[data-cauce-action="build"]')).toContainText(
    'Ejecutar pipeline'
  );
  await look('never-run');

  await panel.build();
  await panel.expectFinished('ok');
  await panel.expectMessage(/3 tareas ejecutadas en/);
  await expect(panel.row('first')).toContainText('al día');
  await panel.select('second');
  await expect(panel.detail).toContainText('Última ejecución');
  await look('up-to-date');

  await project.edit('third.py', 'result =', 'result = "" +');
  await panel.root.getByRole('button', { name: /^Refrescar/ }).click();
  await expect(panel.row('third')).toContainText('cambió el código');
  await panel.select('third');
  await expect(panel.detail).toContainText('Por qué se ejecutaría');
  await expect(panel.detail).toContainText('Cambió el código.');
  await look('stale');

  await panel.build();
  await panel.expectFinished('ok');
  await panel.expectMessage(/1 tarea ejecutada en/);
});

test('The dialog that splits a notebook speaks Spanish', async ({ page, project }, info) => {
  const cells = [
    '## Load',
    'import math\nx = [math.pi]\ndef half(v):\n    return v / 2',
    '## Tell',
    'print(half(x[0]))'
  ];
  await project.write({ 'long.ipynb': notebook(cells) });
  const dialog = new SplitDialog(page, project);
  await dialog.open('long.ipynb');
  await dialog.expectTasks(['load', 'tell']);
  await dialog.root.getByRole('button', { name: 'Más opciones' }).click();
  const tabs = dialog.root.getByRole('tab');
  for (let i = 0; i < (await tabs.count()); i++) {
    await tabs.nth(i).click();
    expect(leftInEnglish(await said(dialog.root))).toEqual([]);
    expect(await cutOff(dialog.root)).toEqual([]);
    await dialog.root.screenshot({ path: info.outputPath(`split-${String(i)}.png`) });
  }
  await dialog.button('split-cancel').click();
  await expect(dialog.root).toHaveCount(0);
});
