/**
 * The buttons in the toolbar of notebooks that are tasks.
 */
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  addToolbarButtonClass,
  ReactWidget,
  runIcon,
  ToolbarButtonComponent
} from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Actions } from '../actions/actions';
import { cauceIcon } from '../icons';
import type { PipelineModel } from '../model';
import { taskOf, type ITaskNotebook } from './task';

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
