/**
 * Asks the user before something is done for somebody else than their own hand.
 */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { RunRequest } from './contract';

/** Does the user agree? A request that names no task is about the whole pipeline. */
export async function confirm(
  trans: TranslationBundle,
  pipeline: string,
  request: RunRequest
): Promise<boolean> {
  const { title, body, accept } = question(trans, pipeline, request);
  const result = await showDialog({
    title,
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: accept })
    ],
    defaultButton: 0
  });
  return result.button.accept;
}

/** Does the user agree that a failed task is debugged? */
export async function confirmDebug(
  trans: TranslationBundle,
  pipeline: string,
  task: string
): Promise<boolean> {
  const result = await showDialog({
    title: trans.__('Run code of this project?'),
    body: trans.__(
      'Something other than the pipeline panel asks to debug the task “%1” of “%2”, which runs the cells before the one that failed in the kernel of its notebook.',
      task,
      pipeline
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Run') })
    ],
    defaultButton: 0
  });
  return result.button.accept;
}

/** What would be done, and what of the project's code would run. */
function question(
  trans: TranslationBundle,
  pipeline: string,
  { action, mode, tasks = [] }: RunRequest
): { readonly title: string; readonly body: string; readonly accept: string } {
  if (action === 'mark') {
    return {
      title: trans.__('Take the task for up to date?'),
      body: trans.__(
        'Something other than the pipeline panel asks to take the task “%1” of “%2” for up to date as it is. The task is not run; code that makes the pipeline or computes its parameters is.',
        named(trans, tasks),
        pipeline
      ),
      accept: trans.__('Mark as Up to Date')
    };
  }
  const title = trans.__('Run code of this project?');
  if (action === 'evaluate') {
    return {
      title,
      body: trans.__(
        'Something other than the pipeline panel asks to evaluate “%1”, which runs the code that makes the pipeline or computes its parameters, and no task.',
        pipeline
      ),
      accept: trans.__('Evaluate')
    };
  }
  const accept = trans.__('Run');
  if (tasks.length === 0) {
    return {
      title,
      body: trans.__(
        'Something other than the pipeline panel asks to build “%1”, which runs the code of its tasks.',
        pipeline
      ),
      accept
    };
  }
  return { title, body: aboutTasks(trans, pipeline, tasks, mode), accept };
}

function aboutTasks(
  trans: TranslationBundle,
  pipeline: string,
  tasks: readonly string[],
  mode: RunRequest['mode']
): string {
  const names = named(trans, tasks);
  switch (mode) {
    case 'only':
      return trans._n(
        'Something other than the pipeline panel asks to run the task “%2” of “%3”, without what it needs.',
        'Something other than the pipeline panel asks to run the tasks “%2” of “%3”, without what they need.',
        tasks.length,
        names,
        pipeline
      );
    case 'from':
      return trans._n(
        'Something other than the pipeline panel asks to run the task “%2” of “%3”, and what depends on it.',
        'Something other than the pipeline panel asks to run the tasks “%2” of “%3”, and what depends on them.',
        tasks.length,
        names,
        pipeline
      );
    default:
      return trans._n(
        'Something other than the pipeline panel asks to run the task “%2” of “%3”, with what it needs.',
        'Something other than the pipeline panel asks to run the tasks “%2” of “%3”, with what they need.',
        tasks.length,
        names,
        pipeline
      );
  }
}

const NAMED = 5;

/** The names, but not so many that nobody reads them. */
function named(trans: TranslationBundle, tasks: readonly string[]): string {
  const some = tasks.slice(0, NAMED).join('”, “');
  const rest = tasks.length - NAMED;
  return rest > 0 ? trans._n('%2” and %1 more', '%2” and %1 more', rest, some) : some;
}
