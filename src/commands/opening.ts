/**
 * Commands that open what belongs to a task.
 */
import type { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Task } from '../contract';
import { executedNotebook, opensAsNotebook } from '../paths';
import { CommandIDs } from './ids';
import { argumentSchemas, targetOf, text, withTask, type ICommandContext } from './target';

export function addOpeningCommands({ commands, model, actions, trans }: ICommandContext): void {
  const schemas = argumentSchemas(trans);
  const byDefault = {
    type: 'boolean',
    description: trans.__('Whether to open it as the settings say for a double click')
  };

  commands.addCommand(CommandIDs.openTask, {
    label: args => {
      const task = targetOf(model, args);
      return task === null || opensAsNotebook(task)
        ? trans.__('Open as Notebook')
        : trans.__('Open Code');
    },
    caption: trans.__(
      'Open the task’s source, as a notebook with its inputs and outputs filled in if it can be one'
    ),
    describedBy: {
      args: {
        type: 'object',
        properties: { ...(schemas.task.properties as ReadonlyJSONObject), byDefault }
      }
    },
    isEnabled: args => targetOf(model, args) !== null,
    execute: args =>
      withTask(model, args, task => {
        if (args.byDefault === true) {
          actions.opening.open(task);
        } else {
          actions.opening.openTask(task);
        }
      })
  });
  commands.addCommand(CommandIDs.openSource, {
    label: trans.__('Open Source as Text'),
    caption: trans.__('Open the task’s source in the editor'),
    describedBy: { args: schemas.task },
    isEnabled: args => targetOf(model, args) !== null,
    execute: args =>
      withTask(model, args, task => {
        actions.opening.openSource(task);
      })
  });
  commands.addCommand(CommandIDs.openFunction, {
    label: trans.__('Open Function as Notebook'),
    caption: trans.__(
      'Open the body of the task’s function as a notebook with its inputs filled in; saving writes it back'
    ),
    describedBy: { args: schemas.task },
    isVisible: args => targetOf(model, args)?.notebookPath != null,
    isEnabled: args => targetOf(model, args)?.notebookPath != null,
    execute: args =>
      withTask(model, args, task => {
        actions.opening.openFunction(task);
      })
  });
  commands.addCommand(CommandIDs.openExecuted, {
    label: trans.__('Open Executed Notebook'),
    caption: trans.__('Open the notebook that the last run made, up to where it failed if it did'),
    describedBy: { args: schemas.task },
    isEnabled: args => {
      const task = targetOf(model, args);
      return (
        task !== null &&
        (task.lastAttempt?.error?.notebook != null || executedNotebook(task)?.exists === true)
      );
    },
    execute: args =>
      withTask(model, args, task => {
        actions.opening.openExecuted(task);
      })
  });
  commands.addCommand(CommandIDs.openProduct, {
    label: args => text(args.product) ?? trans.__('Open Product'),
    caption: trans.__('Open a file that the task made'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          ...(schemas.task.properties as ReadonlyJSONObject),
          product: {
            type: 'string',
            description: trans.__('The product’s path, relative to the project’s root')
          }
        },
        required: ['product']
      }
    },
    isEnabled: args => productOf(targetOf(model, args), args)?.exists === true,
    execute: args =>
      withTask(model, args, task => {
        const product = productOf(task, args);
        if (product !== null) {
          actions.opening.openProduct(product);
        }
      })
  });
  commands.addCommand(CommandIDs.showDeclaration, {
    label: trans.__('Show in pipeline.yaml'),
    caption: trans.__('Open the pipeline file where it declares the task'),
    describedBy: { args: schemas.task },
    isEnabled: args => targetOf(model, args) !== null,
    execute: args => withTask(model, args, task => actions.opening.openWhere(task.where))
  });
}

function productOf(
  task: Task | null,
  args: ReadonlyPartialJSONObject
): Task['products'][number] | null {
  return task?.products.find(product => product.path === args.product) ?? null;
}
