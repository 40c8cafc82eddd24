/**
 * What can be done with a past run: have it again, forget it, open what it has left.
 */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';

import type { Run, RunDetail, RunRequest } from '../contract';
import { fromServerRoot } from '../paths';
import { rerunOf } from '../runs/rerun';
import { moment } from '../words';
import type { Actions } from './actions';
import type { Running } from './running';
import type { Telling } from './telling';

export class PastRuns {
  constructor(options: Actions.IOptions, running: Running, telling: Telling) {
    this._options = options;
    this._running = running;
    this._telling = telling;
  }

  /** Build what a run was asked for; with `force` what it ran, though it be up to date. */
  async rerun(detail: RunDetail, force: boolean): Promise<void> {
    const request = this._requestOf(detail, force);
    if (request !== null) {
      await this._running.build(request);
    }
  }

  /** What to ask for to have a run again; `null` when that cannot be, which the user is told. */
  async requestFor(run: string, force: boolean): Promise<RunRequest | null> {
    try {
      return this._requestOf(await this._options.runs.detailOf(run), force);
    } catch (error) {
      this._telling.error(error);
      return null;
    }
  }

  /** Forget a run, if the user agrees. */
  async forget(run: Run): Promise<void> {
    const { trans, runs } = this._options;
    const asked = await showDialog({
      title: trans.__('Delete this run?'),
      body: trans.__(
        'The run of %1 is forgotten, with its logs and the notebooks that were kept of it. Products stay where they are, and what is up to date stays so.',
        moment(run.started)
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.warnButton({ label: trans.__('Delete') })
      ],
      defaultButton: 0
    });
    if (!asked.button.accept) {
      return;
    }
    try {
      await runs.forget(run.id);
    } catch (error) {
      this._telling.error(error);
    }
  }

  /** Open an executed notebook as a run has left it: to read, so no kernel is started. */
  openNotebook(path: string): void {
    const full = this._full(path);
    if (full !== null) {
      this._options.documents.openOrReveal(full, 'Notebook', undefined, undefined, {
        shouldStart: false,
        autoStartDefault: false
      });
    }
  }

  /** Can notebooks be compared here? */
  get comparesNotebooks(): boolean {
    return this._options.notebookDiff() !== null;
  }

  /** Show two notebooks of a task cell by cell, by their files. */
  compareNotebooks(before: string, after: string, task: string): void {
    const [base, remote] = [this._full(before), this._full(after)];
    if (base !== null && remote !== null) {
      this._options.notebookDiff()?.(base, remote, task);
    }
  }

  private _requestOf(detail: RunDetail, force: boolean): RunRequest | null {
    const { model, trans } = this._options;
    const tasks = model.snapshot?.tasks.map(task => task.name) ?? [];
    const request = rerunOf(detail, tasks, force);
    if (request === null) {
      Notification.info(trans.__('None of the tasks of that run is in the pipeline any more.'), {
        autoClose: 5000
      });
    }
    return request;
  }

  private _full(path: string): string | null {
    const { snapshot } = this._options.model;
    return snapshot === null ? null : fromServerRoot(snapshot, path);
  }

  private readonly _options: Actions.IOptions;
  private readonly _running: Running;
  private readonly _telling: Telling;
}
