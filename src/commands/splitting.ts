/**
 * The commands that make a pipeline of one notebook, and compare the two.
 */
import { cutIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CommandIDs } from './ids';
import { text, type ICommandContext } from './target';

export function addSplittingCommands(context: ICommandContext): void {
  const { commands, model, actions, trans } = context;
  const pathOf = (args: ReadonlyPartialJSONObject): string | null =>
    text(args.path) ?? (args.selected === true ? context.selectedFile() : context.notebook());
  commands.addCommand(CommandIDs.splitNotebook, {
    label: trans.__('Split into Pipeline…'),
    caption: trans.__('Show the pipeline that the notebook would become, change it, and write it'),
    icon: cutIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          path: {
            type: 'string',
            description: trans.__(
              'The notebook or script, relative to the server’s root; by default the current notebook'
            )
          },
          selected: {
            type: 'boolean',
            description: trans.__('Whether it is about the file that is selected in the browser')
          },
          level: {
            type: 'integer',
            minimum: 1,
            maximum: 6,
            description: trans.__('The level of the headings at which tasks begin')
          }
        }
      }
    },
    isEnabled: args => pathOf(args) !== null,
    isVisible: args => args.selected !== true || canBeSplit(context.selectedFile()),
    execute: async args => {
      const path = pathOf(args);
      if (path !== null) {
        const { level } = args;
        await actions.splitting.split(path, typeof level === 'number' ? { level } : {});
      }
    }
  });
  commands.addCommand(CommandIDs.proveSplit, {
    label: trans.__('Compare Notebook with Its Pipeline…'),
    caption: trans.__('Run the pipeline, and compare its variables with those of the notebook'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          path: {
            type: 'string',
            description: trans.__(
              'The notebook that was split, relative to the server’s root; by default the current notebook'
            )
          },
          pipeline: {
            type: 'string',
            description: trans.__(
              'The pipeline, relative to the server’s root; by default the one in the panel'
            )
          }
        }
      }
    },
    isEnabled: args => pathOf(args) !== null && (text(args.pipeline) ?? model.path) !== null,
    execute: async args => {
      const path = pathOf(args);
      const pipeline = text(args.pipeline) ?? model.path;
      if (path !== null && pipeline !== null) {
        await actions.splitting.askAndProve(path, pipeline);
      }
    }
  });
}

/** Is it a file that may hold a notebook of Python? */
function canBeSplit(path: string | null): boolean {
  return path !== null && /\.(ipynb|py|md|qmd)$/i.test(path);
}
