/**
 * What is known of the pipelines that open notebooks belong to. The one in the panel is the
 * model's affair; others are asked for here, while somebody looks at a notebook of theirs.
 */
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IClient } from '../client';
import { REVISION_SCHEMA, type Snapshot } from '../contract';
import { CauceError } from '../errors';
import { Folded } from '../folded';
import type { EventStream, IAsked, PipelineModel } from '../model';

/** The server watches a pipeline's files as long as it is asked now and then. */
const HEARTBEAT_MS = 30_000;

export namespace Looks {
  export interface IOptions {
    readonly client: Pick<IClient, 'snapshot'>;
    readonly model: PipelineModel;
    readonly events: EventStream;
  }
}

export class Looks {
  constructor(options: Looks.IOptions) {
    this._options = options;
  }

  /** Look at a pipeline, together with all others who do. */
  at(pipeline: string): Look {
    let shared = this._shared.get(pipeline);
    if (shared === undefined) {
      shared = new SharedLook(this._options, pipeline);
      this._shared.set(pipeline, shared);
    }
    shared.users += 1;
    return new Look(shared, () => {
      shared.users -= 1;
      if (shared.users === 0) {
        shared.dispose();
        this._shared.delete(pipeline);
      }
    });
  }

  private readonly _options: Looks.IOptions;
  private readonly _shared = new Map<string, SharedLook>();
}

/** One look at a pipeline, to be disposed of when it ends. */
export class Look implements IDisposable {
  constructor(shared: SharedLook, release: () => void) {
    this._shared = shared;
    this._release = release;
    shared.changed.connect(this._onChanged, this);
  }

  get pipeline(): string {
    return this._shared.pipeline;
  }

  get snapshot(): Snapshot | null {
    return this._shared.snapshot;
  }

  get asked(): IAsked | null {
    return this._shared.asked;
  }

  /** Is the pipeline gone, as the server tells? */
  get gone(): boolean {
    return this._shared.gone;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Does anybody see what is shown of it? */
  set active(value: boolean) {
    if (value && this._attention === null) {
      this._attention = this._shared.attend();
    } else if (!value) {
      this._attention?.dispose();
      this._attention = null;
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this.active = false;
      this._shared.changed.disconnect(this._onChanged, this);
      Signal.clearData(this);
      this._release();
    }
  }

  private _onChanged(): void {
    this._changed.emit();
  }

  private readonly _shared: SharedLook;
  private readonly _release: () => void;
  private readonly _changed = new Signal<this, void>(this);
  private _attention: IDisposable | null = null;
  private _isDisposed = false;
}

class SharedLook implements IDisposable {
  constructor(
    { client, model, events }: Looks.IOptions,
    readonly pipeline: string
  ) {
    this._model = model;
    this._events = events;
    this._fetch = new Folded(async () => {
      try {
        this._own = await client.snapshot(pipeline);
        this._gone = false;
      } catch (error) {
        // Anything else passes, and what was known is still likely.
        this._gone = error instanceof CauceError && error.status === 404 && !error.serverMissing;
      }
      this._changed.emit();
    });
    this._poll = new Poll({
      name: 'jupyterlab-cauce:look',
      factory: () => this._fetch.call(),
      frequency: { interval: HEARTBEAT_MS, backoff: false },
      standby: () => (this._attending > 0 && !this._modelLooks ? 'when-hidden' : true)
    });
    events.connect(this._onEvent, this);
    model.changed.connect(this._onModel, this);
  }

  users = 0;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get snapshot(): Snapshot | null {
    const theirs = this._model.path === this.pipeline ? this._model.snapshot : null;
    return theirs !== null && theirs.revision >= (this._own?.revision ?? 0) ? theirs : this._own;
  }

  get asked(): IAsked | null {
    return this._model.path === this.pipeline ? this._model.asked : null;
  }

  get gone(): boolean {
    return this._gone;
  }

  attend(): IDisposable {
    this._attending += 1;
    void this._fetch.call();
    return new DisposableDelegate(() => {
      this._attending -= 1;
    });
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  dispose(): void {
    this._poll.dispose();
    this._events.disconnect(this._onEvent, this);
    this._model.changed.disconnect(this._onModel, this);
    Signal.clearData(this);
  }

  private get _modelLooks(): boolean {
    return this._model.path === this.pipeline && this._model.active;
  }

  private _onEvent(_: unknown, event: { readonly schema_id: string }): void {
    const { pipeline, revision } = event as Partial<Record<string, unknown>>;
    if (
      event.schema_id === REVISION_SCHEMA &&
      pipeline === this.pipeline &&
      typeof revision === 'number' &&
      revision > (this.snapshot?.revision ?? 0) &&
      this._attending > 0 &&
      !this._modelLooks
    ) {
      void this._fetch.call();
    }
  }

  private _onModel(): void {
    if (this._model.path === this.pipeline) {
      this._gone &&= this._model.snapshot === null;
      this._changed.emit();
    }
  }

  private readonly _model: PipelineModel;
  private readonly _events: EventStream;
  private readonly _fetch: Folded;
  private readonly _poll: Poll;
  private readonly _changed = new Signal<this, void>(this);
  private _own: Snapshot | null = null;
  private _gone = false;
  private _attending = 0;
}
