/**
 * Opening what belongs to a task: its source, what it made, what its last run left.
 */
import { Clipboard, Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { FileEditor } from '@jupyterlab/fileeditor';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Product, Task, Where } from '../contract';
import { executedNotebook, fromServerRoot, isBinary, onServer, opensAsNotebook } from '../paths';
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

  /** A document was opened (or is shown again) with the values of a task: its path. */
  get shown(): ISignal<this, string> {
    return this._shown;
  }

  /** Open what a task runs: as a notebook when it can be one, else in the editor. */
  openTask(task: Task): void {
    if (opensAsNotebook(task)) {
      void this.openNotebook(task);
    } else {
      this.openSource(task);
    }
  }

  /** Open a task's source with that task's values, though others share it; null when it is not opened. */
  async openNotebook(task: Task): Promise<IDocumentWidget | null> {
    const { client, model, shownAs, trans } = this._options;
    const { path: pipeline, snapshot } = model;
    const path = snapshot === null ? null : fromServerRoot(snapshot, task.source);
    if (pipeline === null || path === null) {
      return this.openFile(task.source, 'Notebook');
    }
    if (!(await this._saveEditor(path))) {
      return null;
    }
    const chosen = await client.showTask({ path, pipeline, task: task.name }).then(
      () => true,
      () => false // not allowed, or the pipeline is not what was last seen
    );
    const widget = this.openFile(task.source, 'Notebook');
    this._shown.emit(path);
    await widget?.context.ready;
    const shown = widget === null ? null : shownAs(widget);
    if (chosen || shown === null || shown.task === task.name) {
      return widget;
    }
    const sharing = snapshot?.tasks.filter(each => each.source === task.source) ?? [];
    Notification.info(
      trans.__(
        '%1 is shared by %2 tasks: it is shown with the values of %3.',
        task.source,
        sharing.length,
        shown.task
      ),
      { autoClose: 8000 }
    );
    return widget;
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

  /** Open what a task made with JupyterLab's own viewers; say what to do where it has none. */
  openProduct(product: Product): void {
    const { contents, knowsType, model, showFolder, trans } = this._options;
    const { path } = product;
    if (!product.exists) {
      Notification.info(trans.__('%1 is not there yet: run its task first.', path), {
        autoClose: 5000
      });
      return;
    }
    const full = model.snapshot === null ? null : fromServerRoot(model.snapshot, path);
    if (full === null || knowsType(full)) {
      this.openFile(path);
      return;
    }
    if (isBinary(path)) {
      void this._tellHowToLoad(path);
      return;
    }
    void contents.get(full, { content: false }).then(
      about => {
        if (isFolder(about)) {
          showFolder(full);
        } else {
          this.openFile(path);
        }
      },
      () => this.openFile(path) // then JupyterLab says what is wrong
    );
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

  /** What JupyterLab cannot show, a notebook can load. */
  private async _tellHowToLoad(path: string): Promise<void> {
    const { trans } = this._options;
    const { fileCode } = await import('../notebook/loading');
    const code = fileCode(path);
    Notification.info(
      trans.__('JupyterLab has no viewer for %1. Load it in a notebook:\n%2', path, code),
      {
        autoClose: false,
        actions: [
          {
            label: trans.__('Copy Code'),
            caption: trans.__('Copy the code that loads the file'),
            callback: () => {
              Clipboard.copyToSystem(code);
            }
          }
        ]
      }
    );
  }

  /**
   * A notebook shows what is on the disk: what an editor holds beyond that is saved first, if the
   * user wants. Should it be opened?
   */
  private async _saveEditor(path: string): Promise<boolean> {
    const { documents, shownAs, trans, widgets } = this._options;
    for (const widget of widgets()) {
      const context = documents.contextForWidget(widget);
      if (
        context === undefined ||
        onServer(context) !== path ||
        !context.model.dirty ||
        shownAs(widget) !== null
      ) {
        continue;
      }
      const asked = await showDialog({
        title: trans.__('Save changes before opening the notebook?'),
        body: trans.__(
          '%1 is open in the editor, with changes that are not saved. The notebook shows what is saved.',
          path
        ),
        buttons: [
          Dialog.cancelButton({ label: trans.__('Cancel') }),
          Dialog.okButton({ label: trans.__('Open Without'), actions: ['without'] }),
          Dialog.okButton({ label: trans.__('Save and Open'), actions: ['save'] })
        ]
      });
      if (!asked.button.accept) {
        return false;
      }
      if (asked.button.actions.includes('save')) {
        await context.save().catch(() => undefined); // JupyterLab tells why
        return !context.model.dirty;
      }
    }
    return true;
  }

  private readonly _shown = new Signal<this, string>(this);
  private readonly _options: Actions.IOptions;
}

function isFolder(about: unknown): boolean {
  return (
    typeof about === 'object' && about !== null && 'type' in about && about.type === 'directory'
  );
}
