/**
 * What is said of past runs, in the user's language.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Run, TaskComparison } from '../contract';
import type { IMark, TaskState } from '../taskstate';
import { MARKS } from '../taskstate';
import { duration, language, moment, number, outcomeWord } from '../words';
import { tookOf, type Ending } from './matrix';

/** What became of a task in a run, in a word. */
export function endingWord(trans: TranslationBundle, ending: Ending): string {
  switch (ending) {
    case 'waiting':
      return trans.__('waiting');
    case 'unchanged':
      return trans.__('up to date, not run');
    default:
      return outcomeWord(trans, ending);
  }
}

/** What became of a run, in a word. */
export function runWord(trans: TranslationBundle, state: Run['state']): string {
  return endingWord(trans, state);
}

/** How a run stands and how long it took; '' where it went well, since then its words say both. */
export function standingOf(trans: TranslationBundle, run: Run, now: number): string {
  return run.state === 'ok'
    ? ''
    : trans.__('%1, %2', runWord(trans, run.state), duration(trans, tookOf(run, now)));
}

/** The sign of an ending: that of the task's state where it has one, by shape and colour. */
export type Sign = TaskState | 'unchanged';

const SIGNS: Readonly<Record<Ending, Sign>> = {
  waiting: 'waiting',
  running: 'running',
  ok: 'fresh',
  failed: 'failed',
  cancelled: 'cancelled',
  crashed: 'failed',
  stopped: 'cancelled',
  skipped: 'skipped',
  unchanged: 'unchanged'
};

export function signOf(ending: Ending): Sign {
  return SIGNS[ending];
}

/** The sign's shape. That nothing had to be done is no more than a point. */
export function markOf(sign: Sign): IMark {
  return sign === 'unchanged' ? { line: 'M5 6h2' } : MARKS[sign];
}

/** When a run began, short: the time of today to the second, else with the day, else with the year. */
export function when(time: number, now: number): string {
  const [date, today] = [new Date(time * 1000), new Date(now * 1000)];
  const clock = { hour: '2-digit', minute: '2-digit' } as const;
  if (date.toDateString() === today.toDateString()) {
    return date.toLocaleTimeString(language(), { ...clock, second: '2-digit' });
  }
  const year = date.getFullYear() === today.getFullYear() ? undefined : 'numeric';
  return date.toLocaleString(language(), { day: 'numeric', month: 'short', year, ...clock });
}

/** The day over so many columns of the grid: as much of it as there is room for. */
export function dayLabel(time: number, columns: number): string {
  const date = new Date(time * 1000);
  return date.toLocaleDateString(
    language(),
    columns > 1 ? { day: 'numeric', month: 'short' } : { day: 'numeric' }
  );
}

/** What a run is called. */
export function runTitle(trans: TranslationBundle, run: Run): string {
  return trans.__('Run of %1', moment(run.started));
}

/** A mark on the axis of time: '0', '5 s', '2 min', '3 h'. */
export function tickLabel(trans: TranslationBundle, seconds: number): string {
  if (seconds === 0) {
    return '0';
  }
  if (seconds % 3600 === 0) {
    return trans.__('%1 h', seconds / 3600);
  }
  if (seconds % 60 === 0) {
    return trans.__('%1 min', seconds / 60);
  }
  return trans.__('%1 s', number(seconds));
}

/** What differs of a task, in a word. */
export function changeWord(
  trans: TranslationBundle,
  change: TaskComparison['changes'][number]
): string {
  switch (change) {
    case 'outcome':
      return trans.__('outcome');
    case 'code':
      return trans.__('code');
    case 'params':
      return trans.__('parameters');
    case 'modules':
      return trans.__('modules');
    case 'resources':
      return trans.__('resources');
    case 'options':
      return trans.__('options');
    case 'upstream':
      return trans.__('upstream');
    case 'metrics':
      return trans.__('metrics');
    case 'products':
      return trans.__('products');
  }
}

/** A number as people read it: no more digits than tell something. */
export function numberWord(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15
    ? value.toString()
    : Number(value.toPrecision(6)).toString();
}

/** By how much a number has changed: '+0.04 (+5 %)'. */
export function deltaWord(trans: TranslationBundle, before: number, after: number): string {
  const difference = after - before;
  const signed = (value: number): string => (value > 0 ? '+' : '') + numberWord(value);
  if (difference === 0) {
    return trans.__('same');
  }
  if (before === 0) {
    return signed(difference);
  }
  const percent = (difference / Math.abs(before)) * 100;
  const rounded = Number(percent.toPrecision(Math.abs(percent) < 10 ? 2 : 3));
  return trans.__('%1 (%2 %)', signed(difference), (rounded > 0 ? '+' : '') + String(rounded));
}
