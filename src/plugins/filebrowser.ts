/**
 * The plugin for pipeline files in the file browser.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ITranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commands/ids';
import { canBeTask, commonFolder } from '../dialogs/form';
import { IPipelines } from '../tokens';
import { selectedIn } from './folder';
import { IPanel } from './panel';
import { bundle } from './translation';

export const filebrowser: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-cauce:filebrowser',
  description: 'Shows a pipeline file of the file browser in the panel, and notices new ones.',
  autoStart: true,
  requires: [IPipelines, IPanel],
  optional: [IDefaultFileBrowser, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    panel: IPanel,
    browser: IDefaultFileBrowser | null,
    translator: ITranslator | null
  ): void => {
    if (browser === null) {
      return;
    }
    const { model } = pipelines;
    const trans = bundle(translator);
    const chosen = (): readonly string[] =>
      selectedIn(browser, app.serviceManager.contents).map(({ path }) => path);
    const selected = (): string | null => {
      const path = chosen()[0];
      return model.pipelines?.find(each => each.path === path)?.path ?? null;
    };
    app.commands.addCommand(CommandIDs.showFile, {
      label: trans.__('Show Pipeline'),
      caption: trans.__('Show this pipeline in the panel'),
      describedBy: { args: { type: 'object', properties: {} } },
      isVisible: () => selected() !== null,
      execute: async () => {
        const path = selected();
        if (path !== null) {
          panel.show();
          await model.choose(path);
        }
      }
    });
    app.commands.addCommand(CommandIDs.createPipeline, {
      label: args =>
        Array.isArray(args.files)
          ? trans.__('Create Pipeline from Files…')
          : trans._n(
              'Create Pipeline from This File…',
              'Create Pipeline from These %1 Files…',
              chosen().length
            ),
      caption: trans.__('Write a pipeline file whose tasks are these scripts and notebooks'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            files: {
              type: 'array',
              items: { type: 'string' },
              description: trans.__('Paths from the server’s root; by default the selected files')
            }
          }
        }
      },
      isVisible: () => chosen().length > 0 && chosen().every(canBeTask),
      execute: async args => {
        const named = Array.isArray(args.files) ? args.files.map(String) : chosen();
        const files = named.filter(canBeTask);
        if (files.length > 0) {
          await panel.actions.reshaping.createPipeline(commonFolder(files), files);
        }
      }
    });
    app.serviceManager.contents.fileChanged.connect((_, change) => {
      const paths = [change.oldValue?.path, change.newValue?.path];
      const saved = change.type === 'save';
      const known = model.pipelines?.some(each => paths.includes(each.path)) === true;
      // A saved pipeline is watched by the server; one that came or went changes the list.
      if (model.active && saved !== known && paths.some(path => /\.ya?ml$/.test(path ?? ''))) {
        void model.refresh(true);
      }
    });
  }
};
