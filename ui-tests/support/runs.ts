/**
 * The past runs in the panel as a user handles them.
 */
import { expect } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import type { Panel } from './panel';

export class Runs {
  constructor(private readonly panel: Panel) {}

  get grid(): Locator {
    return this.panel.root.getByRole('grid', { name: /^Tasks by runs/ });
  }

  /** What is shown of one run. */
  get page(): Locator {
    return this.panel.root.locator('.jp-cauce-Run');
  }

  /** What is said of the selected task in the chosen run. */
  get task(): Locator {
    return this.panel.root.locator('.jp-cauce-Run-task');
  }

  async open(): Promise<void> {
    await this.panel.view('Runs');
  }

  /** A run's head; the newest is 1. */
  head(run: number): Locator {
    return this.grid.locator(`[data-cauce-place="0 ${String(run)}"]`);
  }

  /** What became of a task, by their places; the first task and the newest run are 1. */
  cell(task: number, run: number): Locator {
    return this.grid.locator(`[data-cauce-place="${String(task)} ${String(run)}"]`);
  }

  async expectCell(task: number, run: number, ending: string): Promise<void> {
    await expect(this.cell(task, run)).toHaveAttribute('data-cauce-ending', ending, {
      timeout: 60_000
    });
  }

  /** Press one of the buttons of a run. */
  button(action: 'rerun' | 'force-rerun' | 'delete-run' | 'open-run' | 'run-log'): Locator {
    return this.panel.root.locator(`[data-cauce-action="${action}"]`);
  }

  bar(task: string): Locator {
    return this.page.locator(`[data-cauce-bar="${task}"]`);
  }

  /** What differs of a task. */
  change(task: string): Locator {
    return this.page.locator(`[data-cauce-change="${task}"]`);
  }
}
