/**
 * The builds that are going on anywhere below the server's root, whoever started them.
 *
 * They are asked for when something tells that they may be others now, and in a slow rhythm while
 * somebody looks: of a build in a terminal, in a project that nobody looks at, nothing tells.
 */
import type { IDisposable } from '@lumino/disposable';
import { Poll, Throttler } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IClient } from './client';
import { REVISION_SCHEMA, type ActiveBuild } from './contract';
import { CauceError } from './errors';
import type { EventStream, PipelineModel } from './model';

const RHYTHM_MS = 10_000;
const AT_MOST_EVERY_MS = 1_000;

export namespace ActiveBuilds {
  export interface IOptions {
    readonly client: IClient;
    readonly model: PipelineModel;
    readonly events: EventStream;
    /** Does anybody see them now? */
    readonly looks: () => boolean;
  }
}

export class ActiveBuilds implements IDisposable {
  constructor(options: ActiveBuilds.IOptions) {
    this._options = options;
    this._fetch = new Throttler(() => this._ask(), AT_MOST_EVERY_MS);
    this._poll = new Poll({
      name: 'jupyterlab-cauce:builds',
      auto: false,
      factory: () => this.refresh(),
      frequency: { interval: RHYTHM_MS, backoff: false },
      standby: () => (options.looks() ? 'when-hidden' : true)
    });
    options.model.changed.connect(this._onModel, this);
    options.events.connect(this._onEvent, this);
  }

  get current(): readonly ActiveBuild[] {
    return this._current;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Somebody may look from now on. */
  start(): void {
    void this._poll.start();
  }

  /** Ask the server. Never rejects. */
  async refresh(): Promise<void> {
    await this._fetch.invoke();
  }

  /** Ask a build to stop. Rejects with `CauceError`. */
  async cancel(build: ActiveBuild): Promise<void> {
    await this._options.client.cancel(build.pipeline, build.run);
    await this.refresh();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._poll.dispose();
    this._fetch.dispose();
    this._options.model.changed.disconnect(this._onModel, this);
    this._options.events.disconnect(this._onEvent, this);
    Signal.clearData(this);
  }

  private async _ask(): Promise<void> {
    let found: readonly ActiveBuild[] = [];
    try {
      found = (await this._options.client.builds()).builds;
    } catch (error) {
      if (error instanceof CauceError && error.unreachable) {
        return; // they go on all the same, for all we know
      }
    }
    if (!this._isDisposed && JSON.stringify(found) !== JSON.stringify(this._current)) {
      this._current = found;
      this._changed.emit();
    }
  }

  private _onModel(model: PipelineModel): void {
    const run = model.running ? (model.snapshot?.run?.id ?? '') : '';
    if (run !== this._run) {
      this._run = run;
      void this.refresh();
    }
  }

  private _onEvent(_: unknown, event: { readonly schema_id: string }): void {
    if (event.schema_id === REVISION_SCHEMA && this._options.looks()) {
      void this.refresh();
    }
  }

  private readonly _options: ActiveBuilds.IOptions;
  private readonly _fetch: Throttler;
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
  private _current: readonly ActiveBuild[] = [];
  private _run = '';
  private _isDisposed = false;
}
