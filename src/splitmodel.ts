/**
 * A notebook that is being split: what the user asks for, and what the server makes of that.
 *
 * The request is the only truth. Each edit is another request, which can be taken back; a moment after the
 * last one the server is asked for the plan, one question at a time.
 *
 *     edit ─► request ─► (a pause) ─► server ─► plan
 *                ▲ undo, redo
 */
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IClient } from './client';
import type { Split, SplitApplied, SplitRun } from './contract';
import type { SplitWish } from './split/edits';
import { CauceError } from './errors';
import { Folded } from './folded';

/** After so many milliseconds without an edit the server is asked. */
const PAUSE = 200;
/** So often one looks how far the run of the notebook has come, in milliseconds. */
const LOOK = 500;

/** As much of the client as a split needs. */
export type SplitClient = Pick<
  IClient,
  'planSplit' | 'applySplit' | 'startSplitRun' | 'splitRun' | 'cancelSplitRun'
>;

export class SplitModel implements IDisposable {
  constructor(client: SplitClient, request: SplitWish) {
    this._client = client;
    this._request = request;
    void this._asking.call();
    void this._look();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get request(): SplitWish {
    return this._request;
  }

  /** What the server made of a request, be it not yet the last; `null` until it has told. */
  get plan(): Split | null {
    return this._plan;
  }

  /** Is the plan that of an earlier request? */
  get asking(): boolean {
    return this._planned !== this._request;
  }

  /** Why the last question found no answer; `null` when it did. */
  get error(): CauceError | null {
    return this._error;
  }

  /** Was the notebook's file changed since the user began to edit the split? */
  get outdated(): boolean {
    return this._outdated;
  }

  /** Has the user edited anything? */
  get edited(): boolean {
    return this._undone.length > 0;
  }

  get canUndo(): boolean {
    return this._undone.length > 0;
  }

  get canRedo(): boolean {
    return this._redone.length > 0;
  }

  /** The run that traces the notebook; `null` until the server has told whether there is one. */
  get trace(): SplitRun | null {
    return this._trace;
  }

  /** Is it being written? */
  get applying(): boolean {
    return this._applying;
  }

  /** Ask for something else. Edits of the same thing, one after the other, are taken back at once. */
  edit(request: SplitWish, thing = ''): void {
    if (request === this._request || JSON.stringify(request) === JSON.stringify(this._request)) {
      return;
    }
    if (thing === '' || thing !== this._thing || this._undone.length === 0) {
      this._undone.push(this._request);
    }
    this._thing = thing;
    this._redone = [];
    this._set(request);
  }

  undo(): void {
    this._step(this._undone, this._redone);
  }

  redo(): void {
    this._step(this._redone, this._undone);
  }

  /** Ask for the plan again. */
  again(): void {
    this._outdated = false;
    this._digest = null;
    this._planned = null;
    this._changed.emit();
    void this._asking.call();
  }

  /** Write it. `null` when that was refused, which `error` tells, or `outdated`. */
  async apply(): Promise<SplitApplied | null> {
    const plan = this._plan;
    if (plan === null || this.asking || this._applying) {
      return null;
    }
    this._applying = true;
    this._error = null;
    this._changed.emit();
    try {
      return await this._client.applySplit({ request: this._request, digest: plan.digest });
    } catch (error) {
      if (error instanceof CauceError && error.status === 409) {
        this._outdated = true;
      }
      this._failed(error);
      return null;
    } finally {
      this._applying = false;
      this._emit();
    }
  }

  /** Have the notebook run, to see what its cells do. */
  async startTrace(): Promise<void> {
    this._looks++; // what an earlier look finds is of an earlier run
    try {
      const { notebook } = this._request;
      const run = await this._client.startSplitRun('trace', { notebook, pipeline: '' });
      this._trace = { ...run, state: 'running' }; // it may have ended already
      this._hear(run);
    } catch (error) {
      this._failed(error);
      void this._look(); // one may be running already
    }
  }

  async cancelTrace(): Promise<void> {
    try {
      await this._client.cancelSplitRun('trace', this._request.notebook);
      await this._look();
    } catch (error) {
      this._failed(error);
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      clearTimeout(this._pause);
      clearTimeout(this._next);
      Signal.clearData(this);
    }
  }

  private _step(from: SplitWish[], to: SplitWish[]): void {
    const request = from.pop();
    if (request !== undefined) {
      to.push(this._request);
      this._thing = '';
      this._set(request);
    }
  }

  private _set(request: SplitWish): void {
    this._request = request;
    this._changed.emit();
    clearTimeout(this._pause);
    this._pause = setTimeout(() => void this._asking.call(), PAUSE);
  }

  private async _ask(): Promise<void> {
    const request = this._request;
    try {
      const plan = await this._client.planSplit(request);
      // Cells are counted: whoever had moved cuts has to look at them again.
      this._outdated ||= this._digest !== null && this._digest !== plan.digest && this.edited;
      this._digest = plan.digest;
      this._plan = plan;
      this._error = null;
    } catch (error) {
      this._failed(error);
    }
    this._planned = request;
    this._emit();
  }

  /** Look how far the run of the notebook has come, and again as long as it runs. */
  private async _look(): Promise<void> {
    clearTimeout(this._next);
    const look = ++this._looks;
    try {
      const run = await this._client.splitRun('trace', this._request.notebook);
      if (look === this._looks) {
        this._hear(run);
      }
    } catch {
      // It may come back: what is known of it stays, and the plan tells whether the server is there.
      if (look === this._looks && this._trace?.state === 'running' && !this._isDisposed) {
        this._next = setTimeout(() => void this._look(), LOOK);
      }
    }
  }

  private _hear(run: SplitRun): void {
    if (this._isDisposed) {
      return;
    }
    const ended = this._trace?.state === 'running' && run.state !== 'running';
    this._trace = run;
    this._emit();
    clearTimeout(this._next);
    if (run.state === 'running') {
      this._next = setTimeout(() => void this._look(), LOOK);
    } else if (ended) {
      this._planned = null;
      this._emit();
      void this._asking.call();
    }
  }

  private _failed(error: unknown): void {
    this._error = error instanceof CauceError ? error : CauceError.fromNetwork(error);
    this._emit();
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _client: SplitClient;
  private readonly _asking = new Folded(() => this._ask());
  private readonly _changed = new Signal<this, void>(this);
  private _request: SplitWish;
  private _plan: Split | null = null;
  /** The request that the plan is of, or that was refused. */
  private _planned: SplitWish | null = null;
  private _error: CauceError | null = null;
  private _digest: string | null = null;
  private _outdated = false;
  private _applying = false;
  private _trace: SplitRun | null = null;
  private readonly _undone: SplitWish[] = [];
  private _redone: SplitWish[] = [];
  /** What the last edit was of. */
  private _thing = '';
  private _pause: ReturnType<typeof setTimeout> | undefined;
  private _next: ReturnType<typeof setTimeout> | undefined;
  /** How often was looked, or begun. */
  private _looks = 0;
  private _isDisposed = false;
}
