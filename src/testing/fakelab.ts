/**
 * A JupyterLab with the panel's parts in it and nothing behind them: the fake client answers, and
 * no document opens.
 */
import { nullTranslator } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { Actions } from '../actions';
import type { Snapshot } from '../contract';
import { PipelineModel } from '../model';
import type { IPanelContext } from '../sidebar/context';
import { TaskModel } from '../taskmodel';
import { FakeClient } from './fakeclient';

export class FakeLab implements IDisposable, IPanelContext {
  readonly client = new FakeClient();
  readonly trans = nullTranslator.load('jupyterlab-cauce');
  readonly model = new PipelineModel({ client: this.client, events: new Signal({}) });
  readonly taskModel = new TaskModel(this.client, this.model);
  readonly actions = new Actions({
    model: this.model,
    documents: { openOrReveal: () => undefined, contextForWidget: () => undefined },
    contents: { get: () => Promise.resolve(), save: () => Promise.resolve() },
    trans: this.trans,
    widgets: () => [],
    folder: () => '',
    show: () => undefined,
    notify: () => true
  });
  readonly more = (): void => undefined;
  readonly folder = (): string => '';

  /** Let the pipeline be as the snapshot says, and the model know. */
  async show(snapshot: Snapshot): Promise<void> {
    this.client.snapshots.set(snapshot.pipeline, snapshot);
    await this.model.refresh();
  }

  get isDisposed(): boolean {
    return this.model.isDisposed;
  }

  dispose(): void {
    this.actions.dispose();
    this.taskModel.dispose();
    this.model.dispose();
  }
}

/** What `look` finds, once it finds something. */
export async function appears<T>(look: () => T | null | undefined): Promise<T> {
  for (let i = 0; i < 1000; i++) {
    const found = look();
    if (found != null) {
      return found;
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  throw new Error(`It did not appear: ${look.toString()}`);
}
