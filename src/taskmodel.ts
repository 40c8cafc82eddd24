/**
 * The selected task's details and log: fetched while somebody looks, and only then.
 */
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IClient } from './client';
import type { Task, TaskDetail } from './contract';
import { Folded } from './folded';
import type { PipelineModel } from './model';

/** How much of a log is kept, in UTF-16 units: the end of it. */
const LOG_LIMIT = 200_000;

const LOG_INTERVAL_MS = 1_000;

export interface ILog {
  readonly run: string;
  readonly text: string;
  readonly complete: boolean;
  /** Was the beginning dropped? */
  readonly cut: boolean;
}

export class TaskModel implements IDisposable {
  constructor(client: IClient, pipelines: PipelineModel) {
    this._client = client;
    this._pipelines = pipelines;
    this._detailFetch = new Folded(() => this._fetchDetail());
    this._logFetch = new Folded(() => this._fetchLog());
    this._tail = new Poll({
      name: 'jupyterlab-cauce:log',
      factory: () => this._logFetch.call(),
      frequency: { interval: LOG_INTERVAL_MS, backoff: true, max: 30_000 },
      standby: () => (this._wantsLog() ? 'when-hidden' : true)
    });
    pipelines.changed.connect(this._onChanged, this);
  }

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

  /** The log, once it was asked for or the task runs. */
  get log(): ILog | null {
    return this._log;
  }

  /** Whether the user wants to see the log of a task that does not run. */
  get showLog(): boolean {
    return this._showLog;
  }
  set showLog(value: boolean) {
    this._showLog = value;
    this._onChanged();
    this._changed.emit();
  }

  /** Does anybody look? */
  get active(): boolean {
    return this._active;
  }
  set active(value: boolean) {
    this._active = value;
    this._onChanged();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._tail.dispose();
      this._pipelines.changed.disconnect(this._onChanged, this);
      Signal.clearData(this);
    }
  }

  private _onChanged(): void {
    const { task } = this;
    const about = task === null ? '' : `${this._pipelines.path ?? ''}\n${task.name}`;
    if (about !== this._about) {
      this._about = about;
      this._known = '';
      this._detail = null;
      this._log = null;
      this._showLog = false;
      this._changed.emit();
    }
    if (task === null || !this._active) {
      return;
    }
    // Progress alone tells nothing that the detail holds.
    const known = JSON.stringify([task.freshness, task.lastAttempt, task.activity.state]);
    if (known !== this._known) {
      this._known = known;
      void this._detailFetch.call();
    }
    if (this._wantsLog()) {
      void this._tail.refresh();
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
        this._changed.emit();
      }
    } catch {
      // What the snapshot says is still shown, and the model tells of a lost connection. Ask again
      // when it speaks next.
      this._known = '';
    }
  }

  private get _run(): string | null {
    const { task } = this;
    return task?.activity.run ?? task?.lastAttempt?.run ?? null;
  }

  private _wantsLog(): boolean {
    const { task } = this;
    if (!this._active || task === null || this._run === null) {
      return false;
    }
    if (task.activity.state !== 'running' && !this._showLog && this._log === null) {
      return false;
    }
    return this._log?.run !== this._run || !this._log.complete;
  }

  private async _fetchLog(): Promise<void> {
    const run = this._run;
    const { task } = this;
    const { path } = this._pipelines;
    const about = this._about;
    if (!this._wantsLog() || run === null || task === null || path === null) {
      return;
    }
    if (this._log?.run !== run) {
      this._log = { run, text: '', complete: false, cut: false };
      // Of a long log its end alone: the rest would be read only to be forgotten.
      this._offset = -LOG_LIMIT;
    }
    for (;;) {
      const chunk = await this._client.log(path, run, task.name, this._offset);
      if (about !== this._about || this._log.run !== run) {
        return;
      }
      const { text: before, cut }: ILog = this._log;
      const text: string = before + chunk.text;
      const skipped = this._offset < 0 && chunk.offset > 0;
      this._offset = chunk.nextOffset === 0 ? -LOG_LIMIT : chunk.nextOffset;
      this._log = {
        run,
        text: text.slice(-LOG_LIMIT),
        complete: chunk.complete,
        cut: cut || skipped || text.length > LOG_LIMIT
      };
      this._changed.emit();
      if (chunk.complete || chunk.text === '') {
        return;
      }
    }
  }

  private readonly _client: IClient;
  private readonly _pipelines: PipelineModel;
  private readonly _detailFetch: Folded;
  private readonly _logFetch: Folded;
  private readonly _tail: Poll;
  private readonly _changed = new Signal<this, void>(this);
  private _about = '';
  private _known = '';
  private _detail: TaskDetail | null = null;
  private _log: ILog | null = null;
  private _offset = 0;
  private _showLog = false;
  private _active = false;
  private _isDisposed = false;
}
