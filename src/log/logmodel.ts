/**
 * The log of one task in one run: its end first, what comes as it comes, what was before on demand.
 */
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';

import type { IClient } from '../client';
import { CauceError } from '../errors';
import { Folded } from '../folded';
import { LogLines } from './lines';

/** How much is asked for at once, in bytes; the server gives no more. */
const PIECE = 1 << 18;

const INTERVAL_MS = 1_000;

/** Which log. */
export interface ILogOf {
  readonly pipeline: string;
  readonly run: string;
  readonly task: string;
}

export class LogModel implements IDisposable {
  constructor(client: IClient) {
    this._client = client;
    this._fetch = new Folded(() => this._fetchNext());
    this._tail = new Poll({
      name: 'jupyterlab-cauce:log',
      auto: false,
      factory: () => this._fetch.call(),
      frequency: { interval: INTERVAL_MS, backoff: true, max: 30_000 },
      standby: () => (this._wants() ? 'when-hidden' : true)
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Which log this is; `null` for none. */
  get of(): ILogOf | null {
    return this._of;
  }

  get lines(): LogLines {
    return this._lines;
  }

  /** Was anything heard of it? */
  get known(): boolean {
    return this._known;
  }

  /** Will no more come? */
  get complete(): boolean {
    return this._complete;
  }

  /** Is there more at the beginning, which can be had? */
  get hasEarlier(): boolean {
    return this._start > 0 && !this._lines.dropped;
  }

  /** Is what was before being fetched? */
  get fetchingEarlier(): boolean {
    return this._earlier !== null;
  }

  /** Why nothing could be read the last time. */
  get error(): CauceError | null {
    return this._error;
  }

  /** Be the log of another task or run. */
  show(of: ILogOf | null): void {
    if (JSON.stringify(of) !== JSON.stringify(this._of)) {
      this._of = of;
      this._lines = new LogLines();
      this._start = this._next = 0;
      this._known = this._complete = false;
      this._earlier = null;
      this._error = null;
      this._changed.emit();
    }
    this._look();
  }

  /** Follow it from here on, until that is disposed of. */
  watch(): IDisposable {
    this._watchers += 1;
    this._look();
    return new DisposableDelegate(() => {
      this._watchers -= 1;
    });
  }

  /** Does anybody look? While nobody does nothing is asked for. */
  get active(): boolean {
    return this._active;
  }
  set active(value: boolean) {
    this._active = value;
    this._look();
  }

  /** Get what stands before the first line. */
  async loadEarlier(): Promise<void> {
    const of = this._of;
    if (of !== null && this.hasEarlier && this._earlier === null) {
      this._earlier = this._fetchEarlier(of);
      this._changed.emit();
    }
    await this._earlier;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._tail.dispose();
      Signal.clearData(this);
    }
  }

  private _wants(): boolean {
    return this._active && this._watchers > 0 && this._of !== null && !this._complete;
  }

  private _look(): void {
    if (!this._isDisposed && this._wants()) {
      void this._tail.refresh();
    }
  }

  private async _fetchNext(): Promise<void> {
    const of = this._of;
    while (of !== null && this._wants()) {
      try {
        const from = this._next === 0 ? -PIECE : this._next;
        const chunk = await this._client.log(of.pipeline, of.run, of.task, from);
        if (of !== this._of) {
          return;
        }
        if (this._next === 0) {
          this._start = chunk.offset; // as long as nothing was printed its end was asked for
        }
        this._known = true;
        this._error = null;
        this._next = chunk.nextOffset;
        this._complete = chunk.complete;
        this._lines.append(chunk.text);
        this._changed.emit();
        if (chunk.text === '') {
          return;
        }
      } catch (error) {
        if (of === this._of) {
          this._error = error instanceof CauceError ? error : null;
          this._changed.emit();
        }
        throw error; // the poll asks less often then
      }
    }
  }

  private async _fetchEarlier(of: ILogOf): Promise<void> {
    try {
      const from = Math.max(0, this._start - PIECE);
      const chunk = await this._client.log(of.pipeline, of.run, of.task, from, this._start - from);
      if (of === this._of && this.hasEarlier) {
        this._lines.prepend(chunk.text);
        // Should the file have been cut meanwhile, there is nothing more to be had.
        this._start = chunk.offset < this._start ? chunk.offset : 0;
      }
    } catch {
      // Scrolling on asks again.
    } finally {
      if (of === this._of) {
        this._earlier = null;
        this._changed.emit();
      }
    }
  }

  private readonly _client: IClient;
  private readonly _fetch: Folded;
  private readonly _tail: Poll;
  private readonly _changed = new Signal<this, void>(this);
  private _of: ILogOf | null = null;
  private _lines = new LogLines();
  /** Where, in bytes, what is known begins and ends. */
  private _start = 0;
  private _next = 0;
  private _known = false;
  private _complete = false;
  private _earlier: Promise<void> | null = null;
  private _error: CauceError | null = null;
  private _watchers = 0;
  private _active = false;
  private _isDisposed = false;
}
