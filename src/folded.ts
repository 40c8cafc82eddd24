/**
 * Repeated work, folded: while it runs, any number of calls become one more.
 */
export class Folded {
  constructor(act: () => Promise<void>) {
    this._act = act;
  }

  /** Settles as the run does that began after this call. */
  call(): Promise<void> {
    if (this._running === null) {
      this._running = this._start();
      return this._running;
    }
    this._waiting ??= this._running
      .catch(() => undefined) // told to whoever called that one
      .then(() => {
        this._waiting = null;
        this._running = this._start();
        return this._running;
      });
    return this._waiting;
  }

  private async _start(): Promise<void> {
    try {
      await this._act();
    } finally {
      if (this._waiting === null) {
        this._running = null;
      }
    }
  }

  private readonly _act: () => Promise<void>;
  private _running: Promise<void> | null = null;
  private _waiting: Promise<void> | null = null;
}
