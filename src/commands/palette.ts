/**
 * The commands that the palette lists.
 *
 * Those about a task act on what is selected in the panel, and are grey while nothing is.
 */
import { CommandIDs } from './ids';

export const PALETTE: readonly string[] = [
  CommandIDs.build,
  CommandIDs.buildForce,
  CommandIDs.plan,
  CommandIDs.cancel,
  CommandIDs.runTask,
  CommandIDs.runFrom,
  CommandIDs.runOnly,
  CommandIDs.forceTask,
  CommandIDs.markTask,
  CommandIDs.cleanTask,
  CommandIDs.openTask,
  CommandIDs.openSource,
  CommandIDs.openFunction,
  CommandIDs.openExecuted,
  CommandIDs.openFailing,
  CommandIDs.debugTask,
  CommandIDs.showDeclaration,
  CommandIDs.show,
  CommandIDs.openMain,
  CommandIDs.showRuns,
  CommandIDs.rerun,
  CommandIDs.deleteRun,
  CommandIDs.refresh,
  CommandIDs.evaluate,
  CommandIDs.addTask,
  CommandIDs.renameTask,
  CommandIDs.removeTask,
  CommandIDs.editUpstream,
  CommandIDs.scaffold,
  CommandIDs.clean,
  CommandIDs.createExample,
  CommandIDs.splitNotebook,
  CommandIDs.proveSplit
];
