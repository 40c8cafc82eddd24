/**
 * Selects the task that runs, for those who wish that, until somebody selects another.
 */
import type { IDisposable } from '@lumino/disposable';

import type { Snapshot } from './contract';
import type { PipelineModel } from './model';

export class FollowRunning implements IDisposable {
  constructor(model: PipelineModel, wanted: () => boolean) {
    this._model = model;
    this._wanted = wanted;
    model.changed.connect(this._onChanged, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._model.changed.disconnect(this._onChanged, this);
  }

  private _onChanged(): void {
    const { snapshot, selection } = this._model;
    const run = snapshot?.run?.state === 'running' ? snapshot.run.id : null;
    if (run !== this._run) {
      this._run = run;
      this._ours = null;
      this._left = false;
    } else if (this._ours !== null && (selection.length !== 1 || selection[0] !== this._ours)) {
      this._left = true; // the user looks at something else, and is left in peace for this run
    }
    const next = snapshot === null || run === null || this._left ? null : latest(snapshot);
    if (next !== null && next !== this._ours && this._wanted()) {
      this._ours = next;
      this._model.select(next);
    }
  }

  private readonly _model: PipelineModel;
  private readonly _wanted: () => boolean;
  private _run: string | null = null;
  /** What was selected last by this. */
  private _ours: string | null = null;
  private _left = false;
  private _isDisposed = false;
}

/** The task that began last of those that run. */
export function latest(snapshot: Snapshot): string | null {
  let found: { readonly name: string; readonly started: number } | null = null;
  for (const { name, activity } of snapshot.tasks) {
    const started = activity.started ?? 0;
    if (activity.state === 'running' && (found === null || started > found.started)) {
      found = { name, started };
    }
  }
  return found?.name ?? null;
}
