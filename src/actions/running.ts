/**
 * Starting and stopping builds.
 */
import { Notification } from '@jupyterlab/apputils';

import type { RunRequest } from '../contract';
import type { Actions } from './actions';
import { saveSources, unsavedSources } from './saving';
import type { Telling } from './telling';

export class Running {
  constructor(options: Actions.IOptions, telling: Telling) {
    this._options = options;
    this._telling = telling;
  }

  /**
   * Build the current pipeline. Open documents that it is made of are saved first, for the build
   * reads what is on the disk. The user's settings count for what is not asked for.
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
      await model.build(path, this.asConfigured(request));
    } catch (error) {
      this._telling.error(error);
    }
  }

  /** The request with what the user's settings add to it. */
  asConfigured(request: RunRequest): RunRequest {
    const { jobs, failFast } = this._options.settings();
    if ((request.action ?? 'build') !== 'build') {
      return request;
    }
    return { ...(jobs === null ? {} : { jobs }), ...(failFast ? { failFast } : {}), ...request };
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

  /**
   * Show what a build would do, with a button that does it. With `ask` that is the question whether
   * to begin something that costs much.
   */
  async plan(request: RunRequest = {}, ask = false): Promise<void> {
    const { model, trans } = this._options;
    const { path } = model;
    if (path === null) {
      return;
    }
    const { showPlan } = await import('../plan/dialog');
    const unsaved = unsavedSources(this._options);
    if (await showPlan({ model, trans, path, request: this.asConfigured(request), ask, unsaved })) {
      await this.build(request);
    }
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

  private readonly _options: Actions.IOptions;
  private readonly _telling: Telling;
}
