/**
 * The plugin that knows the pipelines of this JupyterLab, for all others.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { IStateDB } from '@jupyterlab/statedb';

import { Client } from '../client';
import { PipelineModel } from '../model';
import { IPipelines } from '../tokens';
import { folderOf } from './folder';

export const pipelines: JupyterFrontEndPlugin<IPipelines> = {
  id: 'jupyterlab-cauce:pipelines',
  description: 'Knows the pipelines of this JupyterLab.',
  autoStart: true,
  provides: IPipelines,
  optional: [IStateDB, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    memory: IStateDB | null,
    browser: IDefaultFileBrowser | null
  ): IPipelines => {
    const { serviceManager } = app;
    const client = new Client(serviceManager.serverSettings);
    const model = new PipelineModel({
      client,
      events: serviceManager.events.stream,
      memory,
      folder: () => folderOf(browser, serviceManager.contents)
    });
    // A browser tab in the background loses its event socket, and events are not said twice.
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && model.active) {
        void model.refresh();
      }
    });
    return { model, client };
  }
};
