/**
 * Commands that look: the panel, and asking the server again.
 */
import { refreshIcon } from '@jupyterlab/ui-components';

import { cauceIcon } from '../icons';
import { CommandIDs } from './ids';
import { argumentSchemas, choosePipeline, type ICommandContext } from './target';

export function addLookingCommands({ commands, model, trans, show }: ICommandContext): void {
  const schemas = argumentSchemas(trans);

  commands.addCommand(CommandIDs.show, {
    label: trans.__('Show Pipeline Panel'),
    caption: trans.__('Bring the pipeline panel to the front'),
    icon: cauceIcon,
    describedBy: { args: schemas.pipeline },
    execute: async args => {
      show();
      await choosePipeline(model, args);
    }
  });
  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Refresh Pipelines'),
    caption: trans.__('Look for pipelines and changes again'),
    icon: refreshIcon,
    describedBy: { args: schemas.none },
    execute: () => model.refresh(true)
  });
}
