/**
 * Commands that start and stop builds.
 *
 * They ask first, unless the user's own hand is on one of JupyterLab's controls.
 */
import { runIcon, stopIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { confirm, type Request } from '../consent';
import type { PipelineModel } from '../model';
import { canRun as canRunNow } from '../taskstate';
import { currentEvent, isUserGesture } from '../trust';
import { CommandIDs } from './ids';
import { argumentSchemas, choosePipeline, targetOf, text, type ICommandContext } from './target';

export function addRunningCommands(context: ICommandContext): void {
  const { commands, model, actions, trans, notebookPipeline } = context;
  const schemas = argumentSchemas(trans);

  commands.addCommand(CommandIDs.build, {
    label: trans.__('Build Pipeline'),
    caption: trans.__(
      'Run every task that is out of date. Open files of the pipeline with changes are saved first.'
    ),
    icon: runIcon,
    describedBy: { args: schemas.pipeline },
    isEnabled: args =>
      text(args.pipeline) !== null || notebookPipeline() !== null || isBuildable(model),
    execute: args => run(context, args, 'all', {})
  });
  commands.addCommand(CommandIDs.buildForce, {
    label: trans.__('Build Pipeline from Scratch'),
    caption: trans.__('Run every task, though it be up to date'),
    describedBy: { args: schemas.pipeline },
    isEnabled: args =>
      text(args.pipeline) !== null || notebookPipeline() !== null || isBuildable(model),
    execute: args => run(context, args, 'all', { force: true })
  });
  commands.addCommand(CommandIDs.cancel, {
    label: trans.__('Cancel Build'),
    caption: trans.__('Stop the running build. What is done stays done.'),
    icon: stopIcon,
    describedBy: { args: schemas.none },
    isEnabled: () => model.running,
    execute: () => actions.running.cancel()
  });
  commands.addCommand(CommandIDs.runTask, {
    label: trans.__('Run Task (with What It Needs)'),
    caption: trans.__('Run the task and what it needs, as far as it is out of date'),
    icon: runIcon,
    describedBy: { args: schemas.task },
    isEnabled: args => canRun(model, args),
    execute: args => run(context, args, 'task', {})
  });
  commands.addCommand(CommandIDs.forceTask, {
    label: trans.__('Force Run Task'),
    caption: trans.__('Run the task though it be up to date'),
    describedBy: { args: schemas.task },
    isEnabled: args => canRun(model, args),
    execute: args => run(context, args, 'task', { force: true })
  });
  commands.addCommand(CommandIDs.runOnly, {
    label: trans.__('Run Only This Task'),
    caption: trans.__('Run the task on what is there, without what it needs'),
    describedBy: { args: schemas.task },
    isEnabled: args => canRun(model, args),
    execute: args => run(context, args, 'task', { mode: 'only' })
  });
  commands.addCommand(CommandIDs.evaluate, {
    label: trans.__('Evaluate Pipeline'),
    caption: trans.__(
      'Run the code that makes the pipeline or computes its parameters, without building anything'
    ),
    describedBy: { args: schemas.pipeline },
    isEnabled: args =>
      text(args.pipeline) !== null || (model.snapshot?.evaluable === true && !model.running),
    execute: args => run(context, args, 'all', { action: 'evaluate' })
  });
  commands.addCommand(CommandIDs.markTask, {
    label: trans.__('Mark as Up to Date'),
    caption: trans.__('Take the task for up to date as it is, without running it'),
    describedBy: { args: schemas.task },
    isEnabled: args => {
      const task = targetOf(model, args);
      return task?.buildable === true && task.freshness.state === 'stale' && !model.running;
    },
    execute: args => run(context, args, 'task', { action: 'mark', mode: 'only' })
  });
}

/** Run the tasks, after asking if need be: one, or the whole pipeline. */
async function run(
  { model, actions, trans, notebookPipeline }: ICommandContext,
  args: ReadonlyPartialJSONObject,
  what: 'all' | 'task',
  request: Request
): Promise<void> {
  // First of all, while the event is still there to be seen.
  const wanted = isUserGesture(currentEvent());
  if (!(await choosePipeline(model, args, what === 'all' ? notebookPipeline() : null))) {
    return;
  }
  const task = what === 'all' ? null : targetOf(model, args);
  if (what === 'task' && task === null) {
    return;
  }
  if (wanted || (await confirm(trans, model.path ?? '', task?.name ?? null, request))) {
    await actions.running.build(task === null ? request : { ...request, tasks: [task.name] });
  }
}

function canRun(model: PipelineModel, args: ReadonlyPartialJSONObject): boolean {
  // Another pipeline's tasks are known only once it is chosen.
  const other = text(args.pipeline);
  if (other !== null && other !== model.path) {
    return true;
  }
  const task = targetOf(model, args);
  return task !== null && canRunNow(task, model.snapshot?.run ?? null, model.asked);
}

/** Can anything of the current pipeline be built now? */
export function isBuildable(model: PipelineModel): boolean {
  return model.snapshot?.tasks.some(task => task.buildable) === true && !model.running;
}
