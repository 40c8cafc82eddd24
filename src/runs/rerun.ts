/**
 * What to ask for to have a past run again. Pure.
 */
import type { RunDetail, RunRequest } from '../contract';

/**
 * The same tasks in the same way, as far as they are still there; `null` when none of them is.
 *
 * What is up to date is not run again, unless `force` says so: then what the run has run is run,
 * and nothing else.
 */
export function rerunOf(
  { run, request }: RunDetail,
  existing: readonly string[],
  force: boolean
): RunRequest | null {
  const there = new Set(existing);
  const ran = Object.entries(run.tasks).flatMap(([task, ending]) =>
    ending !== 'unchanged' && there.has(task) ? [task] : []
  );
  const ways =
    request === null ? {} : { jobs: request.jobs ?? null, failFast: request.failFast ?? false };
  if (force || request === null) {
    return ran.length === 0 ? null : { ...ways, tasks: ran, mode: 'only', force };
  }
  const named = request.tasks ?? [];
  const tasks = named.filter(task => there.has(task));
  // Without names all would be meant.
  return named.length > 0 && tasks.length === 0 ? null : { ...request, tasks };
}
