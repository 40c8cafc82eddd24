/**
 * Notebooks that are tasks: their injected cell is marked, and their toolbar can build.
 *
 * The server writes into the metadata of an opened task notebook whose task it is, and marks
 * the cell that it put in. Both live in memory only and are taken out when saved.
 */
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  addToolbarButtonClass,
  ReactWidget,
  runIcon,
  ToolbarButtonComponent
} from '@jupyterlab/ui-components';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import * as React from 'react';

import type { Actions } from './actions/actions';
import { cauceIcon } from './icons';
import type { PipelineModel } from './model';

/** Whose task a notebook is. */
export interface ITaskNotebook {
  /** The pipeline file, relative to the server's root. */
  readonly pipeline: string;
  readonly task: string;
}

/** Whose task the notebook is, or null when it is none. */
export function taskOf(model: INotebookModel | null | undefined): ITaskNotebook | null {
  const said: unknown = model?.getMetadata('cauce');
  if (
    typeof said === 'object' &&
    said !== null &&
    'pipeline' in said &&
    typeof said.pipeline === 'string' &&
    'task' in said &&
    typeof said.task === 'string'
  ) {
    return { pipeline: said.pipeline, task: said.task };
  }
  return null;
}

/** Build a notebook's pipeline, or only its task, and let the panel follow. */
export async function buildFromNotebook(
  model: PipelineModel,
  actions: Actions,
  { pipeline, task }: ITaskNotebook,
  what: 'pipeline' | 'task'
): Promise<void> {
  await model.choose(pipeline);
  await (what === 'task' ? actions.running.runTask(task) : actions.running.build());
}

/** Marks the injected cells of notebooks. */
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
      const open = taskOf(panel.model) !== null;
      for (const cell of panel.content.widgets) {
        const said: unknown = cell.model.getMetadata('cauce');
        const injected =
          open &&
          typeof said === 'object' &&
          said !== null &&
          'injected' in said &&
          said.injected === true;
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

/**
 * Keeps an opened task from being called unsaved because its kernel said who it is.
 *
 * JupyterLab writes the kernel's language into the notebook's metadata once it has started. A
 * script has no place for that: nothing would be saved, and a tab that was only looked at
 * should not ask whether to save.
 */
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
    model.metadataChanged.connect(compare);
    void context.ready.then(() => {
      if (!panel.isDisposed && taskOf(model) !== null && !model.dirty) {
        opened = comparable(model);
      }
    });
    return new DisposableDelegate(() => {
      model.metadataChanged.disconnect(compare);
    });
  }
}

const KERNELS_KEYS = ['language_info', 'kernelspec'];

/** A notebook's content, but for what a kernel tells of itself. Which kernel it is counts. */
function comparable(model: INotebookModel): string {
  return JSON.stringify(model.toJSON(), (key, value: unknown) => {
    if (key === 'language_info') {
      return undefined;
    }
    const named = key === 'kernelspec' && typeof value === 'object' && value !== null;
    return named && 'name' in value ? value.name : value;
  });
}

export namespace TaskButton {
  export interface IOptions {
    readonly panel: NotebookPanel;
    readonly model: PipelineModel;
    readonly actions: Actions;
    readonly trans: TranslationBundle;
    readonly what: 'pipeline' | 'task';
  }
}

/** A button in a notebook's toolbar, there only while the notebook is a task. */
export class TaskButton extends ReactWidget {
  constructor(options: TaskButton.IOptions) {
    super();
    this._options = options;
    const { panel } = options;
    addToolbarButtonClass(this);
    this.addClass('jp-cauce-TaskButton');
    const update = (): void => {
      this.setHidden(taskOf(panel.model) === null);
      this.update();
    };
    update();
    void panel.context.ready.then(() => {
      if (!panel.isDisposed && !this.isDisposed) {
        update();
        panel.model?.metadataChanged.connect(update);
        this.disposed.connect(() => {
          panel.model?.metadataChanged.disconnect(update);
        });
      }
    });
  }

  protected override render(): React.JSX.Element | null {
    const { panel, model, actions, trans, what } = this._options;
    const task = taskOf(panel.model);
    if (task === null) {
      return null;
    }
    const onClick = (): void => {
      void buildFromNotebook(model, actions, task, what);
    };
    return React.createElement(
      ToolbarButtonComponent,
      what === 'pipeline'
        ? {
            icon: cauceIcon,
            label: trans.__('Build pipeline'),
            tooltip: trans.__(
              'Run every task of this notebook’s pipeline that is out of date. Changes are saved first.'
            ),
            onClick
          }
        : {
            icon: runIcon,
            // By its name: others may share the source.
            label: trans.__('Run %1', task.task),
            tooltip: trans.__(
              'Run the task %1 in a fresh kernel, with what it needs. Changes are saved first. The kernel of this notebook is left alone.',
              task.task
            ),
            onClick
          }
    );
  }

  private readonly _options: TaskButton.IOptions;
}
