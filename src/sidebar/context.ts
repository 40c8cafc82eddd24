/**
 * All that the panel's parts are given.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';

import type { Actions } from '../actions/actions';
import type { Format } from '../graph/look';
import type { PipelineModel } from '../model';
import type { RunsModel } from '../runsmodel';
import type { Settings } from '../settings';
import type { TaskModel } from '../taskmodel';
import type { IMemory } from '../memory';
import type { IView, ViewState } from '../viewstate';
import type { Lookers } from '../lookers';

/** What all panels share. */
export interface IShared {
  readonly model: PipelineModel;
  readonly taskModel: TaskModel;
  readonly runsModel: RunsModel;
  readonly lookers: Lookers;
  readonly actions: Actions;
  readonly trans: TranslationBundle;
  readonly settings: Settings;
  /** Show the ways to build, below an element. */
  readonly buildMenu: (anchor: HTMLElement) => void;
  /** Show what else can be done with the pipeline, below an element. */
  readonly more: (anchor: HTMLElement) => void;
  /** Show, below an element, the other ways to run the selected task, and what else can be done with it. */
  readonly menus: {
    readonly run: (anchor: HTMLElement) => void;
    readonly task: (anchor: HTMLElement) => void;
  };
  /** The folder in which an example would be made. */
  readonly folder: () => string;
  /** Another folder is looked at; null where there is no file browser. */
  readonly folderChanged: ISignal<unknown, unknown> | null;
  /** Where panels remember how somebody looked at a pipeline. */
  readonly viewMemory: IMemory | null;
  /** What the graph can have done; null where nothing can. */
  readonly graph: IGraphActions | null;
}

export interface IGraphActions {
  /** Save a picture of the graph, as somebody looks at it. */
  readonly export: (format: Format, view: IView) => void;
  /** Can links be changed? */
  readonly canConnect: () => boolean;
  readonly connect: (from: string, to: string) => void;
  readonly disconnect: (from: string, to: string) => void;
}

/** What the parts of one panel share. */
export interface IPanelContext extends IShared {
  /** The panel, as the lookers know it. */
  readonly looker: object;
  readonly viewState: ViewState;
}
