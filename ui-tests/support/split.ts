/**
 * The dialog that splits a notebook, as a user handles it.
 */
import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import type { Project } from './project';

/** A notebook's file: texts that begin with '#' and a blank are Markdown. */
export function notebook(cells: readonly string[]): string {
  return JSON.stringify({
    cells: cells.map((source, i) => {
      const common = { id: `c${String(i)}`, metadata: {}, source };
      return /^#+ /.test(source)
        ? { ...common, cell_type: 'markdown' }
        : { ...common, cell_type: 'code', execution_count: null, outputs: [] };
    }),
    metadata: {
      kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' },
      language_info: { name: 'python' }
    },
    nbformat: 4,
    nbformat_minor: 5
  });
}

export class SplitDialog {
  constructor(
    private readonly page: IJupyterLabPageFixture,
    private readonly project: Project
  ) {}

  get root(): Locator {
    return this.page.locator('.jp-cauce-SplitDialog');
  }

  /** Open it as other code would. */
  async open(file: string): Promise<void> {
    await this.page.evaluate(path => {
      // It ends with the dialog.
      void window.jupyterapp.commands.execute('cauce:split-notebook', { path });
    }, `${this.project.folder}/${file}`);
    await expect(this.root).toBeVisible();
  }

  /** Open it from the context menu of the file browser. */
  async openFromBrowser(file: string): Promise<void> {
    await this.page.sidebar.openTab('filebrowser');
    await this.page.evaluate(async path => {
      await window.jupyterapp.commands.execute('filebrowser:go-to-path', { path });
    }, this.project.folder);
    await this.page
      .locator('.jp-DirListing-item')
      .filter({ hasText: file })
      .click({ button: 'right' });
    await this.page.locator('.lm-Menu-item').filter({ hasText: 'Split into Pipeline…' }).click();
    await expect(this.root).toBeVisible();
  }

  /** The head of the task that begins at a cell. */
  head(first: number): Locator {
    return this.root.locator(`[data-cauce-row="h${String(first)}"]`);
  }

  cell(number: number): Locator {
    return this.root.locator(`[data-cauce-row="c${String(number)}"]`);
  }

  /** The names of the tasks, from the top. */
  async expectTasks(names: readonly string[]): Promise<void> {
    await expect(this.root.locator('.jp-cauce-SplitHead-name')).toHaveText([...names]);
    await this.settled();
  }

  node(task: string): Locator {
    return this.root.locator(`.jp-cauce-Graph [data-cauce-task="${task}"]`);
  }

  async tab(name: string): Promise<void> {
    const tab = this.root.getByRole('tab', { name });
    await tab.click();
    await expect(tab).toHaveAttribute('aria-selected', 'true');
  }

  button(action: string): Locator {
    return this.root.locator(`[data-cauce-action="${action}"]`);
  }

  /** The plan is that of all that was changed; rows move when it comes. */
  async settled(): Promise<void> {
    await expect(this.root.locator('.jp-cauce-Splitting')).toHaveAttribute('data-busy', 'false');
  }

  /** Begin a task at a cell. */
  async split(cell: number): Promise<void> {
    await this.cell(cell).hover();
    await this.cell(cell).getByRole('button', { name: 'A task begins' }).click();
    await expect(this.head(cell)).toBeVisible();
    await this.settled();
  }

  /** Drag the cut before a task to the middle of a cell, a little below. */
  async drag(first: number, cell: number): Promise<void> {
    await this.settled();
    await this.head(first).locator('.jp-cauce-SplitHead-grip').hover();
    await this.page.mouse.down();
    const box = await this.cell(cell).boundingBox();
    expect(box).not.toBeNull();
    const { x, y, width, height } = box ?? { x: 0, y: 0, width: 0, height: 0 };
    await this.page.mouse.move(x + width / 2, y + height / 2 + 2, { steps: 4 });
    await this.page.mouse.up();
  }

  async rename(first: number, name: string): Promise<void> {
    await this.head(first).dblclick();
    await this.typeName(name);
  }

  /** Type a name into the field that has opened for it. */
  async typeName(name: string): Promise<void> {
    const field = this.root.locator('.jp-cauce-NameField');
    await expect(field).toBeFocused();
    await this.page.keyboard.type(name);
    await expect(field).toHaveValue(name);
    await this.page.keyboard.press('Enter');
  }

  /** Call the product of a variable otherwise, in the table of variables. */
  async callProduct(variable: string, key: string): Promise<void> {
    const button = this.root.getByRole('button', { name: `Name of the product of ${variable}:` });
    await button.click();
    await this.typeName(key);
    await expect(button).toHaveText(key);
    await expect(button).toBeFocused();
  }

  /** Write it. */
  async apply(): Promise<void> {
    await expect(this.button('split-apply')).toHaveAttribute('aria-disabled', 'false');
    await this.button('split-apply').click();
    await expect(this.root).toHaveCount(0);
  }

  /** Press a button of the notification that says something. */
  async answer(said: RegExp, button: string): Promise<void> {
    const toast = this.page.locator('.Toastify__toast').filter({ hasText: said });
    await toast.getByRole('button', { name: button, exact: true }).click();
  }
}
