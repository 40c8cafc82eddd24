/**
 * The words for states, reasons, errors, times and durations.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Attempt, Reason, Run, Task } from './contract';
import type { CauceError } from './errors';
import { mainReason, type TaskState } from './taskstate';

/** A task's state in a word or three. */
export function stateWord(trans: TranslationBundle, task: Task, state: TaskState): string {
  switch (state) {
    case 'asked':
      return trans.__('starting');
    case 'running': {
      const { progress } = task.activity;
      return progress === null
        ? trans.__('running')
        : trans.__('running %1/%2', progress.done, progress.total);
    }
    case 'waiting':
      return trans.__('waiting');
    case 'broken':
      return trans.__('problems');
    case 'blocked':
      return trans.__('blocked');
    case 'failed': {
      const cell = task.lastAttempt?.error?.number ?? null;
      if (task.lastAttempt?.outcome === 'crashed') {
        return trans.__('crashed');
      }
      return cell === null ? trans.__('failed') : trans.__('failed in cell [%1]', cell);
    }
    case 'cancelled':
      return trans.__('cancelled');
    case 'skipped':
      return trans.__('skipped');
    case 'never':
      return trans.__('never run');
    case 'stale': {
      if (task.lastAttempt?.outcome === 'stopped') {
        return trans.__('ended the build early');
      }
      const reason = mainReason(task);
      return reason === null ? trans.__('out of date') : reasonWord(trans, reason.kind);
    }
    case 'fresh':
      return trans.__('up to date');
  }
}

function reasonWord(trans: TranslationBundle, kind: Reason['kind']): string {
  switch (kind) {
    case 'never_run':
      return trans.__('never run');
    case 'code_changed':
      return trans.__('code changed');
    case 'module_changed':
      return trans.__('module changed');
    case 'params_changed':
      return trans.__('params changed');
    case 'resource_changed':
      return trans.__('resource changed');
    case 'options_changed':
      return trans.__('options changed');
    case 'upstream_changed':
      return trans.__('upstream changed');
    case 'upstream_stale':
      return trans.__('upstream stale');
    case 'product_missing':
      return trans.__('product missing');
    case 'product_changed':
      return trans.__('product edited');
    case 'last_run_failed':
      return trans.__('last run failed');
  }
}

/** What runs a task. */
export function kindWord(trans: TranslationBundle, kind: Task['kind']): string {
  switch (kind) {
    case 'notebook':
      return trans.__('notebook');
    case 'script':
      return trans.__('script');
    case 'function':
      return trans.__('function');
    case 'sql':
      return trans.__('SQL script');
    case 'dump':
      return trans.__('SQL query to a file');
    case 'shell':
      return trans.__('shell script');
  }
}

/** What became of an attempt, in a word. */
export function outcomeWord(trans: TranslationBundle, outcome: Attempt['outcome']): string {
  switch (outcome) {
    case 'running':
      return trans.__('running');
    case 'ok':
      return trans.__('succeeded');
    case 'failed':
      return trans.__('failed');
    case 'cancelled':
      return trans.__('cancelled');
    case 'crashed':
      return trans.__('crashed');
    case 'stopped':
      return trans.__('ended the build early');
    case 'skipped':
      return trans.__('skipped');
  }
}

/** What went wrong with a request: in the server's words, or in ours where it had none. */
export function errorWords(trans: TranslationBundle, error: CauceError): string {
  switch (error.code) {
    case 'server-missing':
      return trans.__('The server part of Cauce is not running.');
    case 'unreachable':
      return trans.__('Cannot reach the server: see whether it still runs.');
    case 'unexpected':
      return trans.__('The server answered %1; its log may tell why.', error.status);
    default:
      return error.message;
  }
}

/** A length of time: '0.4 s', '12 s', '3 min 5 s', '2 h 10 min'. */
export function duration(trans: TranslationBundle, seconds: number): string {
  if (seconds < 9.95) {
    return trans.__('%1 s', (Math.round(seconds * 10) / 10).toString());
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return trans.__('%1 s', whole);
  }
  if (whole < 3600) {
    return trans.__('%1 min %2 s', Math.floor(whole / 60), whole % 60);
  }
  const minutes = Math.round(whole / 60);
  return trans.__('%1 h %2 min', Math.floor(minutes / 60), minutes % 60);
}

/** How long ago: 'just now', '5 min ago', '3 h ago', then the date. */
export function ago(trans: TranslationBundle, then: number, now: number): string {
  const seconds = now - then;
  if (seconds < 60) {
    return trans.__('just now');
  }
  if (seconds < 3600) {
    return trans.__('%1 min ago', Math.floor(seconds / 60));
  }
  if (seconds < 86_400) {
    return trans.__('%1 h ago', Math.floor(seconds / 3600));
  }
  return new Date(then * 1000).toLocaleDateString();
}

/** A moment in full. */
export function moment(time: number): string {
  return new Date(time * 1000).toLocaleString();
}

/** The time of day. */
export function clock(time: number): string {
  return new Date(time * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

/** A file's size. */
export function size(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 10 || unit === 0 ? String(Math.round(value)) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** What a run is, or came to, in one line. */
export function runWords(trans: TranslationBundle, run: Run): string {
  if (run.state !== 'running') {
    return run.message;
  }
  const states = Object.values(run.tasks);
  const done = states.filter(state => state !== 'waiting' && state !== 'running').length;
  return trans._n(
    'Building: %2 of %1 task done',
    'Building: %2 of %1 tasks done',
    states.length,
    done
  );
}
