/**
 * The graph as a user handles it.
 */
import { expect } from '@jupyterlab/galata';
import type { Locator, Page } from '@playwright/test';

export class GraphView {
  constructor(
    private readonly page: Page,
    /** The panel that it is in. */
    private readonly panel: Locator
  ) {}

  get root(): Locator {
    return this.panel.locator('.jp-cauce-Graph');
  }

  get map(): Locator {
    return this.root.locator('.jp-cauce-Graph-map');
  }

  get notice(): Locator {
    return this.root.locator('.jp-cauce-Graph-notice');
  }

  node(task: string): Locator {
    return this.root.locator(`[data-cauce-task="${task}"]`);
  }

  group(label: string): Locator {
    return this.root.locator('[data-cauce-group]').filter({ hasText: label });
  }

  /** The names of the tasks that are drawn one by one. */
  tasks(): Promise<string[]> {
    return this.root
      .locator('[data-cauce-task]')
      .evaluateAll(nodes => nodes.map(node => node.getAttribute('data-cauce-task') ?? '').sort());
  }

  /** The links on the way to or from what is looked at. */
  get kin(): Locator {
    return this.root.locator('.jp-cauce-Graph-edge[data-kin="true"]');
  }

  get edges(): Locator {
    return this.root.locator('.jp-cauce-Graph-edge');
  }

  /** Where a task is drawn, once it stands still: it moves to its place, and the view with the panel's size. */
  async place(task: string): Promise<{ readonly x: number; readonly y: number }> {
    return this.node(task).evaluate(
      node =>
        new Promise<{ readonly x: number; readonly y: number }>(resolve => {
          let [before, still] = ['', 0];
          const look = (): void => {
            const { x, y, width, height } = node.getBoundingClientRect();
            const now = JSON.stringify([x, y, width, height]);
            still = now === before ? still + 1 : 0;
            before = now;
            if (still < 20) {
              requestAnimationFrame(look);
            } else {
              resolve({ x: x + width / 2, y: y + height / 2 });
            }
          };
          look();
        })
    );
  }

  /** Draw a line from the port of a task to another task. */
  async connect(from: string, to: string): Promise<void> {
    const { x, y } = await this.place(to);
    await this.node(from).hover();
    await this.node(from).locator('.jp-cauce-Graph-port').hover();
    await this.page.mouse.down();
    await this.page.mouse.move(x, y, { steps: 5 });
    await this.page.mouse.up();
  }

  async open(): Promise<void> {
    await this.panel.getByRole('tab', { name: 'Graph' }).click();
    await this.settled();
  }

  async settled(): Promise<void> {
    await expect(this.root).toHaveAttribute('data-ready', 'true', { timeout: 60_000 });
  }

  /** Change how the graph is shown. */
  async choose(option: string, value: string): Promise<void> {
    await this.options();
    await this.root.getByLabel(option).selectOption({ label: value });
    await this.page.keyboard.press('Escape');
    await this.settled();
  }

  async check(option: string): Promise<void> {
    await this.options();
    await this.root.getByLabel(option).check();
    await this.page.keyboard.press('Escape');
    await this.settled();
  }

  async save(format: string): Promise<void> {
    await this.options();
    await this.root.getByRole('button', { name: format, exact: true }).click();
  }

  /** The link that keys are about. */
  get chosenLink(): Locator {
    return this.root.locator('.jp-cauce-Graph-edge[data-selected="true"]');
  }

  /** Show how the graph is shown. */
  async options(): Promise<void> {
    const button = this.root.getByRole('button', { name: 'How the graph is shown' });
    if ((await button.getAttribute('aria-expanded')) !== 'true') {
      await button.click();
    }
    await expect(button).toHaveAttribute('aria-expanded', 'true');
  }
}
