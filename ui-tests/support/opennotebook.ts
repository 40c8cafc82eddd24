/**
 * A task's notebook as a user handles it: the line above it, the cell that is filled in, saving.
 */
import { expect, type IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { expectRemembered } from './memory';
import { chooseFromMenu } from './menu';
import type { Project } from './project';

export class OpenNotebook {
  constructor(
    private readonly page: IJupyterLabPageFixture,
    private readonly project: Project,
    readonly file: string
  ) {}

  /**
   * Open a task's file as a notebook, as *Open With* does.
   *
   * `filled`: the values of the task are there. Where the server takes its time, they come into a notebook
   * that is open already, and it may be read again for that.
   */
  async open(filled = true): Promise<void> {
    await this.command('docmanager:open', {
      path: `${this.project.folder}/${this.file}`,
      factory: 'Notebook'
    });
    await expect(this.cells.first()).toBeVisible();
    await expect(this.line).toBeVisible();
    await expect(this.injected).toHaveCount(filled ? 1 : 0);
  }

  /** Open the same file in the editor, beside it. */
  async openEditor(): Promise<Locator> {
    await this.command('docmanager:open', {
      path: `${this.project.folder}/${this.file}`,
      factory: 'Editor',
      options: { mode: 'split-right' }
    });
    const editor = this.page.locator('.jp-FileEditor:visible .cm-content');
    await expect(editor).toBeVisible();
    return editor;
  }

  get root(): Locator {
    return this.page.locator('.jp-NotebookPanel:visible');
  }

  get line(): Locator {
    return this.root.locator('.jp-cauce-Banner');
  }

  get notice(): Locator {
    return this.line.getByRole('status');
  }

  get cells(): Locator {
    return this.root.locator('.jp-Cell');
  }

  get injected(): Locator {
    return this.root.locator('.jp-cauce-InjectedCell');
  }

  cell(text: string): Locator {
    return this.root.locator('.jp-CodeCell').filter({ hasText: text });
  }

  /** A button of the line. */
  button(action: string): Locator {
    return this.line.locator(`[data-cauce-action="${action}"]`);
  }

  /** Write at the end of a cell. */
  async type(text: string, into: string): Promise<void> {
    await this.cell(into).locator('.cm-content').click();
    await expect(this.cell(into).locator('.cm-editor')).toHaveClass(/cm-focused/);
    await this.page.keyboard.press('Control+End');
    await this.page.keyboard.type(text);
  }

  async expectState(state: string): Promise<void> {
    await expect(this.line.locator('.jp-cauce-Banner-subject')).toHaveAttribute(
      'data-state',
      state,
      { timeout: 60_000 }
    );
  }

  async expectDirty(dirty: boolean): Promise<void> {
    const tab = this.page
      .locator('#jp-main-dock-panel .lm-TabBar-tab')
      .filter({ hasText: this.file.slice(this.file.lastIndexOf('/') + 1) });
    const pattern = /jp-mod-dirty/;
    await (dirty
      ? expect(tab.first()).toHaveClass(pattern)
      : expect(tab.first()).not.toHaveClass(pattern));
  }

  async save(): Promise<void> {
    const saved = this.page.waitForResponse(
      response =>
        response.request().method() === 'PUT' &&
        response.url().includes(`/api/contents/${this.project.folder}/${this.file}`)
    );
    await this.page.keyboard.press('Control+s');
    expect((await saved).ok()).toBe(true);
    await this.expectDirty(false);
  }

  /** Somebody comes back to the browser. */
  async comeBack(): Promise<void> {
    await this.page.evaluate(() => {
      window.dispatchEvent(new Event('focus'));
    });
  }

  /**
   * Its kernel has started, and does nothing. The notebook's own indicator says so, too, before there is any
   * kernel.
   */
  async waitForIdle(): Promise<void> {
    await expect(this.page.locator('#jp-main-statusbar')).toContainText('| Idle', {
      timeout: 90_000
    });
  }

  /** Run all cells. Before there is a kernel, JupyterLab would have them run in vain. */
  async runAll(): Promise<void> {
    await this.waitForIdle();
    await chooseFromMenu(this.page, 'Run', 'Run All Cells');
  }

  /** JupyterLab has written down that the notebook is open. */
  async expectRemembered(): Promise<void> {
    const path = `${this.project.folder}/${this.file}`;
    await expectRemembered(this.page, 'layout-restorer:data', `"notebook:${path}"`);
  }

  async command(id: string, args: Record<string, unknown> = {}): Promise<void> {
    await this.page.evaluate(
      async ([command, given]) => {
        const { commands } = (
          window as unknown as {
            jupyterapp: { commands: { execute: (id: string, args: unknown) => Promise<unknown> } };
          }
        ).jupyterapp;
        await commands.execute(command, given);
      },
      [id, args] as const
    );
  }
}
