/**
 * What the browser knows of the pipelines: the one copy, fetched from the server.
 *
 * The model never guesses. A pressed button is `asked` until a snapshot taken after it says
 * what came of it. Events only say that something is newer; the snapshot is the truth.
 */
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IClient } from './client';
import {
  REVISION_SCHEMA,
  type BuildPlan,
  type Cleaned,
  type CleanRequest,
  type Created,
  type Pipeline,
  type Run,
  type RunRequest,
  type Snapshot,
  type Task
} from './contract';
import { CauceError } from './errors';
import { Folded } from './folded';
import type { IMemory } from './memory';

/** The Jupyter event bus, as far as we listen to it. */
export type EventStream = ISignal<unknown, { readonly schema_id: string }>;

/** A build that was asked for, and of which no snapshot has told yet. */
export interface IAsked {
  /** The tasks asked for; empty for the whole pipeline. */
  readonly tasks: readonly string[];
}

/** What a run is for. */
export type Action = NonNullable<RunRequest['action']>;

/** A run that has ended, with the pipeline that it built. */
export interface IEnded {
  readonly pipeline: string;
  readonly run: Run;
  /** The pipeline's tasks after it; none when another pipeline is looked at. */
  readonly tasks: readonly Task[];
}

/** What was chosen by hand. */
const MEMORY = 'jupyterlab-cauce:pipeline';
/** What was looked at, be it chosen or not. */
const SEEN = 'jupyterlab-cauce:seen';
const HEARTBEAT_MS = 30_000;
const RETRY_MS = 5_000;

/** Of so many runs of ours it is known what they were asked for: of each it may be a thousand names. */
const KEPT_REQUESTS = 100;

export namespace PipelineModel {
  export interface IOptions {
    readonly client: IClient;
    readonly events: EventStream;
    readonly memory?: IMemory | null;
    /** The folder that the user looks at, for the first choice of a pipeline. */
    readonly folder?: () => string;
    /** Seconds since the epoch. */
    readonly now?: () => number;
  }
}

export class PipelineModel implements IDisposable {
  constructor(options: PipelineModel.IOptions) {
    this._client = options.client;
    this._events = options.events;
    this._memory = options.memory ?? null;
    this._folder = options.folder ?? (() => '');
    this._now = options.now ?? (() => Date.now() / 1000);
    this._list = new Folded(() => this._fetchList());
    this._fetch = new Folded(() => this._fetchSnapshot());
    this._events.connect(this._onEvent, this);
    this._heartbeat = new Poll({
      name: 'jupyterlab-cauce:heartbeat',
      factory: () => this._beat(),
      frequency: { interval: HEARTBEAT_MS, backoff: false },
      standby: () => (this._active ? 'when-hidden' : true)
    });
  }

  /** Something that a getter of the model tells has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A run ended that we started, or saw running. */
  get ended(): ISignal<this, IEnded> {
    return this._ended;
  }

  /** The pipelines that the server found; `null` before it was asked. */
  get pipelines(): readonly Pipeline[] | null {
    return this._pipelines;
  }

  /** Did the server's search stop at its limit? */
  get truncated(): boolean {
    return this._truncated;
  }

  /** The file of the current pipeline. */
  get path(): string | null {
    return this._path;
  }

  /** The current pipeline as last told by the server. */
  get snapshot(): Snapshot | null {
    return this._snapshot;
  }

  /** When the server last confirmed the snapshot. */
  get confirmed(): number | null {
    return this._confirmed;
  }

  /** Why the last question to the server found no answer; `null` when it did. */
  get error(): CauceError | null {
    return this._error;
  }

  /** The selected tasks by name, in the order in which they were chosen. */
  get selection(): readonly string[] {
    return this._selection;
  }

  /** The one of the selected tasks that was chosen last: details are told of it. */
  get selected(): string | null {
    return this._selection.at(-1) ?? null;
  }

  get selectedTask(): Task | null {
    const { selected } = this;
    return this._snapshot?.tasks.find(task => task.name === selected) ?? null;
  }

  get asked(): IAsked | null {
    return this._asked;
  }

  /** Is a build of the current pipeline under way, as the server tells? */
  get running(): boolean {
    return this._snapshot?.run?.state === 'running';
  }

  /** What a run is for; `null` when it was not started here since the page was loaded. */
  actionOf(run: string): Action | null {
    const request = this._requests.get(run);
    return request === undefined ? null : (request.action ?? 'build');
  }

  /** What a run was asked for; `null` when it was not started here since the page was loaded. */
  requestOf(run: string): RunRequest | null {
    return this._requests.get(run) ?? null;
  }

  /** Is the server being asked for the snapshot or the list on the user's demand? */
  get refreshing(): boolean {
    return this._refreshing;
  }

  /** Does anybody look? Without, only runs of ours are followed. */
  get active(): boolean {
    return this._active;
  }
  set active(value: boolean) {
    if (this._active === value || this._isDisposed) {
      return;
    }
    this._active = value;
    if (value) {
      void this._heartbeat.refresh();
    }
  }

  /** Hear of changes until it is disposed of, also while the panel is hidden. */
  follow(): IDisposable {
    const follower = new DisposableDelegate(() => {
      this._followers.delete(follower);
    });
    this._followers.add(follower);
    return follower;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._heartbeat.dispose();
    this._events.disconnect(this._onEvent, this);
    Signal.clearData(this);
  }

  /**
   * Look again at what was looked at the last time, without a search for pipelines: for those
   * who tell how it stands while the panel is closed. Opening the panel may choose another.
   */
  async resume(): Promise<void> {
    if (this._path === null && this._pipelines === null) {
      const seen = await this._memory?.fetch(SEEN).catch(() => undefined);
      // It may have been chosen meanwhile.
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition
      if (typeof seen === 'string' && this._path === null && this._pipelines === null) {
        this._setPath(seen);
        this._provisional = true;
      }
    }
    await this._fetch.call();
  }

  /** Make a pipeline the current one, and remember it. */
  async choose(path: string): Promise<void> {
    this._provisional = false;
    if (path !== this._path) {
      this._setPath(path);
      void this._memory?.save(MEMORY, path).catch(() => undefined);
    } else if (this._snapshot !== null) {
      return;
    }
    // Whoever chooses one goes on with what it is.
    await this._fetch.call();
  }

  /** Select a task by name and no other, or none. */
  select(task: string | null): void {
    this.selectMany(task === null ? [] : [task]);
  }

  /** Select these tasks and no others; the last is the one that details are told of. */
  selectMany(tasks: readonly string[]): void {
    const wanted = [...new Set([...tasks].reverse())].reverse();
    if (JSON.stringify(wanted) !== JSON.stringify(this._selection)) {
      this._selection = wanted;
      this._changed.emit();
    }
  }

  /** Add a task to the selection, or take it out. */
  toggle(task: string): void {
    const others = this._selection.filter(each => each !== task);
    this.selectMany(others.length < this._selection.length ? others : [...others, task]);
  }

  /** Ask the server for everything again; with `search` it also looks for new pipelines. */
  async refresh(search = false): Promise<void> {
    this._refreshing = true;
    this._searchAgain ||= search;
    this._changed.emit();
    try {
      await this._list.call();
      await this._fetch.call();
    } finally {
      this._refreshing = false;
      this._changed.emit();
    }
  }

  /**
   * Start a build. Settles when the server has taken or refused it; rejects with `CauceError`.
   */
  async build(pipeline: string, request: RunRequest): Promise<void> {
    const asked: IAsked = { tasks: request.tasks ?? [] };
    const current = pipeline === this._path;
    if (current) {
      this._asked = asked;
      this._changed.emit();
    }
    try {
      const { run } = await this._client.start(pipeline, request);
      this._ours.set(run, pipeline);
      this._note(run, request);
      await this._follow(pipeline);
    } finally {
      if (this._asked === asked) {
        this._asked = null;
        this._changed.emit();
      }
    }
  }

  /** What a build would do. Rejects with `CauceError`. */
  plan(pipeline: string, request: RunRequest): Promise<BuildPlan> {
    return this._client.plan(pipeline, request);
  }

  /** Create missing sources. Rejects with `CauceError`. */
  async scaffold(pipeline: string): Promise<Created> {
    const created = await this._client.scaffold(pipeline);
    await this._fetch.call();
    return created;
  }

  /** What the server would do, or knows: nothing is looked at anew. Rejects with `CauceError`. */
  ask<T>(question: (client: IClient) => Promise<T>): Promise<T> {
    return question(this._client);
  }

  /** Have the server change the pipeline's files, and look at what it then is. Rejects with `CauceError`. */
  async change<T>(ask: (client: IClient) => Promise<T>): Promise<T> {
    const changed = await ask(this._client);
    await this._fetch.call();
    return changed;
  }

  /** Move what tasks have made to the trash, or say what would be. Rejects with `CauceError`. */
  async clean(pipeline: string, request: CleanRequest): Promise<Cleaned> {
    const cleaned = await this._client.clean(pipeline, request);
    if (request.dryRun !== true) {
      await this._fetch.call();
    }
    return cleaned;
  }

  /**
   * Ask the active run of the current pipeline to stop. Was there one to ask? Rejects with
   * `CauceError`.
   */
  async cancel(): Promise<boolean> {
    const run = this._snapshot?.run;
    if (this._path === null || run?.state !== 'running') {
      return false;
    }
    await this._client.cancel(this._path, run.id);
    await this._fetch.call();
    return true;
  }

  /** Remember what a run was asked for: of the last ones. */
  private _note(run: string, request: RunRequest): void {
    this._requests.set(run, request);
    for (const old of [...this._requests.keys()].slice(0, -KEPT_REQUESTS)) {
      this._requests.delete(old);
    }
  }

  private async _beat(): Promise<void> {
    if (this._pipelines === null || this._path === null || this._error?.serverMissing === true) {
      await this._list.call();
    }
    await this._fetch.call();
  }

  private async _fetchList(): Promise<void> {
    const again = this._searchAgain;
    this._searchAgain = false;
    try {
      const found = await this._client.pipelines(again);
      this._pipelines = found.pipelines;
      this._truncated = found.truncated;
      this._answered();
      // The search has its limits: one that is shown is there, be it found or not, until the server says otherwise.
      const has = this._snapshot !== null || found.pipelines.some(each => each.path === this._path);
      if (this._path === null || this._provisional || !has) {
        const first = await this._firstChoice(found.pipelines);
        this._provisional = false;
        if (first !== this._path) {
          this._setPath(first);
        }
      }
    } catch (error) {
      this._failed(error);
    }
    this._changed.emit();
  }

  /** What was chosen the last time, else the nearest above the user's folder, else the first. */
  private async _firstChoice(pipelines: readonly Pipeline[]): Promise<string | null> {
    const has = (path: string): boolean => pipelines.some(each => each.path === path);
    const remembered = await this._memory?.fetch(MEMORY).catch(() => undefined);
    if (typeof remembered === 'string' && has(remembered)) {
      return remembered;
    }
    return nearest(pipelines, this._folder()) ?? pipelines[0]?.path ?? null;
  }

  private async _fetchSnapshot(): Promise<void> {
    const path = this._path;
    if (path === null || this._isDisposed) {
      return;
    }
    try {
      const snapshot = await this._client.snapshot(path);
      if (path === this._path) {
        this._answered();
        this._confirmed = this._now();
        this._accept(snapshot);
        this._remember(path);
      }
    } catch (error) {
      if (path === this._path) {
        this._failed(error);
        if (error instanceof CauceError && error.status === 404 && !error.serverMissing) {
          // The file is gone, or was renamed: see what there is.
          this._snapshot = null;
          this._searchAgain = true;
          void this._list.call().then(() => (path === this._path ? undefined : this._fetch.call()));
        }
      }
    }
    this._changed.emit();
  }

  private _remember(path: string): void {
    if (path !== this._seen) {
      this._seen = path;
      void this._memory?.save(SEEN, path).catch(() => undefined);
    }
  }

  private _accept(next: Snapshot): void {
    const last = this._snapshot;
    if (last?.revision !== next.revision) {
      this._snapshot = next;
    }
    const names = new Set(next.tasks.map(task => task.name));
    if (this._selection.some(name => !names.has(name))) {
      this._selection = this._selection.filter(name => names.has(name));
    }
    const run = next.run;
    if (run !== null && run.state !== 'running') {
      const seenRunning = last?.run?.id === run.id && last.run.state === 'running';
      if (this._ours.delete(run.id) || seenRunning) {
        this._ended.emit({ pipeline: next.pipeline, run, tasks: next.tasks });
      }
    }
  }

  /** Learn how a run of ours goes on, in the current pipeline or in another. */
  private async _follow(pipeline: string): Promise<void> {
    if (pipeline === this._path) {
      await this._fetch.call();
    }
    // What the snapshot settled is no longer in the map: a later run may have taken its place there.
    for (const [id, of] of [...this._ours]) {
      if (of !== pipeline || this._snapshot?.run?.id === id) {
        continue;
      }
      try {
        const run = await this._client.run(pipeline, id);
        if (run.state !== 'running' && this._ours.delete(id)) {
          this._ended.emit({ pipeline, run, tasks: [] });
        }
      } catch {
        // The next event of that pipeline, or its snapshot, tells.
      }
    }
  }

  private _onEvent(_: unknown, event: { readonly schema_id: string }): void {
    if (event.schema_id !== REVISION_SCHEMA) {
      return;
    }
    const { pipeline, revision } = event as Partial<Record<string, unknown>>;
    if (typeof pipeline !== 'string' || typeof revision !== 'number') {
      return;
    }
    const ours = [...this._ours.values()].includes(pipeline);
    if (pipeline !== this._path) {
      if (ours) {
        void this._follow(pipeline);
      }
    } else if (revision > (this._snapshot?.revision ?? 0)) {
      if (ours) {
        void this._follow(pipeline);
      } else if (this._active || this.running || this._followers.size > 0) {
        void this._fetch.call();
      }
    }
  }

  private _setPath(path: string | null): void {
    this._path = path;
    this._snapshot = null;
    this._confirmed = null;
    this._selection = [];
    this._asked = null;
    this._changed.emit();
  }

  private _answered(): void {
    this._error = null;
    this._pace(HEARTBEAT_MS);
  }

  private _failed(error: unknown): void {
    this._error = error instanceof CauceError ? error : CauceError.fromNetwork(error);
    this._pace(RETRY_MS);
  }

  private _pace(interval: number): void {
    if (!this._isDisposed && this._heartbeat.frequency.interval !== interval) {
      this._heartbeat.frequency = { interval, backoff: false, max: interval };
      // The poll still sleeps for the old interval: begin the new one now.
      void this._heartbeat.schedule({ phase: 'resolved', interval });
    }
  }

  private readonly _client: IClient;
  private readonly _events: EventStream;
  private readonly _memory: IMemory | null;
  private readonly _folder: () => string;
  private readonly _now: () => number;
  private readonly _list: Folded;
  private readonly _fetch: Folded;
  private readonly _heartbeat: Poll;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _ended = new Signal<this, IEnded>(this);
  /** Runs that we started and have not seen ending, with their pipeline. */
  private readonly _ours = new Map<string, string>();
  private readonly _requests = new Map<string, RunRequest>();
  private readonly _followers = new Set<IDisposable>();
  private _pipelines: readonly Pipeline[] | null = null;
  private _truncated = false;
  private _path: string | null = null;
  private _snapshot: Snapshot | null = null;
  private _confirmed: number | null = null;
  private _error: CauceError | null = null;
  private _selection: readonly string[] = [];
  private _asked: IAsked | null = null;
  private _active = false;
  private _refreshing = false;
  /** Was the current pipeline taken from the last visit, without knowing which there are? */
  private _provisional = false;
  private _seen = '';
  private _searchAgain = false;
  private _isDisposed = false;
}

/** The pipeline in `folder` or in the nearest folder above it. */
function nearest(pipelines: readonly Pipeline[], folder: string): string | null {
  const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
  for (let at = folder; ; at = folderOf(at)) {
    const found = pipelines.find(each => folderOf(each.path) === at);
    if (found !== undefined) {
      return found.path;
    }
    if (at === '') {
      return null;
    }
  }
}
