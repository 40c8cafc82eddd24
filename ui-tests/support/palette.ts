/**
 * The command palette as a user handles it. It takes the focus, and shows what was found, a little after it
 * was asked to: who types or presses Enter before is not heard, or runs another command.
 */
import { expect } from '@jupyterlab/galata';
import type { Locator, Page } from '@playwright/test';

export class Palette {
  constructor(private readonly page: Page) {}

  get field(): Locator {
    return this.page.locator('.lm-CommandPalette input');
  }

  get items(): Locator {
    return this.page.locator('.lm-CommandPalette-item');
  }

  /** The one that Enter would run. */
  get picked(): Locator {
    return this.page.locator('.lm-CommandPalette-item.lm-mod-active');
  }

  /** What is picked, as text; null while nothing is. */
  async said(): Promise<string | null> {
    return (await this.picked.allTextContents())[0] ?? null;
  }

  /** Open it, and look for commands by a label. The best match is picked. */
  async search(text: string): Promise<void> {
    await this.page.keyboard.press('Control+Shift+KeyC');
    await expect(this.field).toBeFocused();
    // All at once, for what is found is shown anew after each letter.
    await this.page.keyboard.insertText(text);
    await expect(this.field).toHaveValue(text);
    await expect(this.picked).toHaveCount(1);
  }

  /** Run the command with a label, by keys. */
  async run(label: string): Promise<void> {
    await this.search(label);
    await expect(this.picked).toContainText(label);
    await this.page.keyboard.press('Enter');
    await expect(this.field).toBeHidden();
  }
}
