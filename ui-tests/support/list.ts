/**
 * The list of the panel, as a user handles it.
 */
import { expect } from '@jupyterlab/galata';
import type { Locator, Page } from '@playwright/test';

export class TaskList {
  constructor(
    private readonly page: Page,
    private readonly panel: Locator
  ) {}

  get root(): Locator {
    return this.panel.getByRole('tree', { name: 'Tasks' });
  }

  get rows(): Locator {
    return this.root.getByRole('treeitem');
  }

  row(task: string): Locator {
    return this.root.locator(`[data-cauce-task="${task}"]`);
  }

  group(folder: string): Locator {
    return this.root.locator(`[data-cauce-group="${folder}"]`);
  }

  get field(): Locator {
    return this.panel.getByRole('textbox', { name: 'Filter tasks' });
  }

  /** The button that stands for a kind of state. */
  chip(state: string): Locator {
    return this.panel.locator(`.jp-cauce-Filter-chip[data-state="${state}"]`);
  }

  /** The arcs of the task that is looked at, leading to it or from it. */
  get arcs(): Locator {
    return this.root.locator('.jp-cauce-List-arcs[data-weight="near"] .jp-cauce-List-arc');
  }

  /** Go to the row that Tab leads to. */
  async enter(): Promise<void> {
    await this.root.locator('[tabindex="0"]').focus();
  }

  async expectFocus(task: string): Promise<void> {
    await expect(this.row(task)).toBeFocused();
    await expect(this.row(task)).toBeInViewport();
  }

  async expectSelected(tasks: readonly string[]): Promise<void> {
    await expect
      .poll(() =>
        // At one moment: a row that is asked later may be gone by then.
        this.root
          .locator('[aria-selected="true"]')
          .evaluateAll(rows => rows.map(row => row.getAttribute('data-cauce-task')))
      )
      .toEqual(tasks);
  }

  /** The names of the rows from the top: tasks, and folders with a slash. */
  async expectRows(names: readonly string[]): Promise<void> {
    await expect
      .poll(() =>
        this.rows.evaluateAll(rows =>
          rows.map(
            row =>
              row.getAttribute('data-cauce-task') ??
              `${row.getAttribute('data-cauce-group') ?? ''}/`
          )
        )
      )
      .toEqual(names);
  }

  /**
   * Type letters without a pause: those that come one after the other within a second are one name, and no
   * machine is to decide what belongs together.
   */
  async typeAtOnce(letters: string): Promise<void> {
    await Promise.all(Array.from(letters, letter => this.page.keyboard.press(letter)));
  }

  /** Choose how the list is sorted or grouped. */
  async arrange(entry: string): Promise<void> {
    await this.panel.locator('[data-cauce-action="arrange"]').click();
    await this.page.locator('.lm-Menu-item').filter({ hasText: entry }).click();
  }
}
