/**
 * Commands that change the pipeline itself: its tasks, what they need, where its values are from.
 */
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CommandIDs } from './ids';
import {
  argumentSchemas,
  choosePipeline,
  targetOf,
  text,
  withTask,
  type ICommandContext
} from './target';

export function addReshapingCommands({ commands, model, actions, trans }: ICommandContext): void {
  const schemas = argumentSchemas(trans);
  const hasTask = (args: ReadonlyPartialJSONObject): boolean => targetOf(model, args) !== null;
  const pipeline = {
    type: 'string',
    description: trans.__(
      'The pipeline file, relative to the server’s root; by default the one in the panel'
    )
  };
  const edge = {
    type: 'object',
    properties: {
      pipeline,
      from: { type: 'string', description: trans.__('The task that is needed') },
      to: { type: 'string', description: trans.__('The task that needs it') }
    },
    required: ['from', 'to']
  };

  commands.addCommand(CommandIDs.addTask, {
    label: trans.__('Add Task…'),
    caption: trans.__('Add a task to the pipeline, and create its source'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          pipeline,
          task: { type: 'string', description: trans.__('A task that the new one is to need') },
          source: { type: 'string', description: trans.__('The source of the new task') },
          name: { type: 'string', description: trans.__('The name of the new task') }
        }
      }
    },
    isEnabled: args => text(args.pipeline) !== null || model.path !== null,
    execute: async args => {
      if (await choosePipeline(model, args)) {
        const above = targetOf(model, args)?.name;
        await actions.reshaping.addTask({
          source: text(args.source) ?? '',
          name: text(args.name) ?? '',
          ...(above === undefined ? {} : { upstream: [above] })
        });
      }
    }
  });
  commands.addCommand(CommandIDs.renameTask, {
    label: trans.__('Rename Task…'),
    caption: trans.__('Give the task another name, wherever that is written'),
    describedBy: { args: schemas.task },
    isEnabled: args => hasTask(args) && !model.running,
    execute: args => withTask(model, args, task => actions.reshaping.renameTask(task))
  });
  commands.addCommand(CommandIDs.removeTask, {
    label: trans.__('Remove from Pipeline…'),
    caption: trans.__('Take the task out of the pipeline file; what it made stays'),
    describedBy: { args: schemas.task },
    isEnabled: args => hasTask(args),
    execute: args => withTask(model, args, task => actions.reshaping.removeTask(task))
  });
  commands.addCommand(CommandIDs.editUpstream, {
    label: trans.__('Change What It Needs…'),
    caption: trans.__('Choose the tasks whose products this one uses'),
    describedBy: { args: schemas.task },
    isEnabled: args => hasTask(args),
    execute: args => withTask(model, args, task => actions.reshaping.editUpstream(task))
  });
  const withEdge =
    (act: (from: string, to: string) => Promise<void>) =>
    async (args: ReadonlyPartialJSONObject): Promise<void> => {
      const [from, to] = [text(args.from), text(args.to)];
      if (from !== null && to !== null && (await choosePipeline(model, args))) {
        await act(from, to);
      }
    };
  commands.addCommand(CommandIDs.connectTasks, {
    label: trans.__('Connect Tasks'),
    caption: trans.__('Have one task need another: its source says so then'),
    describedBy: { args: edge },
    isEnabled: args => text(args.from) !== null && text(args.to) !== null,
    execute: withEdge((from, to) => actions.reshaping.connect(from, to))
  });
  commands.addCommand(CommandIDs.disconnectTasks, {
    label: trans.__('Disconnect Tasks'),
    caption: trans.__('Have one task no longer need another'),
    describedBy: { args: edge },
    isEnabled: args => text(args.from) !== null && text(args.to) !== null,
    execute: withEdge((from, to) => actions.reshaping.disconnect(from, to))
  });
  commands.addCommand(CommandIDs.chooseProfile, {
    label: trans.__('Choose the File of Values'),
    caption: trans.__('Use the values of another env file in this copy of the project'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          pipeline,
          profile: {
            type: 'string',
            description: trans.__('The NAME of env.NAME.yaml; empty for env.yaml')
          }
        },
        required: ['profile']
      }
    },
    isEnabled: args => typeof args.profile === 'string',
    execute: async args => {
      if (typeof args.profile === 'string' && (await choosePipeline(model, args))) {
        await actions.reshaping.chooseProfile(args.profile);
      }
    }
  });
}
