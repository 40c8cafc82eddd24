/**
 * What a plan says, in words: the whole in a line, and each task's reasons.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { BuildPlan, Estimate, PlannedTask } from '../contract';
import { duration, reasonWords } from '../words';

/** How many of the tasks are certain to run, and how many only may. */
export function countsOf(plan: BuildPlan): { readonly run: number; readonly maybe: number } {
  const run = plan.tasks.filter(task => task.verdict === 'run').length;
  return { run, maybe: plan.tasks.length - run };
}

/** The counts: '3 would run · 2 may run · 12 up to date'. */
export function planSummary(trans: TranslationBundle, plan: BuildPlan): string {
  const { run, maybe } = countsOf(plan);
  const fresh = plan.fresh.length;
  if (run + maybe === 0) {
    return trans.__('Everything is up to date: nothing would run.');
  }
  return [
    run === 0 ? '' : trans._n('%1 task would run', '%1 tasks would run', run),
    maybe === 0 ? '' : trans._n('%1 may run', '%1 may run', maybe),
    fresh === 0 ? '' : trans._n('%1 is up to date', '%1 are up to date', fresh)
  ]
    .filter(part => part !== '')
    .join(' · ');
}

/** About how long it takes; '' when nobody can tell. */
export function estimateWords(trans: TranslationBundle, plan: BuildPlan): string {
  const { estimate, jobs } = plan;
  if (estimate === null) {
    return plan.tasks.length === 0
      ? ''
      : trans.__('How long that takes shows once the tasks have run for the first time.');
  }
  const words = trans._n(
    'About %2, one task at a time',
    'About %2, up to %1 tasks at a time',
    jobs,
    span(trans, estimate)
  );
  return estimate.unknown === 0
    ? `${words}.`
    : trans._n(
        '%2; %1 task that never succeeded is counted with the usual time.',
        '%2; %1 tasks that never succeeded are counted with the usual time.',
        estimate.unknown,
        words
      );
}

function span(trans: TranslationBundle, { least, most }: Estimate): string {
  const [from, to] = [duration(trans, least), duration(trans, most)];
  return from === to ? to : trans.__('%1 to %2', from, to);
}

/** Why a task would run, or when. */
export function whyWords(trans: TranslationBundle, task: PlannedTask): string {
  const [first, ...others] = task.after;
  if (task.verdict === 'maybe' && first !== undefined) {
    return others.length === 0
      ? trans.__('If what %1 makes changes.', first)
      : trans._n(
          'If what %2 or %1 other makes changes.',
          'If what %2 or one of %1 others makes changes.',
          others.length,
          first
        );
  }
  if (task.forced) {
    return trans.__('You ask for it, up to date or not.');
  }
  // What only follows from other tasks says nothing beside a reason of its own.
  const own = task.reasons.filter(reason => reason.kind !== 'upstream_stale');
  const told = own.length > 0 ? own : task.reasons;
  return told.map(reason => reasonWords(trans, reason)).join(' ');
}

/** What looking cannot tell, and a build finds out first. */
export function caveatWords(
  trans: TranslationBundle,
  caveat: BuildPlan['caveats'][number]
): string {
  switch (caveat) {
    case 'evaluation':
      return trans.__(
        'A build first runs the code that makes tasks or computes parameters: that may change this.'
      );
    case 'tables':
      return trans.__(
        'A build first looks into the database: tables that are gone are made again.'
      );
  }
}
