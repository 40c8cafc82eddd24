/**
 * Which notebooks are shown without the line above them: none, all, or those where the user has
 * put it away. That is remembered from one visit to the next.
 */
import { Signal, type ISignal } from '@lumino/signaling';
import type { IMemory } from '../memory';

const KEY = 'jupyterlab-cauce:hidden-banners';
/** So many are remembered: the last ones. */
const KEPT = 200;

export class Dismissed {
  constructor(memory: IMemory | null) {
    this._memory = memory;
    void memory
      ?.fetch(KEY)
      .then(found => {
        if (Array.isArray(found)) {
          const paths = found.filter((each): each is string => typeof each === 'string');
          this._paths = new Set([...paths, ...this._paths]);
          this._changed.emit();
        }
      })
      .catch(() => undefined); // then nothing is remembered
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Does the user want no such line at all? */
  set all(value: boolean) {
    if (value !== this._all) {
      this._all = value;
      this._changed.emit();
    }
  }

  has(path: string): boolean {
    return this._all || this._paths.has(path);
  }

  set(path: string, value: boolean): void {
    this._paths.delete(path);
    if (value) {
      this._paths.add(path);
    }
    const kept = [...this._paths].slice(-KEPT);
    this._paths = new Set(kept);
    this._changed.emit();
    void this._memory?.save(KEY, kept).catch(() => undefined);
  }

  private readonly _memory: IMemory | null;
  private readonly _changed = new Signal<this, void>(this);
  private _paths = new Set<string>();
  private _all = false;
}
