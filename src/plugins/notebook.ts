/**
 * The plugin for notebooks that are tasks.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';

import { CleanStart, InjectedCells, TaskButton } from '../notebook';
import { IPipelines } from '../tokens';
import { IPanel } from './panel';
import { bundle } from './translation';

export const notebook: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-cauce:notebook',
  description: 'Task notebooks: marks the injected cell, adds buttons to the toolbar.',
  autoStart: true,
  requires: [IPipelines, IPanel],
  optional: [IToolbarWidgetRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    panel: IPanel,
    toolbars: IToolbarWidgetRegistry | null,
    translator: ITranslator | null
  ): void => {
    const { model } = pipelines;
    const { actions } = panel;
    const trans = bundle(translator);
    app.docRegistry.addWidgetExtension('Notebook', new InjectedCells(trans));
    app.docRegistry.addWidgetExtension('Notebook', new CleanStart());
    for (const what of ['pipeline', 'task'] as const) {
      toolbars?.addFactory<NotebookPanel>(
        'Notebook',
        what === 'pipeline' ? 'cauce-build' : 'cauce-run',
        owner => new TaskButton({ panel: owner, model, actions, trans, what })
      );
    }
  }
};
