/**
 * Who looks at the pipelines. While nobody does, the models rest; of several one speaks for all.
 */
import { Signal, type ISignal } from '@lumino/signaling';

/** Something that works only while somebody looks. */
export interface IRests {
  active: boolean;
}

export class Lookers {
  constructor(models: readonly IRests[]) {
    this._models = models;
  }

  /**
   * Who says aloud what becomes of a build: whoever looks the longest. Two panels that show the
   * same would say it twice.
   */
  get speaker(): object | null {
    const [first = null] = this._looking;
    return first;
  }

  /** Another speaks, or nobody. */
  get speakerChanged(): ISignal<this, void> {
    return this._speakerChanged;
  }

  /** Say whether somebody looks. */
  set(who: object, looks: boolean): void {
    const { speaker } = this;
    if (looks) {
      this._looking.add(who);
    } else {
      this._looking.delete(who);
    }
    for (const model of this._models) {
      model.active = this._looking.size > 0;
    }
    if (speaker !== this.speaker) {
      this._speakerChanged.emit();
    }
  }

  private readonly _models: readonly IRests[];
  private readonly _speakerChanged = new Signal<this, void>(this);
  private readonly _looking = new Set<object>();
}
