/**
 * Commands that start and stop builds, and that show what one would do.
 *
 * Those that start one ask first, unless the user's own hand is on one of JupyterLab's controls.
 */
import { runIcon, stopIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { confirm } from '../consent';
import type { RunRequest } from '../contract';
import type { PipelineModel } from '../model';
import { canRun as canRunNow } from '../taskstate';
import { currentEvent, isUserGesture } from '../trust';
import { CommandIDs } from './ids';
import {
  argumentSchemas,
  choosePipeline,
  targetOf,
  targetsOf,
  text,
  type ICommandContext
} from './target';

export function addRunningCommands(context: ICommandContext): void {
  const { commands, model, actions, trans, settings, notebookPipeline } = context;
  const schemas = argumentSchemas(trans);
  /** How many tasks a label speaks of. */
  const count = (args: ReadonlyPartialJSONObject): number =>
    Math.max(1, targetsOf(model, args).length);
  const canBuild = (args: ReadonlyPartialJSONObject): boolean =>
    text(args.pipeline) !== null || notebookPipeline() !== null || isBuildable(model);

  commands.addCommand(CommandIDs.build, {
    label: trans.__('Build Pipeline'),
    caption: trans.__(
      'Run every task that is out of date. Open files of the pipeline with changes are saved first.'
    ),
    icon: runIcon,
    describedBy: { args: schemas.request },
    isEnabled: canBuild,
    execute: args => run(context, args, 'all', requestOf(args))
  });
  commands.addCommand(CommandIDs.buildForce, {
    label: trans.__('Build Pipeline from Scratch…'),
    caption: trans.__('Run every task, though it be up to date'),
    describedBy: { args: schemas.pipeline },
    isEnabled: canBuild,
    execute: async args => {
      const request = { force: true };
      if (settings().confirmForce && isUserGesture(currentEvent())) {
        // Hours of work may be in what is up to date: show what it means first.
        if (await choosePipeline(model, args, notebookPipeline())) {
          await actions.running.plan(request, true);
        }
      } else {
        await run(context, args, 'all', request);
      }
    }
  });
  commands.addCommand(CommandIDs.plan, {
    label: args =>
      args.selected === true
        ? trans._n(
            'Show What Running It Would Do…',
            'Show What Running the %1 Tasks Would Do…',
            count(args)
          )
        : trans.__('Show What Would Run…'),
    caption: trans.__('List the tasks that a build would run, with the reasons, and run nothing'),
    describedBy: { args: schemas.plan },
    isEnabled: args =>
      args.selected === true
        ? targetsOf(model, args).length > 0
        : text(args.pipeline) !== null || notebookPipeline() !== null || model.snapshot !== null,
    execute: async args => {
      if (await choosePipeline(model, args, notebookPipeline())) {
        const request = requestOf(args);
        await actions.running.plan(
          args.selected === true ? { ...request, tasks: targetsOf(model, args) } : request
        );
      }
    }
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
    label: args =>
      trans._n('Run Task (with What It Needs)', 'Run %1 Tasks (with What They Need)', count(args)),
    caption: trans.__('Run up to here: the tasks and what they need, as far as out of date'),
    icon: runIcon,
    describedBy: { args: schemas.tasks },
    isEnabled: args => canRun(model, args),
    execute: args => run(context, args, 'tasks', {})
  });
  commands.addCommand(CommandIDs.runFrom, {
    label: args =>
      trans._n(
        'Run Task and What Depends on It',
        'Run %1 Tasks and What Depends on Them',
        count(args)
      ),
    caption: trans.__('Run from here on: the tasks and all that follows, as far as out of date'),
    describedBy: { args: schemas.tasks },
    isEnabled: args => canRun(model, args),
    execute: args => run(context, args, 'tasks', { mode: 'from' })
  });
  commands.addCommand(CommandIDs.runOnly, {
    label: args => trans._n('Run Only This Task', 'Run Only These %1 Tasks', count(args)),
    caption: trans.__('Run the tasks on what is there, without what they need'),
    describedBy: { args: schemas.tasks },
    isEnabled: args => canRun(model, args),
    execute: args => run(context, args, 'tasks', { mode: 'only' })
  });
  commands.addCommand(CommandIDs.forceTask, {
    label: args => trans._n('Force Run Task', 'Force Run %1 Tasks', count(args)),
    caption: trans.__('Run the tasks though they be up to date'),
    describedBy: { args: schemas.tasks },
    isEnabled: args => canRun(model, args),
    execute: args => run(context, args, 'tasks', { force: true })
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

/** Run one task, some, or what the request says by itself; after asking if need be. */
async function run(
  { model, actions, trans, notebookPipeline }: ICommandContext,
  args: ReadonlyPartialJSONObject,
  what: 'all' | 'task' | 'tasks',
  request: RunRequest
): Promise<void> {
  // First of all, while the event is still there to be seen.
  const wanted = isUserGesture(currentEvent());
  if (!(await choosePipeline(model, args, what === 'all' ? notebookPipeline() : null))) {
    return;
  }
  if (what !== 'all') {
    const one = targetOf(model, args)?.name;
    const tasks = what === 'tasks' ? targetsOf(model, args) : one === undefined ? [] : [one];
    if (tasks.length === 0) {
      return;
    }
    request = { ...request, tasks };
  }
  if (wanted || (await confirm(trans, model.path ?? '', request))) {
    await actions.running.build(request);
  }
}

/** What arguments of the general commands ask for. The server says what makes no sense. */
function requestOf(args: ReadonlyPartialJSONObject): RunRequest {
  const { tasks, mode, force, jobs, failFast } = args;
  return {
    ...(Array.isArray(tasks) && tasks.length > 0 ? { tasks: tasks.map(String) } : {}),
    ...(mode === 'from' || mode === 'only' || mode === 'up_to' ? { mode } : {}),
    ...(force === true ? { force } : {}),
    ...(typeof jobs === 'number' ? { jobs } : {}),
    ...(typeof failFast === 'boolean' ? { failFast } : {})
  };
}

function canRun(model: PipelineModel, args: ReadonlyPartialJSONObject): boolean {
  // Another pipeline's tasks are known only once it is chosen.
  const other = text(args.pipeline);
  if (other !== null && other !== model.path) {
    return true;
  }
  const names = new Set(targetsOf(model, args));
  const tasks = model.snapshot?.tasks.filter(task => names.has(task.name)) ?? [];
  const run = model.snapshot?.run ?? null;
  return tasks.length > 0 && tasks.every(task => canRunNow(task, run, model.asked));
}

/** Can anything of the current pipeline be built now? */
export function isBuildable(model: PipelineModel): boolean {
  return model.snapshot?.tasks.some(task => task.buildable) === true && !model.running;
}
