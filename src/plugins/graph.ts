/**
 * What the graph can have done, by commands: whoever adds or replaces them is called.
 */
import type { CommandRegistry } from '@lumino/commands';

import { CommandIDs } from '../commands/ids';
import type { IGraphActions } from '../sidebar/context';

export function graphActions(commands: CommandRegistry): IGraphActions {
  const link = (id: string, from: string, to: string): void => {
    void commands.execute(id, { from, to });
  };
  return {
    export: (format, { graph, filter }) => {
      void commands.execute(CommandIDs.exportGraph, { format, look: { ...graph }, filter });
    },
    canConnect: () =>
      commands.hasCommand(CommandIDs.connectTasks) &&
      commands.hasCommand(CommandIDs.disconnectTasks),
    connect: (from, to) => {
      link(CommandIDs.connectTasks, from, to);
    },
    disconnect: (from, to) => {
      link(CommandIDs.disconnectTasks, from, to);
    }
  };
}
