/**
 * Opening what belongs to a task: its source, what it made, what its last run left.
 */
import { Notification } from '@jupyterlab/apputils';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { FileEditor } from '@jupyterlab/fileeditor';

import type { Product, Task, Where } from '../contract';
import { executedNotebook, fromServerRoot, opensAsNotebook } from '../paths';
import type { Actions } from './actions';

export class Opening {
  constructor(options: Actions.IOptions) {
    this._options = options;
  }

  /** Open a task as a double click on it does, which is for the user to say. */
  open(task: Task): void {
    if (this._options.settings().open === 'text') {
      this.openSource(task);
    } else {
      this.openTask(task);
    }
  }

  /** Open what a task runs: as a notebook when it can be one, else in the editor. */
  openTask(task: Task): void {
    if (opensAsNotebook(task)) {
      void this._openNotebook(task);
    } else {
      this.openSource(task);
    }
  }

  /** Open a task's source as text. */
  openSource(task: Task): void {
    // What has no code in the project has its declaration.
    void this.openWhere(task.definition ?? task.where);
  }

  /** Open a task's function as a notebook. */
  openFunction(task: Task): void {
    if (task.notebookPath !== null) {
      this.openFile(task.notebookPath, 'Notebook');
    }
  }

  /** Open the notebook of the last success; after a failure the partial one. */
  openExecuted(task: Task): void {
    const partial = task.lastAttempt?.error?.notebook ?? null;
    const product = executedNotebook(task);
    if (partial !== null) {
      this.openFile(partial, 'Notebook');
    } else if (product !== null) {
      this.openProduct(product);
    }
  }

  openProduct(product: Product): void {
    if (product.exists) {
      this.openFile(product.path);
    } else {
      const { trans } = this._options;
      Notification.info(trans.__('%1 is not there yet: run its task first.', product.path), {
        autoClose: 5000
      });
    }
  }

  /** Open a text file at a line. */
  async openWhere(where: Where): Promise<void> {
    // What is wrong in a notebook has no line that one could go to.
    const factory = where.path.endsWith('.ipynb') ? 'Notebook' : 'Editor';
    const widget = this.openFile(where.path, factory);
    if (widget === null || where.line === null) {
      return;
    }
    await widget.context.ready;
    if (widget.content instanceof FileEditor) {
      const { editor } = widget.content;
      const position = { line: where.line - 1, column: Math.max(0, (where.column ?? 1) - 1) };
      editor.setCursorPosition(position);
      editor.revealPosition(position);
      editor.focus();
    }
  }

  /** Open a file of the project; null, which the user is told, when it lies elsewhere. */
  openFile(path: string, factory?: string): IDocumentWidget | null {
    const { documents, model, trans } = this._options;
    const full = model.snapshot === null ? null : fromServerRoot(model.snapshot, path);
    if (full === null) {
      Notification.warning(
        trans.__(
          '%1 lies outside of the folder that JupyterLab shows, so it cannot be opened here.',
          path
        )
      );
      return null;
    }
    return documents.openOrReveal(full, factory) ?? null;
  }

  /** A source that several tasks share opens with the values of one: say so when it is another. */
  private async _openNotebook(task: Task): Promise<void> {
    const { model, shownAs, trans } = this._options;
    const widget = this.openFile(task.source, 'Notebook');
    await widget?.context.ready;
    const shown = widget === null ? null : shownAs(widget);
    if (shown === null || shown.task === task.name) {
      return;
    }
    const sharing = model.snapshot?.tasks.filter(each => each.source === task.source) ?? [];
    Notification.info(
      trans.__(
        '%1 is shared by %2 tasks: it is shown with the values of %3.',
        task.source,
        sharing.length,
        shown.task
      ),
      { autoClose: 8000 }
    );
  }

  private readonly _options: Actions.IOptions;
}
