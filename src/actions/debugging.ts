/**
 * After a failure: to the cell that failed, and there with all in memory that was before it.
 */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';

import type { CellError, Task } from '../contract';
import { pipelineOf, taskOf, type ITaskNotebook } from '../notebook/task';
import { fromServerRoot, opensAsNotebook } from '../paths';
import type { Actions } from './actions';
import { cellText, failingCell, lineOf, type ICell, type IFailing } from './failing';
import type { Opening } from './opening';
import type { Telling } from './telling';

/** So long values are waited for that are filled in after a notebook has opened. */
const VALUES_MS = 10_000;

export class Debugging {
  constructor(options: Actions.IOptions, opening: Opening, telling: Telling) {
    this._options = options;
    this._opening = opening;
    this._telling = telling;
  }

  /** Why a task cannot be debugged; '' when it can. */
  whyNot(task: Task): string {
    const { trans } = this._options;
    if (task.lastAttempt?.error == null) {
      return trans.__('It has not failed.');
    }
    if (bookOf(task) === null) {
      return trans.__('Its code opens as text, not as a notebook: there is no kernel to stop in.');
    }
    return '';
  }

  /** Open the source of a task at the cell, or the line, that failed. */
  async openFailing(task: Task): Promise<void> {
    const error = task.lastAttempt?.error ?? null;
    if (error === null) {
      this._opening.openTask(task);
      return;
    }
    if (!opensAsNotebook(task)) {
      await this._opening.openWhere(error.where ?? task.definition ?? task.where);
      return;
    }
    const panel = await this._code(task, task.source);
    if (panel === null) {
      return;
    }
    const found = await this._find(panel, error);
    if (found === null) {
      this._tellGone(task);
      return;
    }
    await goTo(panel, found);
    if (!found.same) {
      const { trans } = this._options;
      Notification.info(
        trans.__('The code of %1 was changed since: the cell may be another one.', task.name),
        { autoClose: 8000 }
      );
    }
  }

  /** Open the notebook as far as it was run, at the cell that failed. */
  async openPartial(task: Task): Promise<void> {
    const error = task.lastAttempt?.error ?? null;
    const panel = error?.notebook == null ? null : await this._notebook(error.notebook);
    if (panel !== null && error?.cell != null && error.cell < panel.content.widgets.length) {
      await goTo(panel, { index: error.cell, line: error.line === null ? null : error.line - 1 });
    }
  }

  /**
   * Open the source of a task as a notebook, run all that stands before the cell that failed, and
   * stop there. This runs code: whoever calls has made sure that the user wants it.
   */
  async debug(task: Task): Promise<void> {
    try {
      await this._debug(task);
    } catch (error) {
      this._telling.error(error); // of the kernel, most likely
    }
  }

  private async _debug(task: Task): Promise<void> {
    const { trans } = this._options;
    const why = this.whyNot(task);
    const book = bookOf(task);
    const error = task.lastAttempt?.error ?? null;
    if (why !== '' || book === null || error === null) {
      Notification.info(why, { autoClose: 5000 });
      return;
    }
    const pipeline = this._options.model.path;
    const had = this._hasKernel(book);
    const panel = await this._code(task, book);
    if (panel === null) {
      return;
    }
    if (pipeline !== null && !(await comesToShow(panel, { pipeline, task: task.name }))) {
      Notification.warning(
        trans.__(
          '%1 does not show the values of %2 yet. Press Debug again when it does.',
          book,
          task.name
        ),
        { autoClose: 12_000 }
      );
      return;
    }
    const found = await this._find(panel, error);
    if (found === null) {
      this._tellGone(task);
      return;
    }
    const { sessionContext } = panel;
    await sessionContext.ready;
    const kernel = sessionContext.session?.kernel ?? null;
    if (kernel === null) {
      Notification.warning(
        trans.__('%1 has no kernel: choose one, and press Debug again.', task.source)
      );
      return;
    }
    if (had && (await holdsSomething(kernel))) {
      const answer = await showDialog({
        title: trans.__('Restart the kernel of this notebook?'),
        body: trans.__(
          'Debugging begins with a fresh kernel, as running the task does. What the kernel of %1 holds in memory is lost.',
          book
        ),
        buttons: [
          Dialog.cancelButton({ label: trans.__('Cancel') }),
          Dialog.warnButton({ label: trans.__('Restart') })
        ],
        defaultButton: 1
      });
      if (!answer.button.accept || panel.isDisposed) {
        return;
      }
      await kernel.restart();
    }
    await goTo(panel, found);
    const telling = Notification.emit(
      trans.__('Running what stands before the cell that failed…'),
      'in-progress',
      { autoClose: false }
    );
    const stopped = await this._runBefore(panel, found.index).finally(() => {
      Notification.dismiss(telling);
    });
    if (panel.isDisposed) {
      return;
    }
    if (stopped !== null) {
      await goTo(panel, { index: stopped, line: null });
      Notification.warning(
        trans.__(
          'A cell before the one that failed fails here already. It is selected: mend it, run it, and go on from there.'
        ),
        { autoClose: false }
      );
      return;
    }
    await goTo(panel, found);
    Notification.success(
      !isPython(panel)
        ? trans.__('All before the selected cell has run: mend it, and run it.')
        : trans.__(
            'All before the selected cell has run. Mend it and run it. Where it fails again, %debug in a new cell stops there.'
          ),
      { autoClose: 12_000 }
    );
  }

  /** Run the code above a cell. The index of the cell that fails, or null. */
  private async _runBefore(panel: NotebookPanel, index: number): Promise<number | null> {
    const { NotebookActions } = await import('@jupyterlab/notebook');
    const { content, sessionContext } = panel;
    const above = content.widgets.slice(0, index);
    if (above.length === 0) {
      return null;
    }
    const went = await NotebookActions.runCells(content, above, sessionContext);
    if (went || panel.isDisposed) {
      return null;
    }
    const failed = above.findIndex(hasFailed);
    return failed < 0 ? 0 : failed;
  }

  /** What a task's code opens as, with the values of that task though others share its source. */
  private async _code(task: Task, book: string): Promise<NotebookPanel | null> {
    return opensAsNotebook(task)
      ? this._ready(await this._opening.openNotebook(task))
      : this._notebook(book);
  }

  private async _notebook(path: string): Promise<NotebookPanel | null> {
    return this._ready(this._opening.openFile(path, 'Notebook'));
  }

  private async _ready(widget: IDocumentWidget | null): Promise<NotebookPanel | null> {
    await widget?.context.ready;
    const { NotebookPanel } = await import('@jupyterlab/notebook');
    return widget instanceof NotebookPanel ? widget : null;
  }

  private async _find(panel: NotebookPanel, error: CellError): Promise<IPlace | null> {
    const text = await this._executedCell(error);
    const line = await this._sourceLine(error);
    const cells = panel.content.widgets.map(toCell);
    const found = failingCell(cells, { cell: error.cell, text, line });
    if (found === null) {
      return null;
    }
    const cell = cells[found.index];
    const within = cell === undefined ? null : lineOf(cell, line);
    return {
      ...found,
      line: within ?? (found.same && error.line !== null ? error.line - 1 : null)
    };
  }

  /** The text of the cell as it was run. */
  private async _executedCell(error: CellError): Promise<string | null> {
    const path = error.notebook === null ? null : this._full(error.notebook);
    if (path === null) {
      return null;
    }
    const found = await this._read(path, { type: 'notebook', format: 'json' });
    return cellText(found, error.cell);
  }

  /** The line of the source that failed. */
  private async _sourceLine({ where }: CellError): Promise<string | null> {
    const path = where === null ? null : this._full(where.path);
    if (path === null || where?.line == null || path.endsWith('.ipynb')) {
      return null;
    }
    const text = await this._read(path, { type: 'file', format: 'text' });
    return typeof text === 'string' ? (text.split('\n')[where.line - 1] ?? null) : null;
  }

  /** What a file holds; null where it cannot be read. */
  private async _read(
    path: string,
    as: { readonly type: 'notebook' | 'file'; readonly format: 'json' | 'text' }
  ): Promise<unknown> {
    try {
      const found = await this._options.contents.get(path, { content: true, ...as });
      return typeof found === 'object' && found !== null && 'content' in found
        ? found.content
        : null;
    } catch {
      return null; // it is but one of the clues
    }
  }

  private _hasKernel(path: string): boolean {
    const full = this._full(path);
    return full !== null && this._options.hasKernel(full);
  }

  private _full(path: string): string | null {
    const { snapshot } = this._options.model;
    return snapshot === null ? null : fromServerRoot(snapshot, path);
  }

  private _tellGone(task: Task): void {
    const { trans } = this._options;
    Notification.info(
      trans.__(
        'The cell that failed is no more to be found in %1: run the task again.',
        task.source
      ),
      { autoClose: 8000 }
    );
  }

  private readonly _options: Actions.IOptions;
  private readonly _opening: Opening;
  private readonly _telling: Telling;
}

interface IPlace extends IFailing {
  /** The line within the cell, from 0; null where it is not known. */
  readonly line: number | null;
}

/** The notebook that a task's code opens as; null where it opens as text alone. */
function bookOf(task: Task): string | null {
  return opensAsNotebook(task) ? task.source : task.notebookPath;
}

/**
 * Does the notebook show the values of this task, or come to? They are filled in again a moment after
 * another task that shares the source was chosen, and not at all when the server was too slow at first.
 */
async function comesToShow(
  panel: NotebookPanel,
  { pipeline, task }: ITaskNotebook
): Promise<boolean> {
  const { context } = panel;
  const shows = (): boolean => {
    const about = taskOf(context.model);
    return about?.pipeline === pipeline && about.task === task;
  };
  if (pipelineOf(context.model) === null && !context.model.dirty) {
    await context.revert();
  }
  if (shows() || panel.isDisposed) {
    return !panel.isDisposed;
  }
  const { metadataChanged } = context.model;
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(timer);
      metadataChanged.disconnect(look);
      panel.disposed.disconnect(end);
      resolve(!panel.isDisposed && shows());
    };
    const look = (): void => {
      if (shows()) {
        end();
      }
    };
    const timer = setTimeout(end, VALUES_MS);
    metadataChanged.connect(look);
    panel.disposed.connect(end);
  });
}

function toCell(cell: Cell): ICell {
  return { code: cell.model.type === 'code', text: cell.model.sharedModel.getSource() };
}

function hasFailed(cell: Cell): boolean {
  const { outputs } = cell.model.toJSON();
  return (
    Array.isArray(outputs) &&
    outputs.some(
      output =>
        typeof output === 'object' &&
        output !== null &&
        'output_type' in output &&
        output.output_type === 'error'
    )
  );
}

/** Has anything been run in a kernel? What runs in one now is something. */
async function holdsSomething(kernel: Kernel.IKernelConnection): Promise<boolean> {
  if (kernel.status === 'busy') {
    return true;
  }
  const nothing = { code: '', silent: true, store_history: false };
  const { content } = await kernel.requestExecute(nothing).done;
  // What is silent is not counted itself.
  return content.status !== 'ok' || (content.execution_count ?? 0) > 0;
}

function isPython(panel: NotebookPanel): boolean {
  const said: unknown = panel.model?.getMetadata('language_info');
  return typeof said === 'object' && said !== null && 'name' in said && said.name === 'python';
}

/** Select a cell, bring it into sight, and put the cursor on its line. */
async function goTo(
  panel: NotebookPanel,
  { index, line }: Pick<IPlace, 'index' | 'line'>
): Promise<void> {
  const { content } = panel;
  content.deselectAll();
  content.activeCellIndex = index;
  await content.scrollToItem(index, 'smart');
  const cell = content.widgets[index];
  await cell?.ready;
  if (cell === undefined || panel.isDisposed) {
    return;
  }
  const { editor } = cell;
  if (editor !== null && line !== null) {
    editor.setCursorPosition({ line: Math.min(line, editor.lineCount - 1), column: 0 });
    content.mode = 'edit';
    editor.focus();
    editor.revealPosition({ line: Math.min(line, editor.lineCount - 1), column: 0 });
  } else {
    content.activate();
  }
}
