/**
 * The commands: what the palette, menus, shortcuts and other extensions can call.
 */
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

/** Add all commands, and tell whoever shows them when they may have changed. */
export function addCommands(context: ICommandContext): void {
  addLookingCommands(context);
  addRunningCommands(context);
  addOpeningCommands(context);
  addChangingCommands(context);
  addDebuggingCommands(context);
  addRunsCommands(context);
  addReshapingCommands(context);
  addSplittingCommands(context);

  const { commands, model } = context;
  let before = '';
  model.changed.connect(() => {
    // Menus and buttons need not hear of every cell that ran.
    const now = JSON.stringify([
      model.path,
      isBuildable(model),
      model.running,
      model.asked !== null,
      model.selection,
      model.snapshot?.revision
    ]);
    if (now !== before) {
      before = now;
      // That of the file browser is not there where the file browser is not.
      for (const id of Object.values(CommandIDs).filter(each => commands.hasCommand(each))) {
        commands.notifyCommandChanged(id);
      }
    }
  });
}
