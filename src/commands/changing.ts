/**
 * Commands that write into the project, or remove from it.
 */
import { remedies } from '../problems';
import { CommandIDs } from './ids';
import {
  argumentSchemas,
  choosePipeline,
  targetOf,
  text,
  withTask,
  type ICommandContext
} from './target';

export function addChangingCommands({
  commands,
  model,
  actions,
  trans,
  show
}: ICommandContext): void {
  const schemas = argumentSchemas(trans);

  commands.addCommand(CommandIDs.cleanTask, {
    label: trans.__('Remove Products…'),
    caption: trans.__('Move what the last success of the task has made to the trash'),
    describedBy: { args: schemas.task },
    isEnabled: args =>
      targetOf(model, args)?.products.some(product => product.exists) === true && !model.running,
    execute: args => withTask(model, args, task => actions.changing.clean(task.name))
  });
  commands.addCommand(CommandIDs.clean, {
    label: trans.__('Remove All Products…'),
    caption: trans.__('Move what the last successes of all tasks have made to the trash'),
    describedBy: { args: schemas.pipeline },
    isEnabled: args => text(args.pipeline) !== null || (model.path !== null && !model.running),
    execute: async args => {
      if (await choosePipeline(model, args)) {
        await actions.changing.clean(null);
      }
    }
  });
  commands.addCommand(CommandIDs.scaffold, {
    label: trans.__('Create Missing Sources'),
    caption: trans.__(
      'Create the scripts and functions that the pipeline names and that do not exist'
    ),
    describedBy: { args: schemas.pipeline },
    isEnabled: args =>
      text(args.pipeline) !== null ||
      (model.snapshot !== null && remedies(model.snapshot).scaffold),
    execute: async args => {
      if (await choosePipeline(model, args)) {
        await actions.changing.scaffold();
      }
    }
  });
  commands.addCommand(CommandIDs.createExample, {
    label: trans.__('Create Example Pipeline Here'),
    caption: trans.__('Write a small pipeline into the folder of the file browser'),
    describedBy: { args: schemas.none },
    execute: async () => {
      show();
      await actions.changing.createExample();
    }
  });
}
