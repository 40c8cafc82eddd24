/**
 * Commands for the notebook that the user works in, if it is a task.
 */
import { InputDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { addBelowIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { cauceIcon } from '../icons';
import type { IInput } from '../notebook/loading';
import type { OpenNotebook } from '../notebook/opennotebook';
import { CommandIDs } from './ids';
import { text } from './target';

export namespace NotebookCommands {
  export interface IOptions {
    readonly commands: CommandRegistry;
    readonly trans: TranslationBundle;
    /** The notebook that the user works in. */
    readonly current: () => OpenNotebook | null;
    readonly showInGraph: (pipeline: string, task: string | null) => void;
    readonly isDismissed: (path: string) => boolean;
    readonly setDismissed: (path: string, value: boolean) => void;
    readonly onError: (error: unknown) => void;
  }
}

export function addNotebookCommands(options: NotebookCommands.IOptions): void {
  const { commands, trans, current, showInGraph } = options;
  const none: ReadonlyJSONObject = { type: 'object', properties: {} };
  const pipeline = { type: 'string', description: trans.__('The pipeline file') };
  const task = { type: 'string', description: trans.__('The task') };

  commands.addCommand(CommandIDs.useUpstream, {
    label: args => {
      const input = inputOf(current(), args);
      return input === null ? trans.__('Use Upstream Output…') : inputLabel(input);
    },
    caption: trans.__('Insert a cell that loads what an upstream task made'),
    icon: args => (args.keys === undefined ? addBelowIcon : undefined),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          keys: {
            type: 'array',
            items: { type: 'string' },
            description: trans.__('The way to it inside of upstream; by default you are asked')
          }
        }
      }
    },
    isEnabled: () => (current()?.inputs.length ?? 0) > 0 && current()?.language != null,
    execute: async args => {
      const notebook = current();
      const language = notebook?.language ?? null;
      if (notebook === null || language === null) {
        return;
      }
      const input = inputOf(notebook, args) ?? (await ask(trans, notebook.inputs));
      if (input !== null) {
        const { insertLoading } = await import('../notebook/inserting');
        insertLoading(notebook.panel, input, language);
      }
    }
  });
  commands.addCommand(CommandIDs.showInGraph, {
    label: trans.__('Show Task in Graph'),
    caption: trans.__('Show the task in the graph of its pipeline'),
    icon: cauceIcon,
    describedBy: { args: { type: 'object', properties: { pipeline, task } } },
    isEnabled: args => text(args.pipeline) !== null || current()?.about != null,
    execute: args => {
      const about = current()?.about;
      const wanted = text(args.pipeline) ?? about?.pipeline;
      if (wanted !== undefined) {
        showInGraph(wanted, text(args.task) ?? about?.task ?? null);
      }
    }
  });
  commands.addCommand(CommandIDs.showValues, {
    label: args => text(args.task) ?? trans.__('Fill In the Values of Another Task…'),
    caption: trans.__('Of the tasks that share this source, choose whose values are filled in'),
    describedBy: { args: { type: 'object', properties: { pipeline, task } } },
    isToggled: args => {
      const about = current()?.about;
      return (
        args.task !== undefined && about?.task === args.task && about.pipeline === args.pipeline
      );
    },
    isEnabled: () => (current()?.opened?.choices.length ?? 0) > 1,
    execute: async args => {
      const notebook = current();
      const choices = notebook?.opened?.choices ?? [];
      const names = choices.map(each => `${each.task} (${each.pipeline})`);
      const named = choices.find(
        each => each.task === args.task && (args.pipeline ?? each.pipeline) === each.pipeline
      );
      const choice =
        args.task === undefined
          ? choices[await pick(trans.__('Fill in the values of which task?'), names)]
          : named;
      if (choice !== undefined) {
        await notebook?.show(choice).catch(options.onError);
      }
    }
  });
  commands.addCommand(CommandIDs.toggleBanner, {
    label: trans.__('Show Task Line above Notebook'),
    caption: trans.__('Show or hide the line that says which task a notebook is'),
    describedBy: { args: none },
    isEnabled: () => current() !== null,
    isToggled: () => {
      const notebook = current();
      return notebook !== null && !options.isDismissed(notebook.panel.context.localPath);
    },
    execute: () => {
      const path = current()?.panel.context.localPath;
      if (path !== undefined) {
        options.setDismissed(path, !options.isDismissed(path));
      }
    }
  });
}

function inputLabel({ keys, value }: IInput): string {
  return `${keys.join(' › ')} — ${value}`;
}

/** The commands whose names and states follow from the notebook that the user works in. */
export const NOTEBOOK_COMMANDS = [
  CommandIDs.useUpstream,
  CommandIDs.showInGraph,
  CommandIDs.showValues,
  CommandIDs.toggleBanner
] as const;

function inputOf(notebook: OpenNotebook | null, args: ReadonlyPartialJSONObject): IInput | null {
  const wanted = JSON.stringify(args.keys);
  return notebook?.inputs.find(({ keys }) => JSON.stringify(keys) === wanted) ?? null;
}

async function ask(trans: TranslationBundle, inputs: readonly IInput[]): Promise<IInput | null> {
  if (inputs.length < 2) {
    return inputs[0] ?? null;
  }
  const index = await pick(trans.__('Load which output?'), inputs.map(inputLabel));
  return inputs[index] ?? null;
}

/** The index of what the user picks, or -1. */
async function pick(title: string, items: readonly string[]): Promise<number> {
  const { value } = await InputDialog.getItem({ title, items: [...items] });
  return value === null ? -1 : items.indexOf(value);
}
