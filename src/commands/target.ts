/**
 * What a command acts on: what its arguments name, else what is selected in the panel.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Actions } from '../actions/actions';
import type { Task } from '../contract';
import type { PipelineModel } from '../model';

/** All that the commands are given. */
export interface ICommandContext {
  readonly commands: CommandRegistry;
  readonly model: PipelineModel;
  readonly actions: Actions;
  readonly trans: TranslationBundle;
  /** Bring the panel to the front. */
  readonly show: () => void;
  /** The pipeline of the notebook that the user works in, if it is a task. */
  readonly notebookPipeline: () => string | null;
}

/** The schemas of the arguments that many commands take. */
export interface IArgumentSchemas {
  readonly none: ReadonlyJSONObject;
  readonly pipeline: ReadonlyJSONObject;
  readonly task: ReadonlyJSONObject;
}

export function argumentSchemas(trans: TranslationBundle): IArgumentSchemas {
  const pipeline = {
    type: 'string',
    description: trans.__(
      'The pipeline file, relative to the server’s root; by default the one in the panel'
    )
  };
  const task = {
    type: 'string',
    description: trans.__('The task; by default the selected one')
  };
  return {
    none: { type: 'object', properties: {} },
    pipeline: { type: 'object', properties: { pipeline } },
    task: { type: 'object', properties: { pipeline, task } }
  };
}

/** Make the pipeline current that the arguments name, if they do. Is there one? */
export async function choosePipeline(
  model: PipelineModel,
  args: ReadonlyPartialJSONObject,
  fallback: string | null = null
): Promise<boolean> {
  const pipeline = text(args.pipeline) ?? fallback;
  if (pipeline !== null) {
    await model.choose(pipeline);
  }
  return model.path !== null;
}

/** The task of the current pipeline that the arguments name, else the selected one. */
export function targetOf(model: PipelineModel, args: ReadonlyPartialJSONObject): Task | null {
  const name = text(args.task) ?? model.selected;
  return model.snapshot?.tasks.find(task => task.name === name) ?? null;
}

/** Act on the task that the arguments name, if there is one. */
export async function withTask(
  model: PipelineModel,
  args: ReadonlyPartialJSONObject,
  act: (task: Task) => unknown
): Promise<void> {
  if (await choosePipeline(model, args)) {
    const task = targetOf(model, args);
    if (task !== null) {
      await act(task);
    }
  }
}

/** Does an argument say something? */
export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
