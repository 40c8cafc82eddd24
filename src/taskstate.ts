/**
 * How a task looks: one of eleven states, told by a shape and a word and never by colour alone.
 *
 * The contract answers two questions (is it current, what is it doing); a row or a node of
 * the graph has room for one answer. The choice is made here.
 */
import type { Reason, Run, Task } from './contract';
import type { IAsked } from './model';

export type TaskState =
  | 'asked'
  | 'running'
  | 'waiting'
  | 'broken'
  | 'blocked'
  | 'failed'
  | 'cancelled'
  | 'skipped'
  | 'never'
  | 'stale'
  | 'fresh';

/** A sign of 12 by 12 units, as SVG path data: some of it drawn as a line, some filled. */
export interface IMark {
  readonly line: string;
  readonly fill?: string;
}

const CIRCLE = 'M6 1.4a4.6 4.6 0 1 1 0 9.2 4.6 4.6 0 1 1 0-9.2Z';

/** What stands for each state. Shapes differ, so that they can be told without colour. */
export const MARKS: Readonly<Record<TaskState, IMark>> = {
  asked: { line: 'M2 6h.01M6 6h.01M10 6h.01' },
  running: { line: 'M6 1.4A4.6 4.6 0 1 1 1.4 6' },
  waiting: { line: `${CIRCLE}M6 3.4V6l1.9 1.3` },
  broken: { line: 'M6 1.3 11.1 10.4H.9ZM6 4.8v2.4M6 8.9v.01' },
  blocked: { line: `${CIRCLE}M3.2 6h5.6` },
  failed: { line: 'M2.6 2.6l6.8 6.8M9.4 2.6 2.6 9.4' },
  cancelled: { line: 'M2.6 2.6h6.8v6.8H2.6Z' },
  skipped: { line: 'M2 2.6 5.4 6 2 9.4M6.6 2.6 10 6 6.6 9.4' },
  never: { line: CIRCLE },
  stale: { line: CIRCLE, fill: 'M6 1.4a4.6 4.6 0 1 1 0 9.2Z' },
  fresh: { line: 'M1.9 6.4 4.8 9.3 10.2 3' }
};

/** Beside the state of a task that can be built and will fail, as far as its code tells. */
export const FLAW = { fill: 'M6 .8 11.6 11H.4Z', line: 'M6 4.6v2.6M6 9v.01' };

/** The state to show for a task. */
export function stateOf(task: Task, run: Run | null, asked: IAsked | null): TaskState {
  if (task.activity.state !== 'idle') {
    return task.activity.state;
  }
  if (asked?.tasks.includes(task.name) === true) {
    return 'asked';
  }
  if (task.freshness.state === 'fresh') {
    return 'fresh';
  }
  if (!task.sound) {
    return 'broken';
  }
  if (task.freshness.state === 'unknown') {
    return 'blocked';
  }
  switch (task.lastAttempt?.outcome) {
    case 'failed':
    case 'crashed':
      return 'failed';
    case 'cancelled':
      return 'cancelled';
    case 'skipped':
      return 'skipped';
    default:
  }
  if (run?.tasks[task.name] === 'skipped') {
    return 'skipped';
  }
  return task.freshness.reasons.some(reason => reason.kind === 'never_run') ? 'never' : 'stale';
}

/** Can the task be run now? Not while its pipeline is being built: one build at a time. */
export function canRun(task: Task, run: Run | null, asked: IAsked | null): boolean {
  return task.buildable && asked === null && run?.state !== 'running';
}

/** Reasons from the one that says most to the one that merely follows from others. */
const WEIGHT: readonly Reason['kind'][] = [
  'last_run_failed',
  'never_run',
  'code_changed',
  'params_changed',
  'resource_changed',
  'module_changed',
  'options_changed',
  'product_missing',
  'product_changed',
  'upstream_changed',
  'upstream_stale'
];

/** The reason to name when there is room for one. */
export function mainReason(task: Task): Reason | null {
  return task.freshness.reasons.reduce<Reason | null>(
    (best, next) =>
      best === null || WEIGHT.indexOf(next.kind) < WEIGHT.indexOf(best.kind) ? next : best,
    null
  );
}
