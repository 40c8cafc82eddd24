/**
 * The detail of the selected task as a user handles it.
 */
import { expect } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

export class Detail {
  constructor(readonly root: Locator) {}

  /** A part, by its heading. */
  part(title: string | RegExp): Locator {
    return this.root.locator('.jp-cauce-Detail-part').filter({
      // 'Log, live' is no 'Log': the one gives way to the other when a task has ended.
      has: this.root.page().getByRole('heading', { level: 3, name: title, exact: true })
    });
  }

  /** Unfold a part. */
  async unfold(title: string): Promise<Locator> {
    const button = this.part(title).getByRole('heading', { level: 3 }).getByRole('button');
    if ((await button.getAttribute('aria-expanded')) === 'false') {
      await button.click();
    }
    await expect(button).toHaveAttribute('aria-expanded', 'true');
    return this.part(title);
  }

  /** Look into a product. */
  async preview(product: string): Promise<Locator> {
    await this.root.getByRole('button', { name: `Preview ${product}` }).click();
    const item = this.root.locator('.jp-cauce-Products-item').filter({
      has: this.root.page().getByRole('button', { name: `Hide the preview of ${product}` })
    });
    return item.locator('.jp-cauce-Preview');
  }

  /** What is drawn of the log. */
  get logRows(): Locator {
    return this.root.locator('.jp-cauce-Log-row');
  }

  get logBox(): Locator {
    return this.root.getByRole('log');
  }
}
