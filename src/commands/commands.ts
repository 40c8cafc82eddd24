/**
 * The commands: what the palette, menus, shortcuts and other extensions can call.
 */
import { tellerOf } from './changed';
import { addChangingCommands } from './changing';
import { addDebuggingCommands } from './debugging';
import { CommandIDs } from './ids';
import { addLookingCommands } from './looking';
import { addOpeningCommands } from './opening';
import { addReshapingCommands } from './reshaping';
import { addRunningCommands, isBuildable } from './running';
import { addRunsCommands } from './runs';
import { addSplittingCommands } from './splitting';
import type { ICommandContext } from './target';

/**
 * Add all commands, and tell whoever shows them when they change. What is returned looks whether they have: for
 * what the models know nothing of.
 */
export function addCommands(context: ICommandContext): () => void {
  addLookingCommands(context);
  addRunningCommands(context);
  addOpeningCommands(context);
  addChangingCommands(context);
  addDebuggingCommands(context);
  addRunsCommands(context);
  addReshapingCommands(context);
  addSplittingCommands(context);

  const { commands, model, runs } = context;
  const tell = tellerOf(commands, Object.values(CommandIDs), () =>
    JSON.stringify([model.path, isBuildable(model), model.running, model.asked !== null])
  );
  model.changed.connect(tell);
  runs.changed.connect(tell);
  return tell;
}
