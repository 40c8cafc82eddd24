/**
 * axe-core over a part of the page: what WCAG 2.1 A and AA demand, as far as a program can tell.
 */
import { expect } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';
import type { AxeResults } from 'axe-core';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'];

interface IAxe {
  run(context: string, options: object): Promise<AxeResults>;
}

/** Nothing in what the selector names breaks a rule. */
export async function expectAccessible(page: Page, selector: string): Promise<void> {
  await page.addScriptTag({ path: require.resolve('axe-core') });
  const found = await page.evaluate(
    async ([context, tags]) => {
      const { axe } = window as unknown as { readonly axe: IAxe };
      const { violations } = await axe.run(context, { runOnly: { type: 'tag', values: tags } });
      return violations.map(({ id, help, nodes }) => ({
        id,
        help,
        nodes: nodes.map(node => `${node.html.slice(0, 300)}: ${node.failureSummary ?? ''}`)
      }));
    },
    [selector, TAGS] as const
  );
  expect(found).toEqual([]);
}
