/**
 * Where builds show besides the panel: the status bar, the panel of what runs, notifications, the
 * dialog that says what would run.
 */
import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

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

  /** Its tasks: name, verdict and reason. */
  async planned(): Promise<string[]> {
    await expect(this.plan.locator('.jp-cauce-Plan-summary')).toBeVisible();
    const rows = await this.plan.locator('.jp-cauce-Plan-task').all();
    return Promise.all(
      rows.map(async row => {
        const parts = ['name', 'verdict', 'why'].map(part =>
          row.locator(`.jp-cauce-Plan-${part}`).textContent()
        );
        return (await Promise.all(parts)).join(' | ');
      })
    );
  }

  async close(button: string): Promise<void> {
    await this.plan.getByRole('button', { name: button, exact: true }).click();
    await expect(this.plan).toHaveCount(0);
  }

  /** Run a command as though the palette had done it. */
  async palette(label: string): Promise<void> {
    await this.page.keyboard.press('Control+Shift+KeyC');
    const palette = this.page.locator('.lm-CommandPalette');
    await palette.locator('input').fill(label);
    await palette.locator('.lm-CommandPalette-item').filter({ hasText: label }).first().click();
  }

  /** An entry of the Run menu's submenu. */
  async runMenu(label: string): Promise<void> {
    await this.page.menu.clickMenuItem(`Run>Pipeline>${label}`);
  }

  /** The builds in the panel of what runs. */
  async builds(): Promise<Locator> {
    await this.page.sidebar.openTab('jp-running-sessions');
    return this.page
      .locator('#jp-running-sessions .jp-RunningSessions-item')
      .filter({ hasText: /starting…|tasks? done/ });
  }
}
