/**
 * The words for states, reasons, errors, times and durations.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Attempt, Reason, Run, Task } from './contract';
import type { CauceError } from './errors';
import type { Action, IAsked } from './model';
import { mainReason, type TaskState } from './taskstate';

/** A task's state in a word or three. */
export function stateWord(trans: TranslationBundle, task: Task, state: TaskState): string {
  switch (state) {
    case 'asked':
      return trans.__('starting');
    case 'running': {
      const { progress, retry } = task.activity;
      if (retry !== '') {
        return trans.__('waiting to retry');
      }
      return progress === null
        ? trans.__('running')
        : progress.total === 0
          ? trans.__('starting')
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

/** A state by itself, whatever task is in it. */
export function stateName(trans: TranslationBundle, state: TaskState): string {
  switch (state) {
    case 'asked':
      return trans.__('starting');
    case 'running':
      return trans.__('running');
    case 'waiting':
      return trans.__('waiting');
    case 'broken':
      return trans.__('problems');
    case 'blocked':
      return trans.__('blocked');
    case 'failed':
      return trans.__('failed');
    case 'cancelled':
      return trans.__('cancelled');
    case 'skipped':
      return trans.__('skipped');
    case 'never':
      return trans.__('never run');
    case 'stale':
      return trans.__('out of date');
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

/** Why a task is out of date, in a sentence: as the server says it, in the user's language. */
export function reasonWords(trans: TranslationBundle, reason: Reason): string {
  const { kind, how, subject, task } = reason;
  const before = reason.before ?? trans.__('nothing');
  const after = reason.after ?? trans.__('nothing');
  switch (kind) {
    case 'never_run':
      return trans.__('It has never run.');
    case 'last_run_failed':
      return lastRunWords(trans, how);
    case 'code_changed':
      return trans.__('The code changed.');
    case 'module_changed':
      switch (how) {
        case 'added':
          return trans.__('The module %1 is new.', subject);
        case 'removed':
          return trans.__('The module %1 is no longer used.', subject);
        case 'pickled':
          return trans.__(
            'The module %1 changed, whose objects %2 may have pickled.',
            subject,
            task
          );
        default:
          return trans.__('The module %1 changed.', subject);
      }
    case 'params_changed':
      switch (how) {
        case 'computed':
          return trans.__('The parameter %1 is computed when built.', subject);
        case 'added':
          return trans.__('The parameter %1 is new: %2.', subject, after);
        case 'removed':
          return trans.__('The parameter %1 (was %2) is gone.', subject, before);
        default:
          return trans.__('The parameter %1 changed from %2 to %3.', subject, before, after);
      }
    case 'resource_changed':
      switch (how) {
        case 'added':
          return trans.__('The resource %1 is new.', subject);
        case 'removed':
          return trans.__('The resource %1 is no longer used.', subject);
        default:
          return trans.__('The resource %1 changed.', subject);
      }
    case 'options_changed':
      return how === 'filled_in'
        ? trans.__('What is filled in as %1 changed from %2 to %3.', subject, before, after)
        : trans.__('The %1 changed from %2 to %3.', subject, before, after);
    case 'upstream_changed':
      switch (how) {
        case 'added':
          return trans.__('It now uses %1.', subject);
        case 'removed':
          return trans.__('It no longer uses %1.', subject);
        default:
          return trans.__('What %1 makes changed.', subject);
      }
    case 'upstream_stale':
      return trans.__('%1 is stale: what it makes may change.', subject);
    case 'product_missing': {
      const [what = '', name] = subject.split('://');
      if (name === undefined) {
        return trans.__('%1 is missing.', subject);
      }
      return what === 'view'
        ? trans.__('The view %1 was not made yet.', name)
        : trans.__('The table %1 was not made yet.', name);
    }
    case 'product_changed':
      return trans.__('%1 was changed by something else.', subject);
  }
}

function lastRunWords(trans: TranslationBundle, how: Reason['how']): string {
  switch (how) {
    case 'running':
      return trans.__('The last run was interrupted.');
    case 'cancelled':
      return trans.__('The last run was cancelled.');
    case 'crashed':
      return trans.__('The last run crashed.');
    case 'stopped':
      return trans.__('The last run ended the build early.');
    default:
      return trans.__('The last run failed.');
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
    return trans.__('%1 s', number(seconds));
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
  return new Date(then * 1000).toLocaleDateString(language());
}

/** What dates are written in: the page's language, as the user's country writes it if that is known. */
export function language(): string | undefined {
  const { lang } = document.documentElement;
  const [base] = lang.split('-');
  const spoken = navigator.languages.find(each => each.split('-')[0] === base);
  return spoken ?? (lang === '' ? undefined : lang);
}

/** A moment in full. */
export function moment(time: number): string {
  return new Date(time * 1000).toLocaleString(language());
}

/** The time of day. */
export function clock(time: number): string {
  return new Date(time * 1000).toLocaleTimeString(language(), {
    hour: '2-digit',
    minute: '2-digit'
  });
}

const FORMATS = new Map<string, Intl.NumberFormat>();

/** A number as the page's language writes it: of what is after the point so many digits, or no more than that. */
export function number(value: number, digits = 1, all = false): string {
  const key = `${language() ?? ''} ${String(digits)} ${String(all)}`;
  // Making one takes longer than using it a hundred times.
  const format =
    FORMATS.get(key) ??
    new Intl.NumberFormat(language(), {
      maximumFractionDigits: digits,
      minimumFractionDigits: all ? digits : 0
    });
  FORMATS.set(key, format);
  return format.format(value);
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
  return `${number(value, value >= 10 || unit === 0 ? 0 : 1, true)} ${units[unit] ?? ''}`;
}

/** Why a task of a run went wrong; '' where that is not known. */
export type CauseOf = (task: string) => string;

/** The causes that the tasks' last attempts tell of a run. */
export function lastCauses(run: Run, tasks: readonly Task[]): CauseOf {
  return name => {
    const attempt = tasks.find(task => task.name === name)?.lastAttempt ?? null;
    return attempt?.run === run.id ? attempt.cause : '';
  };
}

/**
 * What a run is, or came to, in one line. `started` is what it was started for from this page, which
 * knows that before the server tells. What a hook of the whole pipeline has done, and why nothing could
 * be written down any more, the server tells.
 */
export function runWords(
  trans: TranslationBundle,
  run: Run,
  started: Action | null,
  causeOf: CauseOf
): string {
  const action = started ?? run.action;
  switch (run.state) {
    case 'running':
      return runningWords(trans, run, action);
    case 'ok':
      return okWords(trans, run, action, causeOf);
    case 'failed':
      return failedWords(trans, run, causeOf);
    case 'cancelled': {
      const ran = countOf(run, 'ok');
      return ran === 0
        ? trans.__('Cancelled')
        : trans._n('Cancelled: %1 task had run', 'Cancelled: %1 tasks had run', ran);
    }
    case 'crashed':
      return run.ended === null ? killedWords(trans) : run.message;
  }
}

/** What nobody has written the end of was killed. */
export function killedWords(trans: TranslationBundle): string {
  return trans.__('The builder was killed.');
}

function runningWords(trans: TranslationBundle, run: Run, action: Action | null): string {
  if (action === 'evaluate') {
    return trans.__('Evaluating…');
  }
  const total = Object.keys(run.tasks).length;
  const done = total - countOf(run, 'waiting') - countOf(run, 'running');
  const failed = countOf(run, 'failed') + countOf(run, 'crashed');
  const words = trans._n(
    'Building: %2 of %1 task done',
    'Building: %2 of %1 tasks done',
    total,
    done
  );
  return failed === 0 ? words : trans.__('%1, %2 failed', words, failed);
}

function okWords(
  trans: TranslationBundle,
  run: Run,
  action: Action | null,
  causeOf: CauseOf
): string {
  const ran = countOf(run, 'ok');
  if (action === 'evaluate') {
    return trans.__('Evaluated');
  }
  const through = ran + countOf(run, 'unchanged') === Object.keys(run.tasks).length;
  const stopped = Object.keys(run.tasks).find(name => run.tasks[name] === 'stopped');
  if (!through) {
    return stopped === undefined
      ? run.message
      : [
          withCause(trans.__('%1 ended the build early', stopped), trans, causeOf(stopped)),
          ...restWords(trans, run)
        ].join('; ');
  }
  if (ran === 0) {
    return action === null ? run.message : trans.__('Everything is up to date');
  }
  if (action === 'mark') {
    return trans._n('%1 task marked as up to date', '%1 tasks marked as up to date', ran);
  }
  const took = duration(trans, (run.ended ?? run.started) - run.started);
  return trans._n('%1 task ran in %2', '%1 tasks ran in %2', ran, took);
}

function failedWords(trans: TranslationBundle, run: Run, causeOf: CauseOf): string {
  const failed = failedTasks(run);
  const [first] = failed;
  if (first === undefined) {
    return run.message;
  }
  return [
    withCause(trans.__('%1 failed', first), trans, causeOf(first)),
    ...(failed.length > 1 ? [trans.__('%1 more failed', failed.length - 1)] : []),
    ...restWords(trans, run)
  ].join('; ');
}

/** What became of the tasks that did not come to run. */
function restWords(trans: TranslationBundle, run: Run): readonly string[] {
  const skipped = countOf(run, 'skipped');
  return skipped > 0 ? [trans.__('%1 skipped', skipped)] : [];
}

function withCause(words: string, trans: TranslationBundle, cause: string): string {
  const [line = ''] = cause.split('\n');
  return line === ''
    ? words
    : trans.__('%1: %2', words, line.length > CAUSE ? `${line.slice(0, CAUSE)}…` : line);
}

/** So much of a cause is told in a line. */
const CAUSE = 120;

/** The tasks of a run that went wrong by themselves, in build order. */
export function failedTasks(run: Run): readonly string[] {
  return Object.entries(run.tasks).flatMap(([name, state]) =>
    state === 'failed' || state === 'crashed' ? [name] : []
  );
}

function countOf(run: Run, state: Run['tasks'][string]): number {
  return Object.values(run.tasks).filter(each => each === state).length;
}

/** Why nothing can be started now; '' when it can. */
export function busyWords(trans: TranslationBundle, run: Run | null, asked: IAsked | null): string {
  if (asked !== null) {
    return trans.__('A build is being started.');
  }
  return run?.state === 'running'
    ? trans.__('The pipeline is being built: wait for it to end, or cancel it.')
    : '';
}
