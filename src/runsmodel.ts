/**
 * The past runs of the current pipeline, the one that somebody looks at, and what it is compared
 * with: fetched while somebody looks at them, and only then.
 *
 * The run that goes on is told by the snapshot; the list is fetched again when a run begins or ends.
 */
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IClient } from './client';
import type { Run, RunComparison, RunDetail } from './contract';
import { CauceError } from './errors';
import { Folded } from './folded';
import type { PipelineModel } from './model';
import { joined, withLatest } from './runs/matrix';

/** What a task printed in a run. */
export interface IRunLog {
  readonly run: string;
  readonly task: string;
  /** `null` until the server has told. */
  readonly text: string | null;
  /** Is the beginning left out? */
  readonly cut: boolean;
}

type Durations = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** So much of a log is shown, in bytes: its end. */
const LOG_LIMIT = 200_000;

export class RunsModel implements IDisposable {
  constructor(client: IClient, pipelines: PipelineModel) {
    this._client = client;
    this._pipelines = pipelines;
    this._list = new Folded(() => this._fetchList());
    this._details = new Folded(() => this._fetchDetail());
    this._comparing = new Folded(() => this._fetchComparison());
    pipelines.changed.connect(this._onChanged, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Newest first; `null` until the server has told. */
  get runs(): readonly Run[] | null {
    const latest = this._pipelines.snapshot?.run ?? null;
    const { of } = this._joined;
    // The same list as long as it is of the same: what is drawn of it stays.
    if (this._runs === null || of[0] !== this._runs || of[1] !== latest) {
      this._joined = {
        of: [this._runs, latest],
        runs: this._runs === null ? null : withLatest(this._runs, latest)
      };
    }
    return this._joined.runs;
  }

  /** Are there older ones? */
  get more(): boolean {
    return this._more;
  }

  /** Run → task → seconds. */
  get durations(): Durations {
    return this._durations;
  }

  /** Why the last question found no answer; `null` when it did. */
  get error(): CauceError | null {
    return this._error;
  }

  /** The run that somebody looks at, if it is known. */
  get chosen(): Run | null {
    return this.runs?.find(run => run.id === this._chosen) ?? null;
  }

  /** The chosen run as it went; `null` until the server has told. */
  get detail(): RunDetail | null {
    return this._detail;
  }

  /** The run with which the chosen one is compared; `null` for none. */
  get base(): string | null {
    return this._base;
  }

  /** `null` until the server has told. */
  get comparison(): RunComparison | null {
    return this._comparison;
  }

  get log(): IRunLog | null {
    return this._log;
  }

  /** Does anybody look at the panel? */
  get active(): boolean {
    return this._active;
  }
  set active(value: boolean) {
    if (value !== this._active) {
      this._active = value;
      this._onChanged();
    }
  }

  /** Somebody looks at the runs until it is disposed of. */
  follow(): IDisposable {
    const follower = new DisposableDelegate(() => {
      this._followers.delete(follower);
    });
    this._followers.add(follower);
    this._known = ''; // what happened meanwhile nobody has heard
    this._onChanged();
    return follower;
  }

  /** One run of the current pipeline, as it went. Rejects with `CauceError`. */
  detailOf(run: string): Promise<RunDetail> {
    return this._detail?.run.id === run
      ? Promise.resolve(this._detail)
      : this._client.attempts(this._pipelines.path ?? '', run);
  }

  /** Ask for the list again. */
  retry(): void {
    void this._list.call();
  }

  /** Look at a run, or at none. */
  choose(run: string | null): void {
    if (run === this._chosen) {
      return;
    }
    this._chosen = run;
    this._detail = null;
    this._base = null;
    this._comparison = null;
    this._log = null;
    this._changed.emit();
    if (run !== null) {
      void this._details.call();
    }
  }

  /** Compare the chosen run with another. */
  compareWith(base: string | null): void {
    if (base === this._base) {
      return;
    }
    this._base = base;
    this._comparison = null;
    this._changed.emit();
    if (base !== null) {
      void this._comparing.call();
    }
  }

  /** Fetch the runs that are older than those that are known. */
  async loadMore(): Promise<void> {
    const { path } = this._pipelines;
    const last = this._runs?.at(-1);
    if (path === null || last === undefined || !this._more || this._loading) {
      return;
    }
    this._loading = true;
    try {
      const page = await this._client.runs(path, last.id);
      if (path === this._path && this._runs?.at(-1) === last) {
        this._runs = [...this._runs, ...page.runs];
        this._durations = { ...this._durations, ...page.durations };
        this._more = page.more;
        this._changed.emit();
      }
    } catch (error) {
      this._failed(path, error);
    } finally {
      this._loading = false;
    }
  }

  /** Forget a run of the current pipeline. Rejects with `CauceError`. */
  async forget(run: string): Promise<void> {
    const { path } = this._pipelines;
    if (path === null) {
      return;
    }
    await this._client.forget(path, run);
    if (path === this._path) {
      this._runs = this._runs?.filter(each => each.id !== run) ?? null;
      if (this._chosen === run) {
        this.choose(null);
      }
      if (this._base === run) {
        this.compareWith(null);
      }
    }
    // The pipeline's last run may have been it.
    await this._pipelines.refresh();
    await this._list.call();
  }

  /** Show what a task printed in the chosen run, or hide it. */
  async showLog(task: string | null): Promise<void> {
    const { path } = this._pipelines;
    const run = this._chosen;
    if (path === null || run === null || task === null) {
      this._log = null;
      this._changed.emit();
      return;
    }
    const asked: IRunLog = { run, task, text: null, cut: false };
    this._log = asked;
    this._changed.emit();
    try {
      const chunk = await this._client.log(path, run, task, -LOG_LIMIT);
      if (this._log === asked) {
        this._log = { ...asked, text: chunk.text, cut: chunk.offset > 0 };
        this._changed.emit();
      }
    } catch (error) {
      if (this._log === asked) {
        this._log = null;
      }
      this._failed(path, error);
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._pipelines.changed.disconnect(this._onChanged, this);
      Signal.clearData(this);
    }
  }

  private _onChanged(): void {
    const { path, snapshot } = this._pipelines;
    if (path !== this._path) {
      this._path = path;
      this._known = '';
      this._runs = null;
      this._durations = {};
      this._more = false;
      this._error = null;
      this.choose(null);
      this._changed.emit();
    }
    if (!this._active || this._followers.size === 0 || path === null || snapshot === null) {
      return;
    }
    const known = JSON.stringify([snapshot.run?.id, snapshot.run?.state]);
    if (known !== this._known) {
      this._known = known;
      void this._list.call();
    }
    if (snapshot.run !== null && snapshot.run !== this._latest) {
      this._latest = snapshot.run;
      if (this._chosen === snapshot.run.id) {
        void this._details.call();
      }
      this._changed.emit();
    }
  }

  private async _fetchList(): Promise<void> {
    const path = this._path;
    if (path === null || this._isDisposed) {
      return;
    }
    try {
      const page = await this._client.runs(path);
      if (path === this._path) {
        const { runs, joins } = joined(this._runs ?? [], page.runs);
        this._runs = runs;
        this._durations = { ...(joins ? this._durations : {}), ...page.durations };
        this._more = joins && runs.length > page.runs.length ? this._more : page.more;
        this._error = null;
        this._changed.emit();
      }
    } catch (error) {
      this._known = ''; // ask again when the model speaks next
      this._failed(path, error);
    }
  }

  private async _fetchDetail(): Promise<void> {
    const [path, run] = [this._path, this._chosen];
    if (path === null || run === null || this._isDisposed) {
      return;
    }
    try {
      const detail = await this._client.attempts(path, run);
      if (path === this._path && run === this._chosen) {
        this._detail = detail;
        this._error = null;
        this._changed.emit();
      }
    } catch (error) {
      this._failed(path, error);
    }
  }

  private async _fetchComparison(): Promise<void> {
    const [path, base, run] = [this._path, this._base, this._chosen];
    if (path === null || base === null || run === null || this._isDisposed) {
      return;
    }
    try {
      const comparison = await this._client.compare(path, base, run);
      if (path === this._path && base === this._base && run === this._chosen) {
        this._comparison = comparison;
        this._error = null;
        this._changed.emit();
      }
    } catch (error) {
      this._failed(path, error);
    }
  }

  private _failed(path: string, error: unknown): void {
    if (path === this._path && !this._isDisposed) {
      this._error = error instanceof CauceError ? error : CauceError.fromNetwork(error);
      this._changed.emit();
    }
  }

  private readonly _client: IClient;
  private readonly _pipelines: PipelineModel;
  private readonly _list: Folded;
  private readonly _details: Folded;
  private readonly _comparing: Folded;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _followers = new Set<IDisposable>();
  private _path: string | null = null;
  private _known = '';
  private _latest: Run | null = null;
  private _runs: readonly Run[] | null = null;
  /** The runs with what the snapshot says of the last one, and what they were made of. */
  private _joined: {
    readonly of: readonly [readonly Run[] | null, Run | null];
    readonly runs: readonly Run[] | null;
  } = { of: [null, null], runs: null };
  private _durations: Durations = {};
  private _more = false;
  private _loading = false;
  private _error: CauceError | null = null;
  private _chosen: string | null = null;
  private _detail: RunDetail | null = null;
  private _base: string | null = null;
  private _comparison: RunComparison | null = null;
  private _log: IRunLog | null = null;
  private _active = false;
  private _isDisposed = false;
}
