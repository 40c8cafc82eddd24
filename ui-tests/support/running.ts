/**
 * Where builds show besides the panel: the status bar, the panel of what runs, notifications, the
 * dialog that says what would run.
 */
import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { chooseFromMenu } from './menu';
import { Palette } from './palette';

export class Running {
  constructor(private readonly page: IJupyterLabPageFixture) {}

  /** The item of the status bar. */
  get status(): Locator {
    return this.page.locator('.jp-cauce-Status-button');
  }

  async expectStatus(state: string, text: RegExp | string = ''): Promise<void> {
    await expect(this.status).toHaveAttribute('data-state', state, { timeout: 60_000 });
    await expect(this.status).toContainText(text);
  }

  /** What notifications say now. */
  get notification(): Locator {
    return this.page.locator('.jp-toastContainer .jp-Notification-Toast, .Toastify__toast');
  }

  /** The dialog that says what would run. */
  get plan(): Locator {
    return this.page.locator('.jp-Dialog').filter({ has: this.page.locator('.jp-cauce-Plan') });
  }

  /** Of its tasks that is told: what stands in these columns, from the top. */
  async expectPlanned(
    lines: readonly string[],
    columns: readonly string[] = ['name', 'verdict', 'why']
  ): Promise<void> {
    await expect(this.plan.locator('.jp-cauce-Plan-summary')).toBeVisible();
    await expect
      .poll(() =>
        // At one moment, for it keeps up with the pipeline.
        this.plan
          .locator('.jp-cauce-Plan-task')
          .evaluateAll(
            (rows, parts) =>
              rows.map(row =>
                parts
                  .map(part => row.querySelector(`.jp-cauce-Plan-${part}`)?.textContent ?? '')
                  .join(' | ')
              ),
            columns
          )
      )
      .toEqual(lines);
  }

  /** A button of the dialog. */
  planButton(label: string): Locator {
    return this.plan.getByRole('button', { name: label, exact: true });
  }

  async close(button: string): Promise<void> {
    await this.planButton(button).click();
    await expect(this.plan).toHaveCount(0);
  }

  /** Run a command from the palette. */
  async palette(label: string): Promise<void> {
    await new Palette(this.page).run(label);
  }

  /** An entry of the Run menu's submenu. */
  async runMenu(label: string): Promise<void> {
    await chooseFromMenu(this.page, 'Run', 'Pipeline', label);
  }

  /** The builds in the panel of what runs. */
  async builds(): Promise<Locator> {
    await this.page.sidebar.openTab('jp-running-sessions');
    return this.page
      .locator('#jp-running-sessions .jp-RunningSessions-item')
      .filter({ hasText: /starting…|tasks? done/ });
  }
}
