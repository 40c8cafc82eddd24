/**
 * The proofs of which the user has not been told how they ended: a proof goes on when the page is left, and the
 * next page tells.
 */
import type { IMemory } from './memory';

const KEY = 'jupyterlab-cauce:proofs';

export class Proofs {
  constructor(memory: IMemory | null) {
    this._memory = memory;
  }

  /** The notebooks whose proofs an earlier page has begun. */
  async begun(): Promise<readonly string[]> {
    const found = await this._memory?.fetch(KEY).catch(() => undefined);
    const before = Array.isArray(found)
      ? found.filter((each): each is string => typeof each === 'string')
      : [];
    const others = before.filter(each => !this._notebooks.has(each));
    this._notebooks = new Set([...others, ...this._notebooks]);
    return others;
  }

  add(notebook: string): void {
    this._notebooks.add(notebook);
    this._save();
  }

  /** The user knows. */
  delete(notebook: string): void {
    this._notebooks.delete(notebook);
    this._save();
  }

  private _save(): void {
    // Where that fails, a later page does not tell: the proof itself is not touched.
    void this._memory?.save(KEY, [...this._notebooks]).catch(() => undefined);
  }

  private readonly _memory: IMemory | null;
  private _notebooks = new Set<string>();
}
