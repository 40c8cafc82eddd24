/**
 * The dialogs that change a pipeline, as a user handles them.
 */
import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

export class ChangeDialog {
  constructor(private readonly page: IJupyterLabPageFixture) {}

  get root(): Locator {
    return this.page.locator('.jp-cauce-ChangeDialog');
  }

  get accept(): Locator {
    return this.root.locator('.jp-mod-accept');
  }

  async fill(label: string, text: string): Promise<void> {
    await this.root.getByLabel(label, { exact: true }).fill(text);
  }

  async check(label: string): Promise<void> {
    await this.root.getByRole('checkbox', { name: label, exact: true }).check();
  }

  /** The change cannot be made, for this reason. */
  async expectRefused(text: string): Promise<void> {
    await expect(this.root.locator('.jp-cauce-Outlook')).toContainText(text);
    await expect(this.accept).toBeDisabled();
  }

  /** What the change would come to. */
  async expectSaid(text: string): Promise<void> {
    await expect(this.root.locator('.jp-cauce-Outlook-said')).toContainText(text);
    await expect(this.accept).toBeEnabled();
  }

  /** Think better of it. */
  async escape(): Promise<void> {
    // Keys are heard by what has the focus, and the dialog takes it when it is drawn.
    await expect(this.root.locator(':focus')).toHaveCount(1);
    await this.page.keyboard.press('Escape');
    await expect(this.root).toHaveCount(0);
  }

  /** Make the change. */
  async press(): Promise<void> {
    await this.accept.click();
    await expect(this.root).toHaveCount(0);
  }
}
