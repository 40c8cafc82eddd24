/**
 * How many tasks are in which state, in the five kinds that one asks for.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { TaskState } from '../taskstate';

export interface IKind {
  /** Whose sign stands for it. */
  readonly state: TaskState;
  /** All states of that kind. Each state is of one kind. */
  readonly states: readonly TaskState[];
}

export const KINDS: readonly IKind[] = [
  { state: 'failed', states: ['failed', 'broken', 'blocked'] },
  { state: 'running', states: ['running', 'asked', 'waiting'] },
  { state: 'stale', states: ['stale', 'cancelled', 'skipped'] },
  { state: 'never', states: ['never'] },
  { state: 'fresh', states: ['fresh'] }
];

export interface ITally extends IKind {
  readonly count: number;
}

export function tally(states: readonly TaskState[]): readonly ITally[] {
  return KINDS.map(kind => ({
    ...kind,
    count: states.filter(state => kind.states.includes(state)).length
  }));
}

/** How many of a kind, in words. */
export function tallyWords(trans: TranslationBundle, { state, count }: ITally): string {
  switch (state) {
    case 'failed':
      return trans._n('%1 failed or broken', '%1 failed or broken', count);
    case 'running':
      return trans._n('%1 running or waiting', '%1 running or waiting', count);
    case 'never':
      return trans._n('%1 never run', '%1 never run', count);
    case 'fresh':
      return trans._n('%1 up to date', '%1 up to date', count);
    default:
      return trans._n('%1 out of date', '%1 out of date', count);
  }
}
