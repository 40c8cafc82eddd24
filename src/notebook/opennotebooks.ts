/**
 * The open notebooks that are tasks. Who opens no task loads none of what is told of them.
 */
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import type { IAttachOptions } from './attach';
import type { OpenNotebook } from './opennotebook';
import { pipelineOf } from './task';

export class OpenNotebooks implements DocumentRegistry.IWidgetExtension<
  NotebookPanel,
  INotebookModel
> {
  constructor(options: IAttachOptions) {
    this._options = options;
  }

  /** What one of them tells has changed, or there is another one. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What is known of a widget that is an open task notebook. */
  of(widget: Widget | null): OpenNotebook | null {
    return this._open.find(({ panel }) => panel === widget) ?? null;
  }

  /** The one that shows a document. */
  at(path: string): OpenNotebook | null {
    return this._open.find(({ panel }) => panel.context.localPath === path) ?? null;
  }

  createNew(panel: NotebookPanel): IDisposable {
    const { context } = panel;
    let begun = false;
    let part: { readonly notebook: OpenNotebook; readonly line: IDisposable } | null = null;
    const begin = (): void => {
      if (begun || panel.isDisposed || pipelineOf(context.model) === null) {
        return;
      }
      begun = true;
      void import('./attach').then(({ attach }) => {
        if (panel.isDisposed) {
          return;
        }
        part = attach(panel, this._options);
        this._open = [...this._open, part.notebook];
        part.notebook.changed.connect(this._onChanged, this);
        this._changed.emit();
      });
    };
    context.model.metadataChanged.connect(begin);
    void context.ready.then(begin);
    return new DisposableDelegate(() => {
      context.model.metadataChanged.disconnect(begin);
      const notebook = part?.notebook;
      this._open = this._open.filter(each => each !== notebook);
      part?.line.dispose();
      notebook?.dispose();
    });
  }

  private _onChanged(): void {
    this._changed.emit();
  }

  private readonly _options: IAttachOptions;
  private readonly _changed = new Signal<this, void>(this);
  private _open: readonly OpenNotebook[] = [];
}
