/**
 * How a run went in time. Pure: spans of seconds, and marks for an axis.
 */
import type { RunAttempt, RunDetail } from '../contract';
import type { Ending } from './matrix';

export interface ISpan {
  /** Seconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** It ran; it could have run, and no place was free; it waited to be tried again. */
  readonly kind: 'ran' | 'waited' | 'rested';
  /** Of one that ran: how that attempt ended. */
  readonly outcome: RunAttempt['outcome'] | null;
}

export interface IBar {
  readonly task: string;
  readonly ending: Ending;
  readonly spans: readonly ISpan[];
  readonly attempts: number;
  /** Why the last attempt ended as it did. */
  readonly cause: string;
  /** Was it this task that the end of the run waited for? */
  readonly critical: boolean;
}

export interface IGantt {
  readonly from: number;
  readonly to: number;
  readonly bars: readonly IBar[];
}

/** A wait that nobody sees is none. */
const SHORTEST_WAIT = 0.05;

/** The run in time; `now` is where what goes on has come to. */
export function ganttOf({ run, attempts }: RunDetail, now: number): IGantt {
  const byTask = new Map<string, RunAttempt[]>();
  for (const attempt of attempts) {
    const known = byTask.get(attempt.task);
    if (known === undefined) {
      byTask.set(attempt.task, [attempt]);
    } else {
      known.push(attempt);
    }
  }
  const critical = run.state === 'running' ? new Set<string>() : criticalPath(byTask);
  const end = (task: string): number => byTask.get(task)?.at(-1)?.ended ?? run.started;
  const bars = Object.entries(run.tasks).map(([task, ending]): IBar => {
    const tries = byTask.get(task) ?? [];
    const spans: ISpan[] = [];
    let before = Math.max(run.started, ...(tries[0]?.upstream ?? []).map(end));
    tries.forEach((attempt, i) => {
      if (attempt.started - before >= SHORTEST_WAIT) {
        const kind = i === 0 ? 'waited' : 'rested';
        spans.push({ from: before, to: attempt.started, kind, outcome: null });
      }
      const to = Math.max(attempt.started, attempt.ended ?? now);
      spans.push({ from: attempt.started, to, kind: 'ran', outcome: attempt.outcome });
      before = to;
    });
    if (ending === 'running' && tries.at(-1)?.ended != null && now > before) {
      spans.push({ from: before, to: now, kind: 'rested', outcome: null });
    }
    return {
      task,
      ending,
      spans,
      attempts: tries.length,
      cause: tries.at(-1)?.cause ?? '',
      critical: critical.has(task)
    };
  });
  const last = bars.flatMap(bar => bar.spans.map(span => span.to));
  return { from: run.started, to: Math.max(run.ended ?? now, run.started, ...last), bars };
}

/** From the task that ended last back to each that it waited for longest. One task alone is no path. */
function criticalPath(byTask: ReadonlyMap<string, readonly RunAttempt[]>): ReadonlySet<string> {
  const latest = (tasks: Iterable<string>): string | null => {
    let found: string | null = null;
    let when = -Infinity;
    for (const task of tasks) {
      const ended = byTask.get(task)?.at(-1)?.ended;
      if (ended != null && ended > when) {
        [found, when] = [task, ended];
      }
    }
    return found;
  };
  const path = new Set<string>();
  for (
    let task = latest(byTask.keys());
    task !== null && !path.has(task);
    task = latest(byTask.get(task)?.[0]?.upstream ?? [])
  ) {
    path.add(task);
  }
  return path.size > 1 ? path : new Set();
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440];

/** Round numbers of seconds from 0 to a length, no more than `most` beside the 0. */
export function ticksOf(length: number, most: number): readonly number[] {
  const steps = [...STEPS, ...MINUTES.map(minutes => minutes * 60)];
  const longest = 86_400;
  const step =
    steps.find(each => length / each <= Math.max(1, most)) ??
    Math.ceil(length / Math.max(1, most) / longest) * longest;
  return Array.from({ length: Math.floor(length / step + 1e-9) + 1 }, (_, i) => i * step);
}
