/**
 * The words of the split dialog that several of its parts say.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Split, SplitDefinition, SplitFile, SplitRun, SplitVariable } from '../contract';
import type { CauceError } from '../errors';
import type { SplitFormat } from './edits';
import { countRemarks } from './sections';

export function formatWord(trans: TranslationBundle, format: SplitFormat): string {
  switch (format) {
    case 'parquet':
      return trans.__('Parquet');
    case 'csv':
      return trans.__('CSV');
    case 'npy':
      return trans.__('NumPy file');
    case 'json':
      return trans.__('JSON');
    case 'joblib':
      return trans.__('joblib');
    case 'png':
      return trans.__('picture and pickle');
    case 'pickle':
      return trans.__('pickle');
    case 'cloudpickle':
      return trans.__('cloudpickle');
    case 'dill':
      return trans.__('dill');
    case 'recreate':
      return trans.__('not stored, made again');
  }
}

/** How it is known. */
export function evidenceWord(
  trans: TranslationBundle,
  evidence: SplitVariable['evidence']
): string {
  switch (evidence) {
    case 'static':
      return trans.__('in the code');
    case 'traced':
      return trans.__('seen when run');
    case 'user':
      return trans.__('yours');
  }
}

export function goesWord(trans: TranslationBundle, goes: SplitDefinition['goes']): string {
  switch (goes) {
    case 'module':
      return trans.__('into the module');
    case 'parameters':
      return trans.__('into the module, with more parameters');
    case 'copied':
      return trans.__('copied into each task that uses it');
  }
}

export function fileWord(trans: TranslationBundle, kind: SplitFile['kind']): string {
  switch (kind) {
    case 'created':
      return trans.__('is created');
    case 'edited':
      return trans.__('is edited');
    case 'same':
      return trans.__('is there already');
    case 'kept':
      return trans.__('stays as it is');
  }
}

/** A cell. People count from 1, as all messages and the command line do; the contract, from 0. */
export function cellWord(trans: TranslationBundle, cell: number): string {
  return trans.__('cell %1', cell + 1);
}

export function cellsWord(trans: TranslationBundle, count: number): string {
  return trans._n('%1 cell', '%1 cells', count);
}

export function tasksWord(trans: TranslationBundle, count: number): string {
  return trans._n('%1 task', '%1 tasks', count);
}

/** A type without its modules: 'DataFrame' of 'pandas.DataFrame'. */
export function typeWord(type: string): string {
  return type.split('.').at(-1) ?? type;
}

/** How far a run of the notebook has come. */
export function traceWord(trans: TranslationBundle, run: SplitRun): string {
  switch (run.state) {
    case 'none':
      return '';
    case 'running':
      return run.total === 0
        ? trans.__('Starting a kernel…')
        : trans.__('Running cell %1 of %2', Math.min(run.done + 1, run.total), run.total);
    case 'done':
      return trans.__('Traced');
    case 'cancelled':
      return trans.__('The trace was stopped.');
    case 'failed':
      return run.cell === null
        ? trans.__('The notebook could not be run.')
        : trans.__('The notebook failed in cell %1.', run.cell + 1);
  }
}

/** What is known of a split, as far as it decides whether it can be written. */
export interface IStanding {
  readonly plan: Split | null;
  readonly asking: boolean;
  readonly error: CauceError | null;
  readonly outdated: boolean;
  readonly applying: boolean;
}

/** Why the split cannot be written now; '' when it can. */
export function whyNotApply(trans: TranslationBundle, standing: IStanding): string {
  const { plan, asking, error, outdated, applying } = standing;
  if (applying) {
    return trans.__('The files are being written.');
  }
  if (outdated) {
    return trans.__('The notebook has changed: plan again first.');
  }
  if (asking) {
    return trans.__('The plan is being made.');
  }
  if (plan === null || error !== null) {
    return trans.__('There is no plan: see what went wrong.');
  }
  if (!plan.applicable) {
    const { error: errors } = countRemarks(plan.remarks);
    return trans._n(
      '%1 error is to be mended first: see the notes.',
      '%1 errors are to be mended first: see the notes.',
      errors
    );
  }
  return '';
}
