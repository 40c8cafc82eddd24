/**
 * Lays out small graphs at once and large ones in a Web Worker.
 *
 * There is one worker, started when it is first needed and kept, for starting takes longer than laying
 * out. It does one thing after another; what nobody waits for any more is not begun.
 */
import { layout, type ILayout, type ILayoutInput } from './layout';
import { startWorker } from './startworker';

/** Up to so many nodes a layout takes less time than asking for it. */
const ASIDE = 30;

interface IWish {
  readonly input: ILayoutInput;
  readonly done: (result: ILayout) => void;
}

export class Layouter {
  /**
   * Lay out a graph; `done` is called once, at once for a small one. What is returned calls it off.
   *
   * Where workers are forbidden (by a strict content security policy) the page does the work.
   */
  request(input: ILayoutInput, done: (result: ILayout) => void): () => void {
    if (input.count <= ASIDE || this._forbidden) {
      done(layout(input));
      return () => undefined;
    }
    const wish = { input, done };
    this._wishes.push(wish);
    this._next();
    return () => {
      this._wishes = this._wishes.filter(each => each !== wish);
      if (this._current === wish) {
        this._current = 'nobody’s';
      }
    };
  }

  private _next(): void {
    if (this._current !== null) {
      return;
    }
    const wish = this._wishes.shift();
    if (wish === undefined) {
      return;
    }
    this._current = wish;
    try {
      this._worker ??= this._start();
      this._worker.postMessage(wish.input);
    } catch {
      this._giveUp();
    }
  }

  private _start(): Worker {
    const worker = startWorker();
    worker.onmessage = (event: MessageEvent<ILayout>) => {
      const wish = this._current;
      this._current = null;
      if (wish !== null && wish !== 'nobody’s') {
        wish.done(event.data);
      }
      this._next();
    };
    worker.onerror = () => {
      this._giveUp();
    };
    return worker;
  }

  /** No workers here: whoever waits is served on the page. */
  private _giveUp(): void {
    this._forbidden = true;
    this._worker?.terminate();
    const waiting = [
      ...(typeof this._current === 'object' ? [this._current] : []),
      ...this._wishes
    ];
    this._wishes = [];
    this._current = null;
    for (const wish of waiting) {
      wish?.done(layout(wish.input));
    }
  }

  private _worker: Worker | null = null;
  private _forbidden = false;
  private _current: IWish | 'nobody’s' | null = null;
  private _wishes: IWish[] = [];
}

/** The one that all panels of the page share. */
export const layouter = new Layouter();
