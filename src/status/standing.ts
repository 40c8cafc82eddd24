/**
 * How the pipeline stands, in as few words as the status bar has room for.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Run, Snapshot } from '../contract';
import type { Action, IAsked } from '../model';
import { isError, toldOnce } from '../problems';
import { stateOf, type TaskState } from '../taskstate';
import { lastCauses, runWords } from '../words';

export interface IStanding {
  /** The sign beside the name. */
  readonly state: TaskState;
  readonly name: string;
  /** How it stands, in two or three words. */
  readonly text: string;
  /** The same at length. */
  readonly title: string;
  /** From 0 to 1 while it is built, else `null`. */
  readonly progress: number | null;
  /** The task that one would look at first. */
  readonly task: string | null;
}

export function standingOf(
  trans: TranslationBundle,
  snapshot: Snapshot,
  asked: IAsked | null,
  action: Action | null
): IStanding {
  const { name, run, tasks } = snapshot;
  const states = tasks.map(task => ({ name: task.name, state: stateOf(task, run, asked) }));
  const first = (...wanted: readonly TaskState[]): string | null =>
    states.find(each => wanted.includes(each.state))?.name ?? null;
  const count = (...wanted: readonly TaskState[]): number =>
    states.filter(each => wanted.includes(each.state)).length;
  if (asked !== null) {
    const text = trans.__('starting…');
    return { state: 'asked', name, text, title: text, progress: 0, task: null };
  }
  if (run?.state === 'running') {
    const { done, total, failed } = progressOf(run);
    return {
      state: 'running',
      name,
      text: total === 0 ? trans.__('starting…') : trans.__('%1/%2', done, total),
      title: runWords(trans, run, action, lastCauses(run, tasks)),
      progress: total === 0 ? 0 : done / total,
      task: failed ?? first('running')
    };
  }
  const failed = count('failed');
  const stale = tasks.filter(task => task.freshness.state !== 'fresh').length;
  const broken = toldOnce(snapshot.problems.filter(isError)).length;
  const rest =
    stale === 0
      ? trans.__('all tasks are up to date')
      : trans._n('%2 of %1 task out of date', '%2 of %1 tasks out of date', tasks.length, stale);
  if (failed > 0) {
    const text = trans._n('%1 task failed', '%1 tasks failed', failed);
    return {
      state: 'failed',
      name,
      text,
      title: trans.__('%1, %2', text, rest),
      progress: null,
      task: first('failed')
    };
  }
  if (broken > 0) {
    const text = trans._n('%1 problem', '%1 problems', broken);
    const task = first('broken');
    return { state: 'broken', name, text, title: text, progress: null, task };
  }
  return stale > 0
    ? {
        state: 'stale',
        name,
        text: trans._n('%1 out of date', '%1 out of date', stale),
        title: rest,
        progress: null,
        task: null
      }
    : {
        state: 'fresh',
        name,
        text: trans.__('up to date'),
        title: rest,
        progress: null,
        task: null
      };
}

/** How far a run is, and the first task of it that failed. */
export function progressOf(run: Run): {
  readonly done: number;
  readonly total: number;
  readonly failed: string | null;
} {
  const states = Object.entries(run.tasks);
  const failed = states.find(([, state]) => state === 'failed' || state === 'crashed');
  return {
    done: states.filter(([, state]) => state !== 'waiting' && state !== 'running').length,
    total: states.length,
    failed: failed?.[0] ?? null
  };
}
