/**
 * Commands for after a failure.
 *
 * To debug runs code, so it asks first, unless the user's own hand is on one of JupyterLab's controls.
 */
import { bugIcon } from '@jupyterlab/ui-components';

import { confirmDebug } from '../consent';
import { currentEvent, isUserGesture } from '../trust';
import { CommandIDs } from './ids';
import { argumentSchemas, targetOf, withTask, type ICommandContext } from './target';

export function addDebuggingCommands({ commands, model, actions, trans }: ICommandContext): void {
  const schemas = argumentSchemas(trans);

  commands.addCommand(CommandIDs.openFailing, {
    label: trans.__('Open at the Failing Cell'),
    caption: trans.__('Open the task’s source where its last run failed'),
    describedBy: { args: schemas.task },
    isEnabled: args => targetOf(model, args)?.lastAttempt?.error != null,
    execute: args => withTask(model, args, task => actions.debugging.openFailing(task))
  });
  commands.addCommand(CommandIDs.debugTask, {
    label: trans.__('Debug Failed Task'),
    caption: trans.__(
      'Open the task’s source as a notebook, and run in its kernel every cell before the one that failed'
    ),
    icon: bugIcon,
    describedBy: { args: schemas.task },
    isEnabled: args => {
      const task = targetOf(model, args);
      return task !== null && actions.debugging.whyNot(task) === '';
    },
    execute: args => {
      // First of all, while the event is still there to be seen.
      const wanted = isUserGesture(currentEvent());
      return withTask(model, args, async task => {
        if (wanted || (await confirmDebug(trans, model.path ?? '', task.name))) {
          await actions.debugging.debug(task);
        }
      });
    }
  });
}
