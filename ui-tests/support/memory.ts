/**
 * What JupyterLab has written down for the next visit. It does so when nothing has moved for a while: a page
 * that is loaded again before that comes back as it was earlier.
 */
import { expect } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';

/** Wait until it has written that under a key, as JSON. */
export async function expectRemembered(page: Page, key: string, text: string): Promise<void> {
  await expect
    .poll(() =>
      page.evaluate(async wanted => {
        const { workspaces } = (
          window as unknown as {
            jupyterapp: {
              serviceManager: {
                workspaces: {
                  fetch: (id: string) => Promise<{ data: Record<string, unknown> }>;
                };
              };
            };
          }
        ).jupyterapp.serviceManager;
        const { data } = await workspaces.fetch('default');
        return JSON.stringify(data[wanted] ?? null);
      }, key)
    )
    .toContain(text);
}
