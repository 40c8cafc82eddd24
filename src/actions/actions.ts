/**
 * What the user can do with a pipeline, each thing once: buttons, menus, keys and commands all
 * end here. Whoever calls has made sure that the user wants it.
 *
 *     running   what starts and stops builds, and what they would do
 *     ending    how the ends of builds are told
 *     opening   what opens documents
 *     changing  what writes into the project
 *     debugging what leads to the cell that failed
 *     pastruns  what can be done with runs that were
 *     reshaping what changes the pipeline itself: its tasks, what they need, its values
 *     splitting what makes a pipeline of one notebook
 *     telling   how the user learns that something went wrong
 */
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { Widget } from '@lumino/widgets';

import type { IClient } from '../client';
import type { PipelineModel } from '../model';
import type { ITaskNotebook } from '../notebook/task';
import type { RunsModel } from '../runsmodel';
import type { SplitClient } from '../splitmodel';
import type { IFiles } from '../starter';
import type { IMemory } from '../memory';
import type { ISettings } from '../settings';
import { Changing } from './changing';
import { Debugging } from './debugging';
import { Ending } from './ending';
import { Opening } from './opening';
import { PastRuns } from './pastruns';
import { Reshaping } from './reshaping';
import { Running } from './running';
import { Splitting } from './splitting';
import { Telling } from './telling';

export namespace Actions {
  export interface IOptions {
    readonly model: PipelineModel;
    readonly runs: RunsModel;
    readonly client: Pick<IClient, 'showTask'> & SplitClient;
    readonly documents: Pick<IDocumentManager, 'openOrReveal' | 'contextForWidget'>;
    readonly contents: IFiles;
    readonly trans: TranslationBundle;
    /** What colours code; `null` where there is no such thing. */
    readonly languages: IEditorLanguageRegistry | null;
    /** The widgets that may show a document. */
    readonly widgets: () => Iterable<Widget>;
    /** Whose task a document is shown as; `null` when it is none. */
    readonly shownAs: (widget: Widget) => ITaskNotebook | null;
    /** Does JupyterLab, or an extension of it, know files called so? */
    readonly knowsType: (path: string) => boolean;
    /** Show a folder in the file browser. */
    readonly showFolder: (path: string) => void;
    /** The folder that the user looks at. */
    readonly folder: () => string;
    /** Does a kernel run for a document, be it open or not? */
    readonly hasKernel: (path: string) => boolean;
    /** Bring the panel to the front. */
    readonly show: () => void;
    /** The user's settings, as they are now. */
    readonly settings: () => ISettings;
    /** What is remembered from one visit to the next; `null` when nothing is. */
    readonly memory: IMemory | null;
    /**
     * What shows two notebooks of a task cell by cell, by their paths from the server's root; `null` when
     * nothing does.
     */
    readonly notebookDiff: () => ((base: string, remote: string, task: string) => void) | null;
  }
}

export class Actions implements IDisposable {
  constructor(options: Actions.IOptions) {
    this.telling = new Telling(options);
    this.running = new Running(options, this.telling);
    this.opening = new Opening(options);
    this.changing = new Changing(options, this.telling);
    this.debugging = new Debugging(options, this.opening, this.telling);
    this.pastRuns = new PastRuns(options, this.running, this.telling);
    this.reshaping = new Reshaping(options, this.telling, this.opening);
    this.splitting = new Splitting(options, this.telling, this.reshaping);
    this._ending = new Ending(options, this.running, this.opening, this.splitting);
  }

  readonly telling: Telling;
  readonly running: Running;
  readonly opening: Opening;
  readonly changing: Changing;
  readonly debugging: Debugging;
  readonly pastRuns: PastRuns;
  readonly reshaping: Reshaping;
  readonly splitting: Splitting;

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** From here on the ends of runs are not told. */
  dispose(): void {
    this._isDisposed = true;
    this._ending.dispose();
    this.telling.dispose();
  }

  private readonly _ending: Ending;
  private _isDisposed = false;
}
