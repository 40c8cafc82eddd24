/**
 * What the user can do with a pipeline, each thing once: buttons, menus, keys and commands all
 * end here. Whoever calls has made sure that the user wants it.
 */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import { FileEditor } from '@jupyterlab/fileeditor';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import type { Product, RunRequest, Snapshot, Task, Where } from './contract';
import { CauceError } from './errors';
import type { IEnded, PipelineModel } from './model';
import type { ITaskNotebook } from './notebook';
import { executedNotebook, fromServerRoot, opensAsNotebook } from './paths';
import { writeStarter, type IFiles } from './starter';
import { clock, errorWords, failedTasks, runWords } from './words';

export namespace Actions {
  export interface IOptions {
    readonly model: PipelineModel;
    readonly documents: Pick<IDocumentManager, 'openOrReveal' | 'contextForWidget'>;
    readonly contents: IFiles;
    readonly trans: TranslationBundle;
    /** The widgets that may show a document. */
    readonly widgets: () => Iterable<Widget>;
    /** Whose task a document is shown as; `null` when it is none. */
    readonly shownAs: (widget: Widget) => ITaskNotebook | null;
    /** The folder that the user looks at. */
    readonly folder: () => string;
    /** Bring the panel to the front. */
    readonly show: () => void;
    /** Should the end of a run be told? */
    readonly notify: () => boolean;
  }
}

export class Actions implements IDisposable {
  constructor(options: Actions.IOptions) {
    this._options = options;
    options.model.ended.connect(this._onEnded, this);
    options.model.changed.connect(this._onChanged, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** From here on the ends of runs are not told. */
  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  /**
   * Build the current pipeline. Open documents that it is made of are saved first, for the build
   * reads what is on the disk.
   */
  async build(request: RunRequest = {}): Promise<void> {
    const { model, trans } = this._options;
    const { path } = model;
    if (path === null) {
      return;
    }
    try {
      const unsaved = await this._saveSources();
      if (unsaved !== null) {
        Notification.warning(
          trans.__('Nothing was built: %1 has changes that were not saved.', unsaved)
        );
        return;
      }
      await model.build(path, request);
    } catch (error) {
      this._tell(error);
    }
  }

  /** Run one task, with what it needs unless `mode` is `only`. */
  runTask(task: string, options: Pick<RunRequest, 'force' | 'mode'> = {}): Promise<void> {
    return this.build({ tasks: [task], ...options });
  }

  /** Compute what running code alone can tell, and build nothing. */
  evaluate(): Promise<void> {
    return this.build({ action: 'evaluate' });
  }

  /** Take a task for up to date as it is. */
  markTask(task: string): Promise<void> {
    return this.build({ action: 'mark', tasks: [task], mode: 'only' });
  }

  /** Create the sources that the pipeline names and that do not exist. */
  async scaffold(): Promise<void> {
    const { model, trans } = this._options;
    const { path } = model;
    if (path === null) {
      return;
    }
    try {
      const { files } = await model.scaffold(path);
      Notification.success(
        files.length === 0
          ? trans.__('All sources are there: nothing was created.')
          : trans.__('Created %1.', files.join(', ')),
        { autoClose: 5000 }
      );
    } catch (error) {
      this._tell(error);
    }
  }

  /** Move what a task (or every task) has made to the trash, after showing what that is. */
  async clean(task: string | null): Promise<void> {
    const { model, trans } = this._options;
    const { path } = model;
    if (path === null) {
      return;
    }
    const tasks = task === null ? [] : [task];
    try {
      const { moved, kept } = await model.clean(path, { tasks, dryRun: true });
      const why = Object.entries(kept).map(([file, reason]) => `${file}: ${reason}`);
      if (moved.length === 0) {
        Notification.info([trans.__('There is nothing to remove.'), ...why].join('\n'), {
          autoClose: 8000
        });
        return;
      }
      const asked = await showDialog({
        title: trans._n('Move %1 file to the trash?', 'Move %1 files to the trash?', moved.length),
        body: new FileList(moved, why.length === 0 ? '' : trans.__('Kept: %1', why.join('; '))),
        buttons: [
          Dialog.cancelButton({ label: trans.__('Cancel') }),
          Dialog.warnButton({ label: trans.__('Move to Trash') })
        ],
        defaultButton: 0
      });
      if (asked.button.accept) {
        await model.clean(path, { tasks, dryRun: false });
      }
    } catch (error) {
      this._tell(error);
    }
  }

  /** Stop the active build. Has it been asked to? If not, the user is told why. */
  async cancel(): Promise<boolean> {
    try {
      return await this._options.model.cancel();
    } catch (error) {
      this._tell(error);
      return false;
    }
  }

  async refresh(): Promise<void> {
    await this._options.model.refresh(true);
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
      this._open(task.notebookPath, 'Notebook');
    }
  }

  /** Open the notebook of the last success; after a failure the partial one. */
  openExecuted(task: Task): void {
    const partial = task.lastAttempt?.error?.notebook ?? null;
    const product = executedNotebook(task);
    if (partial !== null) {
      this._open(partial, 'Notebook');
    } else if (product !== null) {
      this.openProduct(product);
    }
  }

  openProduct(product: Product): void {
    if (product.exists) {
      this._open(product.path);
    } else {
      const { trans } = this._options;
      Notification.info(trans.__('%1 is not there yet: run its task first.', product.path), {
        autoClose: 5000
      });
    }
  }

  openPath(path: string): void {
    this._open(path);
  }

  /** Open a text file at a line. */
  async openWhere(where: Where): Promise<void> {
    // What is wrong in a notebook has no line that one could go to.
    const factory = where.path.endsWith('.ipynb') ? 'Notebook' : 'Editor';
    const widget = this._open(where.path, factory);
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

  /** Write a small pipeline into the user's folder, and show it. */
  async createExample(): Promise<void> {
    const { contents, folder, model, trans } = this._options;
    const where = folder();
    try {
      const inTheWay = await writeStarter(contents, where);
      if (inTheWay.length > 0) {
        void showDialog({
          title: trans.__('Nothing was written'),
          body: trans.__(
            'There is already %1. Choose another folder in the file browser, or move it away.',
            inTheWay.join(', ')
          ),
          buttons: [Dialog.okButton({ label: trans.__('OK') })]
        });
        return;
      }
      await model.refresh(true);
      await model.choose(where === '' ? 'pipeline.yaml' : `${where}/pipeline.yaml`);
    } catch (error) {
      this._tell(error);
    }
  }

  private _open(path: string, factory?: string): IDocumentWidget | null {
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
    const widget = this._open(task.source, 'Notebook');
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

  /** Save what is open of the pipeline. The path of a document that stayed unsaved, or null. */
  private async _saveSources(): Promise<string | null> {
    const { model, documents, widgets } = this._options;
    const sources = sourcePaths(model.snapshot);
    const contexts = new Set<DocumentRegistry.Context>();
    for (const widget of widgets()) {
      const context = documents.contextForWidget(widget);
      if (context?.model.dirty === true && sources.has(context.localPath)) {
        contexts.add(context);
      }
    }
    for (const context of contexts) {
      await context.save().catch(() => undefined); // JupyterLab tells why; we see that it is dirty
      if (context.model.dirty) {
        return context.path;
      }
    }
    return null;
  }

  private _tell(error: unknown): void {
    const { model, trans, show } = this._options;
    if (!(error instanceof CauceError)) {
      Notification.error(error instanceof Error ? error.message : String(error), {
        autoClose: false
      });
      return;
    }
    const { holder } = error;
    if (holder !== null && holder.run === model.snapshot?.run?.id) {
      Notification.info(
        trans.__('This pipeline is being built already. Wait for it to end, or cancel it.'),
        { autoClose: 5000 }
      );
      return;
    }
    if (holder !== null) {
      void showDialog({
        title: trans.__('This project is being built already'),
        body: trans.__(
          '%1 started a build on %2 at %3 (process %4). Wait for it to end, or cancel it there.',
          holder.user,
          holder.host,
          clock(holder.since),
          holder.pid
        ),
        buttons: [Dialog.okButton({ label: trans.__('OK') })]
      });
      return;
    }
    if (error.status === 422) {
      show();
    }
    const text = [errorWords(trans, error), error.hint].filter(part => part !== '').join(' ');
    const told = Notification.error(text, { autoClose: error.status === 422 ? 8000 : false });
    if (error.unreachable) {
      this._lost = { told, confirmed: model.confirmed };
    }
  }

  /** That the server cannot be reached is no longer so once it has answered. */
  private _onChanged(model: PipelineModel): void {
    if (this._lost !== null && model.confirmed !== this._lost.confirmed) {
      Notification.dismiss(this._lost.told);
      this._lost = null;
    }
  }

  private _onEnded(_: unknown, { pipeline, run, tasks }: IEnded): void {
    const { model, notify, show, trans } = this._options;
    if (!notify()) {
      return;
    }
    // What an earlier run came to is no news any more.
    Notification.dismiss(this._told);
    const [failed = null] = failedTasks(run);
    const elsewhere = pipeline === model.path ? '' : ` (${pipeline})`;
    const words = runWords(trans, run, model.actionOf(run.id), tasks) + elsewhere;
    switch (run.state) {
      case 'ok':
        this._told = Notification.success(words, { autoClose: 5000 });
        break;
      case 'cancelled':
        this._told = Notification.info(words, { autoClose: 5000 });
        break;
      default:
        this._told = Notification.error(words, {
          autoClose: false,
          actions: [
            {
              label: trans.__('Show'),
              caption: trans.__('Show the failed task in the panel'),
              callback: (): void => {
                show();
                void model.choose(pipeline).then(() => {
                  model.select(failed);
                });
              }
            }
          ]
        });
    }
  }

  private readonly _options: Actions.IOptions;
  /** The notification of the last run's end. */
  private _told = '';
  /** The notification that the server cannot be reached, and when it was last heard of before. */
  private _lost: { readonly told: string; readonly confirmed: number | null } | null = null;
  private _isDisposed = false;
}

const LISTED = 20;

/** The body of a dialog that names files. */
class FileList extends Widget {
  constructor(files: readonly string[], note: string) {
    super();
    this.addClass('jp-cauce-FileList');
    const list = document.createElement('ul');
    for (const file of files.slice(0, LISTED)) {
      list.append(line('li', file));
    }
    if (files.length > LISTED) {
      list.append(line('li', `… (${String(files.length)})`));
    }
    this.node.append(list);
    if (note !== '') {
      this.node.append(line('p', note));
    }
  }
}

function line(tag: 'li' | 'p', text: string): HTMLElement {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
}

/** The files that a pipeline is made of, seen from the server's root. */
function sourcePaths(snapshot: Snapshot | null): ReadonlySet<string> {
  if (snapshot === null) {
    return new Set();
  }
  const files = [
    ...snapshot.files,
    ...snapshot.tasks.flatMap(task => [
      task.source,
      task.definition?.path ?? task.source,
      task.notebookPath ?? task.source
    ])
  ];
  return new Set(files.flatMap(file => fromServerRoot(snapshot, file) ?? []));
}
