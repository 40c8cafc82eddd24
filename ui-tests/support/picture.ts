/**
 * Pictures for the documents, in the light theme and in the dark one.
 */
import * as path from 'node:path';

import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

const IMAGES = path.resolve(__dirname, '../../docs/images');

/** Make the sidebar as wide as that, in pixels. */
export async function widen(page: IJupyterLabPageFixture, width: number): Promise<void> {
  const panel = await page.locator('#cauce-panel').boundingBox();
  if (panel === null) {
    throw new Error('The panel is not shown');
  }
  const edge = { x: panel.x + panel.width + 3, y: panel.y + panel.height / 2 };
  await page.mouse.move(edge.x, edge.y);
  await page.mouse.down();
  await page.mouse.move(panel.x + width, edge.y, { steps: 10 });
  await page.mouse.up();
  // Nothing is hovered in a picture.
  await page.mouse.move(640, 799);
}

/**
 * A picture of the page or of a part of it as NAME.png and NAME-dark.png.
 *
 * `ready` is done before each: what another theme makes taller has moved.
 */
export async function picture(
  page: IJupyterLabPageFixture,
  name: string,
  part: IJupyterLabPageFixture | Locator = page,
  ready: () => Promise<void> = () => Promise.resolve()
): Promise<void> {
  await page.theme.setDarkTheme();
  await ready();
  await part.screenshot({ path: path.join(IMAGES, `${name}-dark.png`), animations: 'disabled' });
  await page.theme.setLightTheme();
  await ready();
  await part.screenshot({ path: path.join(IMAGES, `${name}.png`), animations: 'disabled' });
}
