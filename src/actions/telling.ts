/**
 * How the user learns that something went wrong.
 */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { CauceError } from '../errors';
import type { PipelineModel } from '../model';
import { clock, errorWords } from '../words';
import type { Actions } from './actions';

export class Telling implements IDisposable {
  constructor(options: Pick<Actions.IOptions, 'model' | 'trans' | 'show'>) {
    this._options = options;
    options.model.changed.connect(this._onChanged, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  /** Say what an action rejected with. */
  error(error: unknown): void {
    const { model, trans, show } = this._options;
    if (!(error instanceof CauceError)) {
      Notification.error(error instanceof Error ? error.message : String(error), {
        autoClose: false
      });
      return;
    }
    const { holder } = error;
    if (holder !== null && holder.run === model.snapshot?.run?.id) {
      Notification.info(
        trans.__('This pipeline is being built already. Wait for it to end, or cancel it.'),
        { autoClose: 5000 }
      );
      return;
    }
    if (holder !== null) {
      void showDialog({
        title: trans.__('This project is being built already'),
        body: trans.__(
          '%1 started a build on %2 at %3 (process %4). Wait for it to end, or cancel it there.',
          holder.user,
          holder.host,
          clock(holder.since),
          holder.pid
        ),
        buttons: [Dialog.okButton({ label: trans.__('OK') })]
      });
      return;
    }
    if (error.status === 422) {
      show();
    }
    const text = [errorWords(trans, error), error.hint].filter(part => part !== '').join(' ');
    const told = Notification.error(text, { autoClose: error.status === 422 ? 8000 : false });
    if (error.unreachable) {
      this._lost = { told, confirmed: model.confirmed };
    }
  }

  /** That the server cannot be reached is no longer so once it has answered. */
  private _onChanged(model: PipelineModel): void {
    if (this._lost !== null && model.confirmed !== this._lost.confirmed) {
      Notification.dismiss(this._lost.told);
      this._lost = null;
    }
  }

  private readonly _options: Pick<Actions.IOptions, 'model' | 'trans' | 'show'>;
  /** The notification that the server cannot be reached, and when it was last heard of before. */
  private _lost: { readonly told: string; readonly confirmed: number | null } | null = null;
  private _isDisposed = false;
}
