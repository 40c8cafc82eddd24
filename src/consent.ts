/**
 * Asks the user before something is done for somebody else than their own hand.
 */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { RunRequest } from './contract';

/** What commands ask for. None builds what depends on a task. */
export type Request = Pick<RunRequest, 'action' | 'force'> & { readonly mode?: 'only' | 'up_to' };

/** Does the user agree? `null` stands for the whole pipeline. */
export async function confirm(
  trans: TranslationBundle,
  pipeline: string,
  task: string | null,
  request: Request
): Promise<boolean> {
  const { title, body, accept } = question(trans, pipeline, task, request);
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

/** What would be done, and what of the project's code would run. */
function question(
  trans: TranslationBundle,
  pipeline: string,
  task: string | null,
  { action, mode }: Request
): { readonly title: string; readonly body: string; readonly accept: string } {
  if (action === 'mark') {
    return {
      title: trans.__('Take the task for up to date?'),
      body: trans.__(
        'Something other than the pipeline panel asks to take the task “%1” of “%2” for up to date as it is. The task is not run; code that makes the pipeline or computes its parameters is.',
        task ?? '',
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
  if (task === null) {
    return {
      title,
      body: trans.__(
        'Something other than the pipeline panel asks to build “%1”, which runs the code of its tasks.',
        pipeline
      ),
      accept
    };
  }
  return {
    title,
    body:
      mode === 'only'
        ? trans.__(
            'Something other than the pipeline panel asks to run the task “%1” of “%2”, without what it needs.',
            task,
            pipeline
          )
        : trans.__(
            'Something other than the pipeline panel asks to run the task “%1” of “%2”, with what it needs.',
            task,
            pipeline
          ),
    accept
  };
}
