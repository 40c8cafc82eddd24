/**
 * What a command acts on: what its arguments name, else the task with the focus if it is not one of the
 * selected, else what is selected in the panel. So do context menus of files: keys are about what one is at.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Actions } from '../actions/actions';
import type { Task } from '../contract';
import type { PipelineModel } from '../model';
import type { RunsModel } from '../runsmodel';
import type { ISettings } from '../settings';
import type { View } from '../viewstate';

/** All that the commands are given. */
export interface ICommandContext {
  readonly commands: CommandRegistry;
  readonly model: PipelineModel;
  readonly actions: Actions;
  readonly trans: TranslationBundle;
  readonly settings: () => ISettings;
  readonly runs: RunsModel;
  /** Bring the panel to the front. */
  readonly show: () => void;
  /** Bring the panel to the front, with the tasks shown in this way. */
  readonly showView: (view: View) => void;
  /** The pipeline of the notebook that the user works in, if it is a task. */
  readonly notebookPipeline: () => string | null;
  /** The path of the notebook that the user works in, if it is one. */
  readonly notebook: () => string | null;
  /** The path of the one file that is selected in the file browser. */
  readonly selectedFile: () => string | null;
}

/** The schemas of the arguments that many commands take. */
export interface IArgumentSchemas {
  readonly none: ReadonlyJSONObject;
  readonly pipeline: ReadonlyJSONObject;
  readonly task: ReadonlyJSONObject;
  /** One or many tasks. */
  readonly tasks: ReadonlyJSONObject;
  /** All that a build can be asked for. */
  readonly request: ReadonlyJSONObject;
  /** The same, or the selected tasks. */
  readonly plan: ReadonlyJSONObject;
  readonly run: ReadonlyJSONObject;
  readonly rerun: ReadonlyJSONObject;
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
  const tasks = {
    type: 'array',
    items: { type: 'string' },
    description: trans.__('The tasks; by default the selected ones')
  };
  const request = {
    pipeline,
    tasks: {
      type: 'array',
      items: { type: 'string' },
      description: trans.__('The tasks; by default all. A name may be a pattern, such as fit-*')
    },
    mode: {
      type: 'string',
      enum: ['up_to', 'from', 'only'],
      description: trans.__(
        'up_to: with what the tasks need, the default; from: with what depends on them; only: just them'
      )
    },
    force: {
      type: 'boolean',
      description: trans.__('Whether to run the named tasks though they are up to date')
    },
    jobs: {
      type: 'integer',
      minimum: 1,
      maximum: 64,
      description: trans.__('How many tasks may run at a time')
    },
    failFast: {
      type: 'boolean',
      description: trans.__('Whether nothing more is begun after a failure')
    }
  };
  const selected = {
    type: 'boolean',
    description: trans.__('Whether it is about the tasks that are selected in the panel')
  };
  const run = {
    type: 'string',
    description: trans.__('The id of the run; by default the one in the panel, else the last one')
  };
  const force = {
    type: 'boolean',
    description: trans.__('Whether to run what the run has run, even if it is up to date')
  };
  return {
    none: { type: 'object', properties: {} },
    pipeline: { type: 'object', properties: { pipeline } },
    task: { type: 'object', properties: { pipeline, task } },
    tasks: { type: 'object', properties: { pipeline, task, tasks } },
    request: { type: 'object', properties: request },
    plan: { type: 'object', properties: { ...request, selected } },
    run: { type: 'object', properties: { pipeline, run } },
    rerun: { type: 'object', properties: { pipeline, run, force } }
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
  const name = text(args.task) ?? focusedAside(model) ?? model.selected;
  return model.snapshot?.tasks.find(task => task.name === name) ?? null;
}

/** The tasks of the current pipeline, by name, that the arguments name, else those that are selected. */
export function targetsOf(
  model: PipelineModel,
  args: ReadonlyPartialJSONObject
): readonly string[] {
  const one = text(args.task);
  const { tasks } = args;
  const aside = focusedAside(model);
  const named =
    one !== null
      ? [one]
      : Array.isArray(tasks)
        ? tasks.map(String)
        : aside !== null
          ? [aside]
          : model.selection;
  const known = new Set(model.snapshot?.tasks.map(task => task.name));
  return named.filter(name => known.has(name));
}

/** The task of the panel that has the focus without being selected: Ctrl with an arrow leads there. */
function focusedAside(model: PipelineModel): string | null {
  const row = document.activeElement?.closest<HTMLElement>('.jp-cauce-Panel [data-cauce-task]');
  const name = row?.dataset.cauceTask ?? null;
  return name === null || model.selection.includes(name) ? null : name;
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
