/**
 * All that the panel's parts are given.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Actions } from '../actions';
import type { PipelineModel } from '../model';
import type { TaskModel } from '../taskmodel';

export interface IPanelContext {
  readonly model: PipelineModel;
  readonly taskModel: TaskModel;
  readonly actions: Actions;
  readonly trans: TranslationBundle;
  /** Show what else can be done with the pipeline, below an element. */
  readonly more: (anchor: HTMLElement) => void;
  /** The folder in which an example would be made. */
  readonly folder: () => string;
}
