/**
 * Marks the cells that are filled in, so that one sees what they are.
 */
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

import { isInjected, pipelineOf } from './task';

export class InjectedCells implements DocumentRegistry.IWidgetExtension<
  NotebookPanel,
  INotebookModel
> {
  constructor(trans: TranslationBundle) {
    this._trans = trans;
  }

  createNew(panel: NotebookPanel): IDisposable {
    const mark = (): void => {
      // An executed notebook has the cell as well, but there it is part of the record.
      const open = pipelineOf(panel.model) !== null;
      panel.toggleClass('jp-cauce-TaskNotebook', open);
      for (const cell of panel.content.widgets) {
        const injected = open && isInjected(cell.model);
        cell.toggleClass('jp-cauce-InjectedCell', injected);
        if (injected) {
          cell.node.dataset.cauceHint = this._trans.__('Filled in when opened, not saved');
        }
      }
    };
    // A reload replaces the cells; with windowing, a cell's widget may be made when it comes into view.
    const { content } = panel;
    content.modelContentChanged.connect(mark);
    content.cellInViewportChanged.connect(mark);
    void panel.context.ready.then(() => {
      if (!panel.isDisposed) {
        mark();
      }
    });
    return new DisposableDelegate(() => {
      content.modelContentChanged.disconnect(mark);
      content.cellInViewportChanged.disconnect(mark);
    });
  }

  private readonly _trans: TranslationBundle;
}
