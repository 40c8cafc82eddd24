/**
 * Cauce's panel as a user handles it. The selectors of the tests are here, and nowhere else.
 */
import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import type { Project } from './project';

const PANEL_ID = 'cauce-panel';

interface IRun {
  readonly id: string;
  readonly state: string;
}

export class Panel {
  constructor(
    private readonly page: IJupyterLabPageFixture,
    private readonly project: Project
  ) {}

  get root(): Locator {
    return this.page.locator(`#${PANEL_ID}`);
  }

  get problems(): Locator {
    return this.root.locator('.jp-cauce-Problems');
  }

  get detail(): Locator {
    return this.root.locator('.jp-cauce-Detail');
  }

  /** The part with the tasks, or the one with what is told of the selected task. */
  part(which: 'overview' | 'detail'): Locator {
    return this.root.locator(`.jp-cauce-Part-${which}`);
  }

  /** Show the tasks in another way. */
  async view(name: 'List' | 'Graph' | 'Runs'): Promise<void> {
    await this.root.getByRole('tab', { name }).click();
  }

  async open(): Promise<void> {
    // Before, it may be about to come back by itself: a click on its tab would close it then.
    await this.page.evaluate(async () => {
      await window.jupyterapp.restored;
    });
    await this.page.sidebar.openTab(PANEL_ID);
    await expect(this.root).toBeVisible();
  }

  /** The tasks' names from the top of the list. */
  async tasks(): Promise<string[]> {
    return this.root
      .locator('.jp-cauce-List-row')
      .evaluateAll(rows => rows.map(row => row.getAttribute('data-cauce-task') ?? ''));
  }

  /** These are the tasks, from the top of the list. */
  async expectTasks(names: readonly string[]): Promise<void> {
    await expect.poll(() => this.tasks()).toEqual(names);
  }

  async expectState(task: string, state: string): Promise<void> {
    await expect(this.row(task)).toHaveAttribute('data-state', state, { timeout: 60_000 });
  }

  /** Press the button that builds the whole pipeline. */
  async build(): Promise<void> {
    await this.startFrom(this.root.locator('[data-cauce-action="build"]'));
  }

  /** Press a task's own button. */
  async runTask(task: string): Promise<void> {
    await this.startFrom(this.row(task).getByRole('button'));
  }

  /** Press a button that starts a run. */
  async startFrom(button: Locator): Promise<void> {
    this.before = await this.lastRun();
    await button.click();
  }

  async cancel(): Promise<void> {
    await this.root.locator('[data-cauce-action="cancel"]').click();
  }

  /** Choose one of several pipelines by its name. */
  async choose(pipeline: string): Promise<void> {
    await this.root.getByRole('combobox', { name: 'Pipeline' }).selectOption({ label: pipeline });
  }

  async refresh(): Promise<void> {
    await this.root.getByRole('button', { name: 'Refresh' }).click();
  }

  /** Wait for the run that was started last to end in this state, and for the panel to say so. */
  async expectFinished(state: string, timeout = 90_000): Promise<void> {
    await expect
      .poll(
        async () => {
          const run = await this.lastRun();
          return run === null || run.id === this.before?.id ? 'not started' : run.state;
        },
        { timeout }
      )
      .toBe(state);
    await this.expectIdle();
  }

  /** Nothing is built: another build can be started. The last task is done a little before its build is. */
  async expectIdle(): Promise<void> {
    await expect(this.root.locator('[data-cauce-action="cancel"]')).toHaveCount(0);
  }

  /** What the panel's status line says. */
  async expectMessage(text: RegExp): Promise<void> {
    await expect(this.root.locator('.jp-cauce-Head').getByRole('status')).toContainText(text, {
      timeout: 60_000
    });
  }

  /** Why the task would run. Selects it. */
  async expectReason(task: string, reason: RegExp): Promise<void> {
    await this.select(task);
    await expect(this.told('Why it would run')).toContainText(reason);
  }

  /** What ended the task. Selects it. */
  async error(task: string): Promise<Locator> {
    await this.select(task);
    return this.told(/^Error/);
  }

  async select(task: string): Promise<void> {
    await this.row(task).click();
    const name = this.detail.locator('.jp-cauce-Detail-name');
    await expect(name).toHaveText(task);
    // It opens a little later, for a second click may follow, and takes room from the tasks then.
    await expect(name).toBeVisible();
  }

  /** Open the task's source. */
  async openTask(task: string): Promise<void> {
    await this.row(task).dblclick();
  }

  /** Choose something from the context menu of a task. */
  async chooseFor(task: string, entry: string): Promise<void> {
    await this.row(task).click({ button: 'right' });
    await this.menuEntry(entry).click();
  }

  /** Choose something from the menu of the whole pipeline. */
  async more(entry: string): Promise<void> {
    await this.root.locator('[data-cauce-action="more"]').click();
    await this.menuEntry(entry).click();
  }

  /** The sign of a task that will fail. */
  flaw(task: string): Locator {
    return this.row(task).locator('.jp-cauce-Flaw');
  }

  /** The task in the graph. */
  node(task: string): Locator {
    return this.root.locator(`.jp-cauce-Graph [data-cauce-task="${task}"]`);
  }

  row(task: string): Locator {
    return this.root.locator(`.jp-cauce-List-row[data-cauce-task="${task}"]`);
  }

  private menuEntry(label: string): Locator {
    // A click on one that is disabled does nothing, and says nothing.
    return this.page.locator('.lm-Menu-item:not(.lm-mod-disabled)').filter({ hasText: label });
  }

  private told(title: string | RegExp): Locator {
    return this.detail
      .locator('.jp-cauce-Detail-part')
      .filter({ has: this.page.getByRole('heading', { name: title }) });
  }

  /** As the server tells: what the panel shows may still be the run before. */
  private async lastRun(): Promise<IRun | null> {
    const path = encodeURI(`${this.project.folder}/pipeline.yaml`);
    const reply = await this.page.request.get(`/cauce/api/pipelines/${path}/runs`);
    if (!reply.ok()) {
      throw new Error(`${String(reply.status())}: ${await reply.text()}`);
    }
    const { runs } = (await reply.json()) as { runs: readonly IRun[] };
    return runs[0] ?? null;
  }

  private before: IRun | null = null;
}
