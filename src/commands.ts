/**
 * The commands: what the palette, menus, shortcuts and other extensions can call.
 *
 * A command acts on what its arguments name, else on what is selected in the panel. Those that
 * run code ask first, unless the user's own hand is on one of JupyterLab's controls.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Actions } from './actions';
import { confirm, type Request } from './consent';
import type { Task } from './contract';
import { cauceIcon } from './icons';
import type { PipelineModel } from './model';
import { executedNotebook, opensAsNotebook } from './paths';
import { remedies } from './problems';
import { canRun as canRunNow } from './taskstate';
import { currentEvent, isUserGesture } from './trust';

export namespace CommandIDs {
  export const show = 'cauce:show';
  export const build = 'cauce:build';
  export const buildForce = 'cauce:build-force';
  export const cancel = 'cauce:cancel';
  export const refresh = 'cauce:refresh';
  export const runTask = 'cauce:run-task';
  export const forceTask = 'cauce:force-task';
  export const runOnly = 'cauce:run-only';
  export const evaluate = 'cauce:evaluate';
  export const markTask = 'cauce:mark-task';
  export const cleanTask = 'cauce:clean-task';
  export const clean = 'cauce:clean';
  export const scaffold = 'cauce:scaffold';
  export const openTask = 'cauce:open-task';
  export const openSource = 'cauce:open-source';
  export const openFunction = 'cauce:open-function';
  export const openExecuted = 'cauce:open-executed';
  export const openProduct = 'cauce:open-product';
  export const showDeclaration = 'cauce:show-declaration';
  export const createExample = 'cauce:create-example';
  export const showFile = 'cauce:show-file';
}

export namespace Commands {
  export interface IOptions {
    readonly commands: CommandRegistry;
    readonly model: PipelineModel;
    readonly actions: Actions;
    readonly trans: TranslationBundle;
    /** Bring the panel to the front. */
    readonly show: () => void;
    /** The pipeline of the notebook that the user works in, if it is a task. */
    readonly notebookPipeline: () => string | null;
  }
}

/** Add all commands. */
export function addCommands(options: Commands.IOptions): void {
  const { commands, model, actions, trans, show } = options;

  const pipelineArgs = {
    type: 'object',
    properties: {
      pipeline: {
        type: 'string',
        description: trans.__(
          'The pipeline file, relative to the server’s root; by default the one in the panel'
        )
      }
    }
  };
  const taskArgs = {
    type: 'object',
    properties: {
      ...pipelineArgs.properties,
      task: { type: 'string', description: trans.__('The task; by default the selected one') }
    }
  };
  const noArgs: ReadonlyJSONObject = { type: 'object', properties: {} };

  /** Make the pipeline current that the arguments name, if they do. Is there one? */
  const choose = async (
    args: ReadonlyPartialJSONObject,
    fallback?: string | null
  ): Promise<boolean> => {
    const pipeline = text(args.pipeline) ?? fallback ?? null;
    if (pipeline !== null) {
      await model.choose(pipeline);
    }
    return model.path !== null;
  };
  const targetOf = (args: ReadonlyPartialJSONObject): Task | null => {
    const name = text(args.task) ?? model.selected;
    return model.snapshot?.tasks.find(task => task.name === name) ?? null;
  };
  const withTask = async (
    args: ReadonlyPartialJSONObject,
    act: (task: Task) => unknown
  ): Promise<void> => {
    if (await choose(args)) {
      const task = targetOf(args);
      if (task !== null) {
        await act(task);
      }
    }
  };
  /** Run the tasks, after asking if need be. `null` stands for the whole pipeline. */
  const run = async (
    args: ReadonlyPartialJSONObject,
    what: 'all' | 'task',
    request: Request
  ): Promise<void> => {
    // First of all, while the event is still there to be seen.
    const wanted = isUserGesture(currentEvent());
    if (!(await choose(args, what === 'all' ? options.notebookPipeline() : null))) {
      return;
    }
    const task = what === 'all' ? null : targetOf(args);
    if (what === 'task' && task === null) {
      return;
    }
    if (wanted || (await confirm(trans, model.path ?? '', task?.name ?? null, request))) {
      await actions.build(task === null ? request : { ...request, tasks: [task.name] });
    }
  };
  const hasPipeline = (): boolean => model.path !== null;
  const hasBuildable = (): boolean =>
    model.snapshot?.tasks.some(task => task.buildable) === true && !model.running;
  const hasTask = (args: ReadonlyPartialJSONObject): boolean => targetOf(args) !== null;
  const canRun = (args: ReadonlyPartialJSONObject): boolean => {
    // Another pipeline's tasks are known only once it is chosen.
    const other = text(args.pipeline);
    if (other !== null && other !== model.path) {
      return true;
    }
    const task = targetOf(args);
    return task !== null && canRunNow(task, model.snapshot?.run ?? null, model.asked);
  };

  commands.addCommand(CommandIDs.show, {
    label: trans.__('Show Pipeline Panel'),
    caption: trans.__('Bring the pipeline panel to the front'),
    icon: cauceIcon,
    describedBy: { args: pipelineArgs },
    execute: async args => {
      show();
      await choose(args);
    }
  });
  commands.addCommand(CommandIDs.build, {
    label: trans.__('Build Pipeline'),
    caption: trans.__(
      'Run every task that is out of date. Open files of the pipeline with changes are saved first.'
    ),
    icon: runIcon,
    describedBy: { args: pipelineArgs },
    isEnabled: args =>
      text(args.pipeline) !== null || options.notebookPipeline() !== null || hasBuildable(),
    execute: args => run(args, 'all', {})
  });
  commands.addCommand(CommandIDs.buildForce, {
    label: trans.__('Build Pipeline from Scratch'),
    caption: trans.__('Run every task, though it be up to date'),
    describedBy: { args: pipelineArgs },
    isEnabled: args =>
      text(args.pipeline) !== null || options.notebookPipeline() !== null || hasBuildable(),
    execute: args => run(args, 'all', { force: true })
  });
  commands.addCommand(CommandIDs.cancel, {
    label: trans.__('Cancel Build'),
    caption: trans.__('Stop the running build. What is done stays done.'),
    icon: stopIcon,
    describedBy: { args: noArgs },
    isEnabled: () => model.running,
    execute: () => actions.cancel()
  });
  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Refresh Pipelines'),
    caption: trans.__('Look for pipelines and changes again'),
    icon: refreshIcon,
    describedBy: { args: noArgs },
    execute: () => actions.refresh()
  });
  commands.addCommand(CommandIDs.runTask, {
    label: trans.__('Run Task (with What It Needs)'),
    caption: trans.__('Run the task and what it needs, as far as it is out of date'),
    icon: runIcon,
    describedBy: { args: taskArgs },
    isEnabled: canRun,
    execute: args => run(args, 'task', {})
  });
  commands.addCommand(CommandIDs.forceTask, {
    label: trans.__('Force Run Task'),
    caption: trans.__('Run the task though it be up to date'),
    describedBy: { args: taskArgs },
    isEnabled: canRun,
    execute: args => run(args, 'task', { force: true })
  });
  commands.addCommand(CommandIDs.runOnly, {
    label: trans.__('Run Only This Task'),
    caption: trans.__('Run the task on what is there, without what it needs'),
    describedBy: { args: taskArgs },
    isEnabled: canRun,
    execute: args => run(args, 'task', { mode: 'only' })
  });
  commands.addCommand(CommandIDs.evaluate, {
    label: trans.__('Evaluate Pipeline'),
    caption: trans.__(
      'Run the code that makes the pipeline or computes its parameters, without building anything'
    ),
    describedBy: { args: pipelineArgs },
    isEnabled: args =>
      text(args.pipeline) !== null || (model.snapshot?.evaluable === true && !model.running),
    execute: args => run(args, 'all', { action: 'evaluate' })
  });
  commands.addCommand(CommandIDs.markTask, {
    label: trans.__('Mark as Up to Date'),
    caption: trans.__('Take the task for up to date as it is, without running it'),
    describedBy: { args: taskArgs },
    isEnabled: args => {
      const task = targetOf(args);
      return task?.buildable === true && task.freshness.state === 'stale' && !model.running;
    },
    execute: args => run(args, 'task', { action: 'mark', mode: 'only' })
  });
  commands.addCommand(CommandIDs.cleanTask, {
    label: trans.__('Remove Products…'),
    caption: trans.__('Move what the last success of the task has made to the trash'),
    describedBy: { args: taskArgs },
    isEnabled: args =>
      targetOf(args)?.products.some(product => product.exists) === true && !model.running,
    execute: args => withTask(args, task => actions.clean(task.name))
  });
  commands.addCommand(CommandIDs.clean, {
    label: trans.__('Remove All Products…'),
    caption: trans.__('Move what the last successes of all tasks have made to the trash'),
    describedBy: { args: pipelineArgs },
    isEnabled: args => text(args.pipeline) !== null || (hasPipeline() && !model.running),
    execute: async args => {
      if (await choose(args)) {
        await actions.clean(null);
      }
    }
  });
  commands.addCommand(CommandIDs.scaffold, {
    label: trans.__('Create Missing Sources'),
    caption: trans.__(
      'Create the scripts and functions that the pipeline names and that do not exist'
    ),
    describedBy: { args: pipelineArgs },
    isEnabled: args =>
      text(args.pipeline) !== null ||
      (model.snapshot !== null && remedies(model.snapshot).scaffold),
    execute: async args => {
      if (await choose(args)) {
        await actions.scaffold();
      }
    }
  });
  commands.addCommand(CommandIDs.openTask, {
    label: args => {
      const task = targetOf(args);
      return task === null || opensAsNotebook(task)
        ? trans.__('Open as Notebook')
        : trans.__('Open Code');
    },
    caption: trans.__(
      'Open the task’s source, as a notebook with its inputs and outputs filled in if it can be one'
    ),
    describedBy: { args: taskArgs },
    isEnabled: hasTask,
    execute: args =>
      withTask(args, task => {
        actions.openTask(task);
      })
  });
  commands.addCommand(CommandIDs.openSource, {
    label: trans.__('Open Source as Text'),
    caption: trans.__('Open the task’s source in the editor'),
    describedBy: { args: taskArgs },
    isEnabled: hasTask,
    execute: args =>
      withTask(args, task => {
        actions.openSource(task);
      })
  });
  commands.addCommand(CommandIDs.openFunction, {
    label: trans.__('Open Function as Notebook'),
    caption: trans.__(
      'Open the body of the task’s function as a notebook with its inputs filled in; saving writes it back'
    ),
    describedBy: { args: taskArgs },
    isVisible: args => targetOf(args)?.notebookPath != null,
    isEnabled: args => targetOf(args)?.notebookPath != null,
    execute: args =>
      withTask(args, task => {
        actions.openFunction(task);
      })
  });
  commands.addCommand(CommandIDs.openExecuted, {
    label: trans.__('Open Executed Notebook'),
    caption: trans.__('Open the notebook that the last run made, up to where it failed if it did'),
    describedBy: { args: taskArgs },
    isEnabled: args => {
      const task = targetOf(args);
      return (
        task !== null &&
        (task.lastAttempt?.error?.notebook != null || executedNotebook(task)?.exists === true)
      );
    },
    execute: args =>
      withTask(args, task => {
        actions.openExecuted(task);
      })
  });
  commands.addCommand(CommandIDs.openProduct, {
    label: args => text(args.product) ?? trans.__('Open Product'),
    caption: trans.__('Open a file that the task made'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          ...taskArgs.properties,
          product: {
            type: 'string',
            description: trans.__('The product’s path, relative to the project’s root')
          }
        },
        required: ['product']
      }
    },
    isEnabled: args => productOf(targetOf(args), args)?.exists === true,
    execute: args =>
      withTask(args, task => {
        const product = productOf(task, args);
        if (product !== null) {
          actions.openProduct(product);
        }
      })
  });
  commands.addCommand(CommandIDs.showDeclaration, {
    label: trans.__('Show in pipeline.yaml'),
    caption: trans.__('Open the pipeline file where it declares the task'),
    describedBy: { args: taskArgs },
    isEnabled: hasTask,
    execute: args => withTask(args, task => actions.openWhere(task.where))
  });
  commands.addCommand(CommandIDs.createExample, {
    label: trans.__('Create Example Pipeline Here'),
    caption: trans.__('Write a small pipeline into the folder of the file browser'),
    describedBy: { args: noArgs },
    execute: async () => {
      show();
      await actions.createExample();
    }
  });

  let before = '';
  model.changed.connect(() => {
    // Menus and buttons need not hear of every cell that ran.
    const now = JSON.stringify([
      hasPipeline(),
      hasBuildable(),
      model.running,
      model.asked !== null,
      model.selected,
      model.snapshot?.revision
    ]);
    if (now !== before) {
      before = now;
      // That of the file browser is not there where the file browser is not.
      for (const id of Object.values(CommandIDs).filter(each => commands.hasCommand(each))) {
        commands.notifyCommandChanged(id);
      }
    }
  });
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function productOf(
  task: Task | null,
  args: ReadonlyPartialJSONObject
): Task['products'][number] | null {
  return task?.products.find(product => product.path === args.product) ?? null;
}
