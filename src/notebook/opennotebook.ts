/**
 * What is known of one open notebook that is a task: whether it still shows what the pipeline
 * gives, and whether its file is still what it was opened with. It follows where that disturbs
 * nobody (see `reload.ts`), else it offers to.
 */
import type { ICellModel, ICodeCellModel } from '@jupyterlab/cells';
import type { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { MessageLoop, type IMessageHandler, type Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IClient } from '../client';
import type { Opened, Snapshot, Task, TaskRef } from '../contract';
import { tasksOf, type ICodeOf } from '../editing/names';
import { CauceError } from '../errors';
import { Folded } from '../folded';
import { injectedCells, isBehind, replaceInjected } from './injected';
import { reloadEditor, reloadNotebook } from './keeping';
import type { IInput, Language } from './loading';
import type { Look, Looks } from './looks';
import { whatToDo, type Step } from './reload';
import { fileOf, isInjected, pipelineOf, type IPipelineNotebook } from './task';

/** A document that is open. */
export interface IDocument {
  readonly context: DocumentRegistry.Context;
  readonly widget: IDocumentWidget;
}

/** What the user may take, and why it was not done at once. */
export interface IOffer {
  /** `file`: read it again, and lose what was not saved; `values`: take the new text into the cell. */
  readonly kind: 'file' | 'values';
  readonly why: 'dirty' | 'busy' | 'shared';
}

/** So often the server is asked at most. */
const PACE_MS = 1_000;
/** A kernel is busy for a moment whenever it is asked anything: nothing to tell of. */
const PATIENCE_MS = 600;

export namespace OpenNotebook {
  export interface IOptions {
    readonly client: Pick<IClient, 'opened' | 'showTask'>;
    readonly looks: Looks;
    readonly contents: Pick<Contents.IManager, 'get' | 'fileChanged'>;
    /** All documents that are open. */
    readonly documents: () => Iterable<IDocument>;
  }
}

export class OpenNotebook implements IDisposable {
  constructor(
    readonly panel: NotebookPanel,
    options: OpenNotebook.IOptions
  ) {
    this._options = options;
    this._check = new Folded(() => this._ask());
    const { context } = panel;
    context.saveState.connect(this._onSaveState, this);
    context.fileChanged.connect(this._onFileRead, this);
    context.model.metadataChanged.connect(this._onMetadata, this);
    context.model.contentChanged.connect(this._onContent, this);
    context.sessionContext.statusChanged.connect(this._settle, this);
    options.contents.fileChanged.connect(this._onContents, this);
    panel.node.addEventListener('focusin', this._onFocus);
    window.addEventListener('focus', this._onFocus);
    document.addEventListener('visibilitychange', this._onFocus);
    MessageLoop.installMessageHook(panel, this._onMessage);
    this._onFileRead();
    this._onMetadata();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whose task it is, by what it shows. */
  get about(): IPipelineNotebook | null {
    return pipelineOf(this.panel.model);
  }

  /** Its pipeline as it stands. */
  get look(): Look | null {
    return this._look;
  }

  /** Its task, as far as that is known. */
  get task(): Task | null {
    const { about } = this;
    return this._look?.snapshot?.tasks.find(({ name }) => name === about?.task) ?? null;
  }

  /** What it would show if it were opened now; null when that is not known. */
  get opened(): Opened | null {
    return this._opened;
  }

  /** Did the server say that the file is no task's source any more? */
  get orphaned(): boolean {
    return this._orphaned;
  }

  /** What its code can load of upstream. */
  get inputs(): readonly IInput[] {
    const tasks = new Map(this._look?.snapshot?.tasks.map(task => [task.name, task]));
    return (this._opened?.inputs ?? []).map(({ keys, value }) => {
      // Below a name with '*' stand the tasks that it means.
      const products = (tasks.get(keys[0] ?? '') ?? tasks.get(keys[1] ?? ''))?.products ?? [];
      const last = keys[keys.length - 1];
      const product =
        products.find(({ key }) => key === last) ?? products.find(({ key }) => key === '');
      return { keys, value, kind: product?.kind ?? 'file' };
    });
  }

  /** What its code may name as upstream; null when that is not known. */
  get code(): ICodeOf | null {
    const task = this.about?.task ?? null;
    const snapshot = this._look?.snapshot ?? null;
    if (task === null || snapshot === null) {
      return null;
    }
    if (this._code?.snapshot !== snapshot || this._code.code.task !== task) {
      const inputs = (this._opened?.inputs ?? []).map(({ keys }) => keys);
      this._code = { snapshot, code: { task, tasks: tasksOf(snapshot), inputs } };
    }
    return this._code.code;
  }

  /** The language of its code; null for one that nothing is known of. */
  get language(): Language | null {
    const language = this._opened?.language;
    return language === 'python' || language === 'r' ? language : null;
  }

  /** What there is to choose; null when it shows what is, or the user keeps what it shows. */
  get offer(): IOffer | null {
    if (!this._offering || this._kept === this._news || this._step !== 'offer') {
      return null;
    }
    return {
      kind: this._rereads ? 'file' : 'values',
      why: this._collaborative ? 'shared' : this.edited ? 'dirty' : 'busy'
    };
  }

  /** Has the cell with the values changed since it was run? */
  get toRunAgain(): boolean {
    return this._ran && injectedCells(this.panel.context.model).some(isNotRun);
  }

  /** Other views of the file. */
  get twins(): readonly IDocument[] {
    const { context } = this.panel;
    // Several functions of a module may be open: each is saved by itself.
    const file = fileOf(context.localPath);
    return [...this._options.documents()].filter(
      other => other.context !== context && other.context.localPath === file
    );
  }

  /** Does the kernel work, or do cells wait for it? */
  get busy(): boolean {
    const { model, sessionContext } = this.panel.context;
    return (
      sessionContext.session?.kernel?.status === 'busy' ||
      [...model.cells].some(cell => isCode(cell) && cell.executionState === 'running')
    );
  }

  /** Ask the server whether the notebook shows what is, as soon as somebody sees it. */
  check(): void {
    if (!this._isSeen || this._timer !== undefined || this._isDisposed) {
      return; // it is asked when it is seen
    }
    const wait = Math.max(0, this._next - Date.now());
    this._timer = setTimeout(() => {
      this._timer = undefined;
      this._next = Date.now() + PACE_MS;
      void this._check.call();
    }, wait);
  }

  /** Show the values of another task that shares the source. Rejects with `CauceError`. */
  async show({ pipeline, task }: TaskRef): Promise<void> {
    const path = this.panel.context.localPath;
    this._opened = await this._options.client.showTask({ path, pipeline, task });
    await this.takeValues();
  }

  /** The user has asked for the values of a task elsewhere: show them. */
  async adopt(): Promise<void> {
    await this._check.call();
    if (this._cellChanged) {
      await this.takeValues();
    }
  }

  /** Fill in what is: in place where that is possible. What was not saved stays. */
  async takeValues(): Promise<void> {
    const { model } = this.panel.context;
    if (this._opened === null || this._isDisposed) {
      return;
    }
    const done = replaceInjected(model, this._opened);
    if (done !== 'impossible') {
      this._ran ||= done === 'replaced after running';
    } else if (!model.dirty && !this._collaborative) {
      await this.reload();
    }
    this._changed.emit();
  }

  /** Read the file again. What was not saved is lost: whoever calls has asked. */
  async reload(): Promise<void> {
    this._tried = this._news;
    this._reloading = true;
    try {
      await reloadNotebook(this.panel);
    } catch {
      // JupyterLab has told why.
    } finally {
      this._reloading = false;
    }
    this._saved = this._written();
    this._next = 0;
    this.check();
  }

  /** Keep what is shown until there is other news. */
  keep(): void {
    this._kept = this._news;
    this._changed.emit();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    const { context } = this.panel;
    context.saveState.disconnect(this._onSaveState, this);
    context.fileChanged.disconnect(this._onFileRead, this);
    context.model.metadataChanged.disconnect(this._onMetadata, this);
    context.model.contentChanged.disconnect(this._onContent, this);
    context.sessionContext.statusChanged.disconnect(this._settle, this);
    this._options.contents.fileChanged.disconnect(this._onContents, this);
    this.panel.node.removeEventListener('focusin', this._onFocus);
    window.removeEventListener('focus', this._onFocus);
    document.removeEventListener('visibilitychange', this._onFocus);
    MessageLoop.removeMessageHook(this.panel, this._onMessage);
    clearTimeout(this._timer);
    clearTimeout(this._patience);
    this._look?.dispose();
    Signal.clearData(this);
  }

  private get _collaborative(): boolean {
    return this.panel.context.model.collaborative === true;
  }

  private get _isSeen(): boolean {
    return this.panel.isVisible && !document.hidden;
  }

  private get _cellChanged(): boolean {
    return this._opened !== null && isBehind(this.panel.context.model, this._opened);
  }

  /** Can what changed only be had by reading the file again? */
  private get _rereads(): boolean {
    return !this._collaborative && this._diskHash !== null;
  }

  private get _step(): Step {
    const sourceChanged = this._diskHash !== null;
    const cellChanged = this._cellChanged;
    if (!sourceChanged && !cellChanged) {
      return 'nothing';
    }
    return whatToDo({
      dirty: this.edited,
      busy: this.busy,
      collaborative: this._collaborative,
      sourceChanged,
      cellChanged
    });
  }

  /**
   * Is there anything that saving would write? Cells that ran have made the document dirty, too,
   * but a script has no place for outputs, and they are kept when it is read again.
   */
  get edited(): boolean {
    const { model } = this.panel.context;
    return model.dirty && (this._saved === null || this._saved !== this._written());
  }

  /** What would be written into the file; null where that holds outputs. */
  private _written(): string | null {
    const { model, localPath } = this.panel.context;
    return writesOutputs(model, localPath) ? null : writtenOf(model);
  }

  /** What is new, in a word that is another for other news. */
  private get _news(): string {
    const { pipeline, task, cells } = this._opened ?? {};
    return JSON.stringify([this._diskHash, pipeline, task, cells?.map(({ source }) => source)]);
  }

  private async _ask(): Promise<void> {
    const { contents, client } = this._options;
    const { context } = this.panel;
    if (this._isDisposed || this.about === null || this._saving > 0 || this._reloading) {
      return;
    }
    const saves = this._saves;
    const path = context.localPath;
    const [opened, file] = await Promise.allSettled([
      client.opened(path),
      contents.get(context.path, { content: false, hash: true })
    ]);
    // What was asked before the file was saved or read again tells nothing of it.
    if (this.isDisposed || saves !== this._saves || path !== context.localPath) {
      return;
    }
    if (opened.status === 'fulfilled') {
      this._opened = opened.value;
      this._code = null;
      this._orphaned = false;
    } else {
      const error: unknown = opened.reason;
      this._orphaned = error instanceof CauceError && error.status === 404 && !error.serverMissing;
      this._opened = this._orphaned ? null : this._opened;
    }
    this._diskHash =
      file.status === 'fulfilled' ? newHash(context.contentsModel, file.value) : null;
    this._settle();
    this._changed.emit();
  }

  /** Follow if nobody is disturbed; else offer it. */
  private _settle(): void {
    clearTimeout(this._patience);
    this._patience = undefined;
    if (this._isDisposed || this._saving > 0 || this._reloading) {
      return;
    }
    const step = this._step;
    if (step === 'offer') {
      this._patience = setTimeout(() => {
        this._offering = true;
        this._changed.emit();
      }, PATIENCE_MS);
      return;
    }
    if (this._offering) {
      this._offering = false;
      this._changed.emit();
    }
    if (step === 'replace cell' && this._tried !== this._news) {
      this._tried = this._news;
      void this.takeValues();
    } else if (step === 'reload' && this._tried !== this._news) {
      void this.reload();
    }
  }

  private _onSaveState(_: unknown, state: DocumentRegistry.SaveState): void {
    this._saves += 1;
    if (state === 'started') {
      this._saving += 1;
      this._sending = this._written();
      return;
    }
    this._saving = Math.max(0, this._saving - 1);
    if (state.startsWith('completed')) {
      this._saved = this._sending;
      this._diskHash = null;
      void this._refreshEditors();
    }
    this._next = 0;
    this.check();
  }

  /** Editors that show the file as it was read it again, unless they hold changes. */
  private async _refreshEditors(): Promise<void> {
    for (const { context, widget } of this.twins) {
      if (context.model.dirty || context.model.collaborative === true) {
        continue; // JupyterLab asks when that is saved
      }
      const file = await this._options.contents
        .get(context.path, { content: false, hash: true })
        .catch(() => null);
      const changed = file !== null && newHash(context.contentsModel, file) !== null;
      if (changed && !isDirty(context)) {
        await reloadEditor(context, widget).catch(() => undefined);
      }
    }
  }

  /** The file was read, or saved: it is what the document came from. */
  private _onFileRead(): void {
    this._saves += 1;
    this._diskHash = null;
    if (!this.panel.context.model.dirty) {
      this._saved = this._written();
    }
    this._settle();
    this._changed.emit();
  }

  private _onMetadata(): void {
    const pipeline = this.about?.pipeline ?? null;
    if (pipeline !== (this._look?.pipeline ?? null)) {
      this._look?.dispose();
      this._look = pipeline === null ? null : this._options.looks.at(pipeline);
      this._look?.changed.connect(this._onLook, this);
      this._onVisible();
    }
    this._changed.emit();
  }

  private _onContent(): void {
    if (this._offering || this._ran) {
      this._changed.emit();
    }
  }

  private _onLook(): void {
    const revision = this._look?.snapshot?.revision ?? 0;
    if (revision !== this._revision) {
      this._revision = revision;
      this.check();
    }
    this._changed.emit();
  }

  /** Somebody in this browser has saved, renamed or removed a file. */
  private _onContents(_: unknown, { newValue }: Contents.IChangedArgs): void {
    const { context } = this.panel;
    if (newValue?.path !== undefined && fileOf(newValue.path) === fileOf(context.localPath)) {
      this.check();
    }
  }

  private readonly _onFocus = (): void => {
    this._onVisible();
  };

  private readonly _onMessage = (_: IMessageHandler, message: Message): boolean => {
    if (['after-show', 'after-hide', 'after-attach', 'after-detach'].includes(message.type)) {
      this._onVisible();
    }
    return true;
  };

  private _onVisible(): void {
    if (this._look !== null) {
      this._look.active = this._isSeen;
    }
    this.check();
  }

  private readonly _options: OpenNotebook.IOptions;
  private readonly _check: Folded;
  private readonly _changed = new Signal<this, void>(this);
  private _look: Look | null = null;
  private _opened: Opened | null = null;
  private _code: { readonly snapshot: Snapshot; readonly code: ICodeOf } | null = null;
  private _orphaned = false;
  /** Of the file on the disk, when it is another than the document came from. */
  private _diskHash: string | null = null;
  /** What was written into the file, or read from it. */
  private _saved: string | null = null;
  private _sending: string | null = null;
  private _offering = false;
  private _ran = false;
  private _saving = 0;
  private _saves = 0;
  private _reloading = false;
  private _revision = 0;
  private _kept: string | null = null;
  /** What was tried by itself: once is enough. */
  private _tried: string | null = null;
  private _next = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined = undefined;
  private _patience: ReturnType<typeof setTimeout> | undefined = undefined;
  private _isDisposed = false;
}

type About = Pick<Contents.IModel, 'hash' | 'last_modified'>;

/** The hash (else the time) of a file on the disk, when that is another than the known one. */
function newHash(known: About | null, file: About): string | null {
  if (known === null) {
    return null;
  }
  const hashed = known.hash != null && file.hash != null;
  const [before, now] = hashed
    ? [known.hash ?? '', file.hash ?? '']
    : [known.last_modified, file.last_modified];
  return before === now ? null : now;
}

/** Does the file, or the other half of its pair, hold outputs? */
function writesOutputs(model: INotebookModel, path: string): boolean {
  const paired = JSON.stringify(model.getMetadata('jupytext') ?? null).includes('ipynb,');
  return paired || (path.endsWith('.ipynb') && fileOf(path) === path);
}

/** The cells without what is ours, and without what only memory holds. */
function writtenOf(model: INotebookModel): string {
  return JSON.stringify(
    [...model.cells]
      .filter(cell => !isInjected(cell))
      .map(({ type, metadata, sharedModel }) => [
        type,
        sharedModel.source,
        { ...metadata, trusted: undefined, execution: undefined, ExecuteTime: undefined }
      ])
  );
}

/** As of now: it may have become so since it was last asked. */
function isDirty({ model }: DocumentRegistry.Context): boolean {
  return model.dirty;
}

function isCode(cell: ICellModel): cell is ICodeCellModel {
  return cell.type === 'code';
}

function isNotRun(cell: ICellModel): boolean {
  return isCode(cell) && cell.executionCount === null;
}
