/**
 * What is said aloud while a pipeline is built: which tasks have finished or failed, and nothing else.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Run } from '../contract';

/** So many tasks are named. */
const NAMED = 3;

/** What became of tasks from one look at a run to the next; '' when there is nothing to say. */
export function announcement(trans: TranslationBundle, last: Run | null, next: Run | null): string {
  if (next === null || last?.id !== next.id) {
    return '';
  }
  const ended = (...states: readonly Run['tasks'][string][]): readonly string[] =>
    Object.entries(next.tasks).flatMap(([name, state]) =>
      state !== last.tasks[name] && states.includes(state) ? [name] : []
    );
  const failed = ended('failed', 'crashed');
  const finished = ended('ok');
  return [
    ...failed.slice(0, NAMED).map(name => trans.__('%1 failed', name)),
    ...(failed.length > NAMED ? [trans.__('%1 more failed', failed.length - NAMED)] : []),
    ...(finished.length > NAMED
      ? [trans._n('%1 task finished', '%1 tasks finished', finished.length)]
      : finished.map(name => trans.__('%1 finished', name)))
  ].join('. ');
}
