/**
 * Starting and stopping builds, and telling how they ended.
 */
import { Notification } from '@jupyterlab/apputils';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { RunRequest } from '../contract';
import type { IEnded } from '../model';
import { failedTasks, runWords } from '../words';
import type { Actions } from './actions';
import { saveSources } from './saving';
import type { Telling } from './telling';

export class Running implements IDisposable {
  constructor(options: Actions.IOptions, telling: Telling) {
    this._options = options;
    this._telling = telling;
    options.model.ended.connect(this._onEnded, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  /**
   * Build the current pipeline. Open documents that it is made of are saved first, for the build
   * reads what is on the disk.
   */
  async build(request: RunRequest = {}): Promise<void> {
    const { model, trans } = this._options;
    const { path } = model;
    if (path === null) {
      return;
    }
    try {
      const unsaved = await saveSources(this._options);
      if (unsaved !== null) {
        Notification.warning(
          trans.__('Nothing was built: %1 has changes that were not saved.', unsaved)
        );
        return;
      }
      await model.build(path, request);
    } catch (error) {
      this._telling.error(error);
    }
  }

  /** Run one task, with what it needs unless `mode` is `only`. */
  runTask(task: string, options: Pick<RunRequest, 'force' | 'mode'> = {}): Promise<void> {
    return this.build({ tasks: [task], ...options });
  }

  /** Compute what running code alone can tell, and build nothing. */
  evaluate(): Promise<void> {
    return this.build({ action: 'evaluate' });
  }

  /** Take a task for up to date as it is. */
  markTask(task: string): Promise<void> {
    return this.build({ action: 'mark', tasks: [task], mode: 'only' });
  }

  /** Stop the active build. Has it been asked to? If not, the user is told why. */
  async cancel(): Promise<boolean> {
    try {
      return await this._options.model.cancel();
    } catch (error) {
      this._telling.error(error);
      return false;
    }
  }

  private _onEnded(_: unknown, { pipeline, run, tasks }: IEnded): void {
    const { model, notify, show, trans } = this._options;
    if (!notify()) {
      return;
    }
    // What an earlier run came to is no news any more.
    Notification.dismiss(this._told);
    const [failed = null] = failedTasks(run);
    const elsewhere = pipeline === model.path ? '' : ` (${pipeline})`;
    const words = runWords(trans, run, model.actionOf(run.id), tasks) + elsewhere;
    switch (run.state) {
      case 'ok':
        this._told = Notification.success(words, { autoClose: 5000 });
        break;
      case 'cancelled':
        this._told = Notification.info(words, { autoClose: 5000 });
        break;
      default:
        this._told = Notification.error(words, {
          autoClose: false,
          actions: [
            {
              label: trans.__('Show'),
              caption: trans.__('Show the failed task in the panel'),
              callback: (): void => {
                show();
                void model.choose(pipeline).then(() => {
                  model.select(failed);
                });
              }
            }
          ]
        });
    }
  }

  private readonly _options: Actions.IOptions;
  private readonly _telling: Telling;
  /** The notification of the last run's end. */
  private _told = '';
  private _isDisposed = false;
}
