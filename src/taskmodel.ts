/**
 * The selected task's details, its log and what its products hold: fetched while somebody looks, and only then.
 */
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IClient } from './client';
import type { Preview, Product, Task, TaskDetail } from './contract';
import { CauceError } from './errors';
import { Folded } from './folded';
import { LogModel } from './log/logmodel';
import type { PipelineModel } from './model';

/** A product that is looked into. */
export interface IPreview {
  readonly state: 'reading' | 'shown' | 'failed';
  /** What it held when it was read last. */
  readonly preview: Preview | null;
  /** Why it could not be asked for. */
  readonly error: CauceError | null;
  /** Was the product written again since, and only running code could read it again? */
  readonly outdated: boolean;
}

interface IOpen extends IPreview {
  readonly modified: number | null;
}

const READING: IPreview = { state: 'reading', preview: null, error: null, outdated: false };

export class TaskModel implements IDisposable {
  constructor(client: IClient, pipelines: PipelineModel) {
    this._client = client;
    this._pipelines = pipelines;
    this.log = new LogModel(client);
    this._detailFetch = new Folded(() => this._fetchDetail());
    pipelines.changed.connect(this._onChanged, this);
  }

  /** The log of the task: of its last run, or the one that was chosen. */
  readonly log: LogModel;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The task that this is about. */
  get task(): Task | null {
    return this._pipelines.selectedTask;
  }

  /** `null` until the server has told. */
  get detail(): TaskDetail | null {
    return this._detail;
  }

  /** Why the detail could not be had the last time. */
  get detailError(): CauceError | null {
    return this._detailError;
  }

  /** Ask for the detail again. */
  retry(): void {
    void this._detailFetch.call();
  }

  /** Show the log of an earlier run; `null` for the last one. */
  showLogOf(run: string | null): void {
    this._chosenRun = run;
    this._onChanged();
    this._changed.emit();
  }

  /** What a product holds, if it is looked into. */
  previewOf(task: string, product: string): IPreview | null {
    return this._previews.get(keyOf(task, product)) ?? null;
  }

  /**
   * Look into a product. Has it to be read by code, that is run: call it for the user's own hand alone.
   */
  async openPreview(task: string, product: Product): Promise<void> {
    await this._read(task, product, true);
  }

  closePreview(task: string, product: string): void {
    this._previews.delete(keyOf(task, product));
    this._changed.emit();
  }

  /** Does anybody look? */
  get active(): boolean {
    return this._active;
  }
  set active(value: boolean) {
    this._active = value;
    this._onChanged();
    this.log.active = value;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this.log.dispose();
      this._pipelines.changed.disconnect(this._onChanged, this);
      Signal.clearData(this);
    }
  }

  private _onChanged(): void {
    const { task } = this;
    const { path } = this._pipelines;
    const about = task === null ? '' : `${path ?? ''}\n${task.name}`;
    if (about !== this._about) {
      this._about = about;
      this._known = '';
      this._detail = null;
      this._detailError = null;
      this._chosenRun = null;
      this._previews.clear();
      this._byCode.clear();
      this._changed.emit();
    }
    if (task?.activity.state === 'running') {
      this._chosenRun = null;
    }
    const run = this._chosenRun ?? task?.activity.run ?? task?.lastAttempt?.run ?? null;
    this.log.show(
      task === null || path === null || run === null
        ? null
        : { pipeline: path, run, task: task.name }
    );
    if (task === null || !this._active) {
      return;
    }
    // Progress alone tells nothing that the detail holds.
    const known = JSON.stringify([task.freshness, task.lastAttempt, task.activity.state]);
    if (known !== this._known) {
      this._known = known;
      void this._detailFetch.call();
    }
    this._lookAgain();
  }

  private async _read(task: string, product: Product, byHand: boolean): Promise<void> {
    const { path } = this._pipelines;
    if (path === null) {
      return;
    }
    const key = keyOf(task, product.path);
    const about = this._about;
    const last = this._previews.get(key) ?? READING;
    const opened: IOpen = { ...READING, preview: last.preview, modified: product.modified };
    const tell = (parts: Partial<IPreview>): void => {
      // It may have been closed meanwhile, or opened again.
      if (about === this._about && this._previews.get(key) === opened) {
        this._previews.set(key, { ...opened, ...parts });
        this._changed.emit();
      }
    };
    this._previews.set(key, opened);
    this._changed.emit();
    try {
      let preview = await this._client.preview(path, task, product.path);
      if (preview.kind === 'code' && this._previews.get(key) === opened) {
        this._byCode.add(key); // be it that it fails
        if (!byHand) {
          tell({ state: last.state, error: last.error, outdated: true });
          return;
        }
        preview = await this._client.previewByCode(path, task, product.path);
      }
      tell({ state: 'shown', preview });
    } catch (error) {
      tell({ state: 'failed', error: error instanceof CauceError ? error : null });
    }
  }

  /** Products that were written since they were looked into are read again, where that runs nothing. */
  private _lookAgain(): void {
    for (const [key, open] of this._previews) {
      const [name = '', path = ''] = key.split('\n');
      const task = this._pipelines.snapshot?.tasks.find(each => each.name === name);
      const product = task?.products.find(each => each.path === path);
      if (product === undefined || product.modified === open.modified || open.state === 'reading') {
        continue;
      }
      if (this._byCode.has(key)) {
        this._previews.set(key, { ...open, outdated: true });
      } else {
        void this._read(name, product, false);
      }
    }
  }

  private async _fetchDetail(): Promise<void> {
    const { task } = this;
    const { path } = this._pipelines;
    const about = this._about;
    if (task === null || path === null) {
      return;
    }
    try {
      const detail = await this._client.task(path, task.name);
      if (about === this._about) {
        this._detail = detail;
        this._detailError = null;
        this._changed.emit();
      }
    } catch (error) {
      if (about === this._about) {
        // What the snapshot says is still shown. Ask again when the model speaks next.
        this._known = '';
        this._detailError = error instanceof CauceError ? error : null;
        this._changed.emit();
      }
    }
  }

  private readonly _client: IClient;
  private readonly _pipelines: PipelineModel;
  private readonly _detailFetch: Folded;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _previews = new Map<string, IOpen>();
  private readonly _byCode = new Set<string>();
  private _about = '';
  private _known = '';
  private _detail: TaskDetail | null = null;
  private _detailError: CauceError | null = null;
  private _chosenRun: string | null = null;
  private _active = false;
  private _isDisposed = false;
}

function keyOf(task: string, product: string): string {
  return `${task}\n${product}`;
}
