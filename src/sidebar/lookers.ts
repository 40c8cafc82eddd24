/**
 * Who looks at the pipelines. While nobody does, the models rest.
 */

/** Something that works only while somebody looks. */
export interface IRests {
  active: boolean;
}

export class Lookers {
  constructor(models: readonly IRests[]) {
    this._models = models;
  }

  /** Say whether somebody looks. */
  set(who: object, looks: boolean): void {
    if (looks) {
      this._looking.add(who);
    } else {
      this._looking.delete(who);
    }
    for (const model of this._models) {
      model.active = this._looking.size > 0;
    }
  }

  private readonly _models: readonly IRests[];
  private readonly _looking = new Set<object>();
}
