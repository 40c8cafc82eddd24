/**
 * Cauce's panel as a user handles it. All selectors of the tests are here.
 */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { expect } from '@jupyterlab/galata';

const PANEL_ID = 'cauce-panel';

export class Panel {
  constructor(private readonly page: IJupyterLabPageFixture) {}

  get root(): Locator {
    return this.page.locator(`#${PANEL_ID}`);
  }

  async open(): Promise<void> {
    await this.page.sidebar.openTab(PANEL_ID);
    await expect(this.root).toBeVisible();
  }
}
