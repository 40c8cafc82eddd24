/**
 * JupyterLab's main menu as a user handles it.
 *
 * Galata's helper looks once for an entry, and goes on without a word where it is not there yet.
 */
import type { Page } from '@playwright/test';

/** Choose an entry, from the menu bar down. */
export async function chooseFromMenu(
  page: Page,
  menu: string,
  ...path: readonly string[]
): Promise<void> {
  await page
    .locator('.lm-MenuBar-item')
    .filter({ hasText: exactly(menu) })
    .click();
  for (const label of path) {
    await page
      .locator('.lm-Menu-item:not(.lm-mod-disabled)')
      .filter({ has: page.locator('.lm-Menu-itemLabel', { hasText: exactly(label) }) })
      .click();
  }
}

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}
