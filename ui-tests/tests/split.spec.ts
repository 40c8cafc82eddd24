/**
 * One notebook becomes a pipeline: looked at, changed, written, taken back, proved.
 */
import { expectAccessible } from '../support/axe';
import { expect, test } from '../support/fixtures';
import { notebook, SplitDialog } from '../support/split';

const SALES = notebook([
  '# Sales',
  '## Load',
  'numbers = [3, 1, 2]',
  '## Clean',
  'numbers.sort()\nlargest = max(numbers)',
  'share = [n / largest for n in numbers]',
  '## Tell',
  'print(f"{len(numbers)} numbers, {share}")'
]);

test.use({ files: { 'sales.ipynb': SALES } });

test('A notebook is split from the file browser; nothing is written before, all of it is taken back', async ({
  page,
  panel,
  project
}) => {
  const dialog = new SplitDialog(page, project);
  await dialog.openFromBrowser('sales.ipynb');
  await dialog.expectTasks(['load', 'clean', 'tell']);
  await expect(dialog.node('clean')).toBeVisible();

  await dialog.split(5);
  await dialog.rename(5, 'shares');
  await dialog.expectTasks(['load', 'clean', 'shares', 'tell']);
  await dialog.node('shares').click();
  await expect(dialog.root.getByRole('region', { name: 'shares' })).toContainText('share');
  await dialog.tab('Files');
  await dialog.root.getByRole('option', { name: 'pipeline.yaml' }).click();
  await expect(dialog.root.getByRole('region', { name: 'pipeline.yaml' })).toContainText('shares');
  await dialog.root.getByRole('option', { name: 'tasks/clean.ipynb' }).click();
  const cells = dialog.root.getByRole('region', { name: 'tasks/clean.ipynb' });
  await expect(cells).toContainText('## Clean');
  await expect(cells).not.toContainText('cell_type');
  expect(await project.exists('pipeline.yaml')).toBe(false);

  await dialog.apply();
  await panel.expectState('shares', 'never');
  await panel.expectTasks(['load', 'clean', 'shares', 'tell']);
  expect(await project.read('sales.ipynb')).toBe(SALES);

  await dialog.answer(/Split into 4 tasks/, 'Undo');
  await expect.poll(() => project.exists('pipeline.yaml')).toBe(false);
  await expect.poll(() => project.exists('tasks/load.ipynb')).toBe(false);
});

test('It is run to see what it does, split, and proved', async ({ page, panel, project }) => {
  test.setTimeout(600_000);
  const dialog = new SplitDialog(page, project);
  await dialog.open('sales.ipynb');
  await dialog.expectTasks(['load', 'clean', 'tell']);
  await dialog.button('trace').click();
  await dialog.button('trace-run').click();
  await expect(dialog.root.locator('.jp-cauce-SplitTrace')).toContainText('Traced:', {
    timeout: 90_000
  });
  await dialog.tab('Variables');
  await expect(dialog.root.getByRole('row').filter({ hasText: 'share' })).toContainText('list');
  await dialog.callProduct('share', 'ratios');
  await dialog.apply();
  expect(await project.read('pipeline.yaml')).toContain('ratios: output/clean-ratios.json');
  await panel.expectState('tell', 'never');

  await dialog.answer(/Split into 3 tasks/, 'Prove It');
  await expect(page.getByText(/It behaves the same/).first()).toBeVisible({ timeout: 120_000 });
  await dialog.answer(/It behaves the same/, 'Details');
  await expect(page.locator('.jp-cauce-Proof')).toContainText('the same');
  await expect(page.locator('.jp-Dialog :focus')).toHaveCount(1);
  await page.keyboard.press('Enter');
  await expect(page.locator('.jp-cauce-Proof')).toHaveCount(0);
  await panel.expectState('tell', 'fresh');
});

test('Keys alone do all of it', async ({ page, project }) => {
  const dialog = new SplitDialog(page, project);
  await dialog.open('sales.ipynb');
  await dialog.expectTasks(['load', 'clean', 'tell']);
  const tree = dialog.root.getByRole('tree');
  await expect(dialog.root.locator(':focus')).toHaveCount(1);
  // Wherever Tab leads, what is behind the dialog never hears a key.
  for (let i = 0; i < 4; i++) {
    await page.keyboard.press('Shift+Tab');
    expect(await dialog.root.evaluate(node => node.contains(document.activeElement))).toBe(true);
  }
  for (
    let i = 0;
    i < 12 && !(await tree.evaluate(node => node.contains(document.activeElement)));
    i++
  ) {
    await page.keyboard.press('Tab');
  }
  await expect(dialog.head(0)).toBeFocused();
  await page.keyboard.press('Control+ArrowDown');
  await expect(dialog.head(3)).toBeFocused();
  await page.keyboard.press('Alt+ArrowDown');
  await expect(dialog.head(4)).toBeFocused();
  await dialog.settled();
  await page.keyboard.press('Control+z');
  await expect(dialog.head(3)).toBeVisible();
  await dialog.settled();
  await page.keyboard.press('End');
  await expect(dialog.cell(7)).toBeFocused();
  await page.keyboard.press('Control+ArrowUp');
  await expect(dialog.head(6)).toBeFocused();
  await page.keyboard.press('Delete');
  await dialog.expectTasks(['load', 'clean']);
  await expect(dialog.cell(6)).toBeFocused();
  await page.keyboard.press('F2');
  await dialog.typeName('rest');
  await dialog.expectTasks(['load', 'rest']);

  await page.keyboard.press('Escape');
  await expect(dialog.button('split-no')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(dialog.button('split-apply')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog.button('split-no')).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(dialog.root).toHaveCount(0);
  expect(await project.exists('pipeline.yaml')).toBe(false);
});

test('A cut is dragged, and back by Undo; Escape lets go of it', async ({ page, project }) => {
  const dialog = new SplitDialog(page, project);
  await dialog.open('sales.ipynb');
  await dialog.expectTasks(['load', 'clean', 'tell']);
  await dialog.drag(3, 4);
  await expect(dialog.head(5)).toBeVisible();
  await dialog.expectTasks(['load', 'clean', 'tell']);
  await dialog.root.getByRole('button', { name: 'Undo' }).click();
  await expect(dialog.head(3)).toBeVisible();
  await dialog.settled();

  await dialog.head(6).locator('.jp-cauce-SplitHead-grip').hover();
  await page.mouse.down();
  await dialog.cell(4).hover();
  await page.keyboard.press('Escape');
  await page.mouse.up();
  await dialog.expectTasks(['load', 'clean', 'tell']);
  await expect(dialog.head(6)).toBeVisible();
  await dialog.button('split-cancel').click();
  await expect(dialog.root).toHaveCount(0);
});

test('A notebook that changes meanwhile is planned again', async ({ page, project }) => {
  const dialog = new SplitDialog(page, project);
  await dialog.open('sales.ipynb');
  await dialog.expectTasks(['load', 'clean', 'tell']);
  await project.edit('sales.ipynb', '## Tell', '## Say');
  await dialog.button('split-apply').click();
  await expect(dialog.root.getByRole('alert')).toContainText('The notebook was changed meanwhile.');
  await dialog.button('split-again').click();
  await dialog.expectTasks(['load', 'clean', 'say']);
  await dialog.apply();
  expect(await project.exists('tasks/say.ipynb')).toBe(true);
});

for (const theme of ['JupyterLab Light', 'JupyterLab Dark'] as const) {
  test(`It breaks no rule of accessibility in ${theme}`, async ({ page, project }) => {
    await page.theme.setTheme(theme);
    const dialog = new SplitDialog(page, project);
    await dialog.open('sales.ipynb');
    await dialog.expectTasks(['load', 'clean', 'tell']);
    await dialog.node('clean').click();
    await expectAccessible(page, '.jp-Dialog');
    await dialog.root.getByRole('button', { name: 'More options' }).click();
    for (const tab of ['Variables', 'Functions', 'Files', 'Notes']) {
      await dialog.tab(tab);
      await expectAccessible(page, '.jp-Dialog');
    }
    await dialog.button('trace').click();
    await expectAccessible(page, '.jp-Dialog');
    await dialog.button('split-no').click();
    await dialog.button('split-cancel').click();
    await expect(dialog.root).toHaveCount(0);
  });
}

test.describe('A thousand cells', () => {
  const cells = Array.from({ length: 1000 }, (_, i) =>
    i % 20 === 0
      ? `## Part ${String(i / 20)}`
      : `v${String(i)} = ${i === 1 ? '1' : `v${String(i - 1 - (i % 20 === 1 ? 1 : 0))} + 1`}`
  );
  test.use({ files: { 'long.ipynb': notebook(cells) } });

  test('are split as a few are', async ({ page, project }) => {
    const dialog = new SplitDialog(page, project);
    await dialog.open('long.ipynb');
    await expect(dialog.head(980)).toHaveCount(1);
    await dialog.root.getByRole('tree').focus();
    await dialog.head(0).click();
    await page.keyboard.press('End');
    await expect(dialog.cell(999)).toBeInViewport();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await expect(dialog.head(998)).toBeVisible();
    await dialog.rename(998, 'last');
    await expect(dialog.node('last')).toHaveCount(1);
    await expect(dialog.button('split-apply')).toHaveAttribute('aria-disabled', 'false');
  });
});
