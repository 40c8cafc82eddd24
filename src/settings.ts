/**
 * The user's settings of the panel, as far as they are what the schema says.
 */
import { Signal, type ISignal } from '@lumino/signaling';

import type { View } from './viewstate';

export interface ISettings {
  /** When the end of a build is told; `away`: the panel is hidden, or it took long. */
  readonly notify: 'always' | 'away' | 'never';
  /** So many seconds are long. */
  readonly notifyAfter: number;
  /** What the tasks are first shown as; `auto`: what fits the panel. */
  readonly view: View | 'auto';
  /** Tasks at a time; `null` for what the pipeline says, or else the cores. */
  readonly jobs: number | null;
  readonly failFast: boolean;
  /** Ask before everything is run again? */
  readonly confirmForce: boolean;
  /** Select the task that runs, as long as nobody selects another? */
  readonly followRunning: boolean;
  /** What a double click on a task opens. */
  readonly open: 'notebook' | 'text';
}

export const DEFAULT_SETTINGS: ISettings = {
  notify: 'away',
  notifyAfter: 10,
  view: 'auto',
  jobs: null,
  failFast: false,
  confirmForce: true,
  followRunning: false,
  open: 'notebook'
};

/** The settings as they count now. */
export class Settings {
  get current(): ISettings {
    return this._current;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Take over what JupyterLab has read. */
  set(said: Readonly<Record<string, unknown>>): void {
    this._current = parseSettings(said);
    this._changed.emit();
  }

  private _current = DEFAULT_SETTINGS;
  private readonly _changed = new Signal<this, void>(this);
}

/** What was read, where it makes sense; JupyterLab does not hold values against the schema on its way. */
export function parseSettings(said: Readonly<Record<string, unknown>>): ISettings {
  const { jobs, notifyAfter } = said;
  return {
    notify: oneOf(['always', 'away', 'never'], said.notify, DEFAULT_SETTINGS.notify),
    notifyAfter:
      typeof notifyAfter === 'number' && notifyAfter >= 0
        ? notifyAfter
        : DEFAULT_SETTINGS.notifyAfter,
    view: oneOf(['auto', 'list', 'graph', 'runs'], said.view, DEFAULT_SETTINGS.view),
    jobs: typeof jobs === 'number' && Number.isInteger(jobs) && jobs > 0 ? jobs : null,
    failFast: said.failFast === true,
    confirmForce: said.confirmForce !== false,
    followRunning: said.followRunning === true,
    open: oneOf(['notebook', 'text'], said.open, DEFAULT_SETTINGS.open)
  };
}

function oneOf<T extends string>(words: readonly T[], said: unknown, fallback: T): T {
  return words.find(word => word === said) ?? fallback;
}
