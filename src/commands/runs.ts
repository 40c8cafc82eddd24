/**
 * Commands about runs that were: show them, have one again, forget one.
 */
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { confirm } from '../consent';
import type { Run } from '../contract';
import type { PipelineModel } from '../model';
import { currentEvent, isUserGesture } from '../trust';
import { CommandIDs } from './ids';
import { argumentSchemas, choosePipeline, text, type ICommandContext } from './target';

export function addRunsCommands(context: ICommandContext): void {
  const { commands, model, runs, actions, trans, showView } = context;
  const schemas = argumentSchemas(trans);
  /** The run that the arguments name, else the one that is looked at, else the last one. */
  const target = (args: ReadonlyPartialJSONObject): string | null =>
    text(args.run) ?? runs.chosen?.id ?? model.snapshot?.run?.id ?? null;

  commands.addCommand(CommandIDs.showRuns, {
    label: trans.__('Show Runs'),
    caption: trans.__('Show the runs of the pipeline: how they went, and what differs'),
    describedBy: { args: schemas.run },
    execute: async args => {
      showView('runs');
      await choosePipeline(model, args);
      const wanted = text(args.run);
      if (wanted !== null) {
        runs.choose(wanted);
      }
    }
  });
  commands.addCommand(CommandIDs.rerun, {
    label: args => (args.force === true ? trans.__('Force Run Again') : trans.__('Run Again')),
    caption: trans.__('Build what a run was asked for. What is up to date is not run.'),
    describedBy: { args: schemas.rerun },
    isEnabled: args => text(args.pipeline) !== null || isFree(model, target(args)),
    execute: async args => {
      // First of all, while the event is still there to be seen.
      const wanted = isUserGesture(currentEvent());
      if (!(await choosePipeline(model, args))) {
        return;
      }
      const id = target(args);
      const request =
        id === null ? null : await actions.pastRuns.requestFor(id, args.force === true);
      if (request !== null && (wanted || (await confirm(trans, model.path ?? '', request)))) {
        await actions.running.build(request);
      }
    }
  });
  commands.addCommand(CommandIDs.deleteRun, {
    label: trans.__('Delete Run…'),
    caption: trans.__('Forget a run, with its logs and notebooks'),
    describedBy: { args: schemas.run },
    isEnabled: args => text(args.pipeline) !== null || isFree(model, target(args)),
    execute: async args => {
      if (await choosePipeline(model, args)) {
        const id = target(args);
        const known: Run | undefined = runs.runs?.find(each => each.id === id);
        const last = model.snapshot?.run;
        const found = known ?? (last?.id === id ? last : null);
        if (found != null) {
          await actions.pastRuns.forget(found);
        }
      }
    }
  });
}

/** Is there a run, and does nobody build? */
function isFree(model: PipelineModel, run: string | null): boolean {
  return run !== null && model.asked === null && !model.running;
}
