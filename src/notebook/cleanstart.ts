/**
 * Keeps an opened task from being called unsaved because its kernel said who it is.
 *
 * JupyterLab writes the kernel's language into the notebook's metadata once it has started. A
 * script has no place for that: nothing would be saved, and a tab that was only looked at
 * should not ask whether to save.
 */
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

import { pipelineOf } from './task';

export class CleanStart implements DocumentRegistry.IWidgetExtension<
  NotebookPanel,
  INotebookModel
> {
  createNew(panel: NotebookPanel): IDisposable {
    const { context } = panel;
    const { model } = context;
    let opened: string | null = null;
    const compare = (_: INotebookModel, { key }: { readonly key: string }): void => {
      if (opened === null || !KERNELS_KEYS.includes(key)) {
        return;
      }
      // After everybody else has heard of the change, and the model has called itself dirty.
      requestAnimationFrame(() => {
        if (!panel.isDisposed && model.dirty && comparable(model) === opened) {
          model.dirty = false;
        }
      });
    };
    const note = (): void => {
      if (!panel.isDisposed && pipelineOf(model) !== null && !model.dirty) {
        opened = comparable(model);
      }
    };
    model.metadataChanged.connect(compare);
    context.fileChanged.connect(note); // read again, or saved
    void context.ready.then(note);
    return new DisposableDelegate(() => {
      model.metadataChanged.disconnect(compare);
      context.fileChanged.disconnect(note);
    });
  }
}

const KERNELS_KEYS = ['language_info', 'kernelspec'];

/**
 * A notebook's content, but for what a kernel tells of itself and what is filled in. Which kernel
 * it is counts.
 */
function comparable(model: INotebookModel): string {
  const content = model.sharedModel.toJSON();
  const cells = content.cells.filter(cell => !marked(cell));
  return JSON.stringify({ ...content, cells }, (key, value: unknown) => {
    if (key === 'language_info' || key === 'cauce') {
      return undefined;
    }
    const named = key === 'kernelspec' && typeof value === 'object' && value !== null;
    return named && 'name' in value ? value.name : value;
  });
}

function marked(cell: unknown): boolean {
  const { metadata } = cell as { readonly metadata?: { readonly cauce?: unknown } };
  return metadata?.cauce !== undefined;
}
