/**
 * Where the view of a drawing is. It moves faster than React draws: who shows it listens, and hears of
 * it once a frame.
 */
import type { IViewport } from './viewport';

export class Camera {
  get view(): IViewport | null {
    return this._view;
  }

  /** Has somebody moved it? Until then it follows what there is to see. */
  moved = false;

  set(view: IViewport | null): void {
    if (view === this._view) {
      return;
    }
    this._view = view;
    this._frame ??= requestAnimationFrame(() => {
      this._frame = null;
      for (const listener of this._listeners) {
        listener();
      }
    });
  }

  /** Move it by hand. */
  move(change: (last: IViewport) => IViewport): void {
    if (this._view !== null) {
      this.moved = true;
      this.set(change(this._view));
    }
  }

  /** Hear of moves; what is returned ends it. */
  listen(listener: () => void): () => void {
    this._listeners.add(listener);
    return () => {
      this._listeners.delete(listener);
    };
  }

  private _view: IViewport | null = null;
  private _frame: number | null = null;
  private readonly _listeners = new Set<() => void>();
}
