/**
 * The status bar's item: the pipeline's name, how it stands, a thin bar while it is built.
 */
import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal, type ISignal } from '@lumino/signaling';
import * as React from 'react';

import { Mark } from '../components/mark';
import type { PipelineModel } from '../model';
import { standingOf, type IStanding } from './standing';

export class StatusItem extends ReactWidget {
  constructor(
    model: PipelineModel,
    trans: TranslationBundle,
    onPress: (task: string | null) => void
  ) {
    super();
    this._model = model;
    this._trans = trans;
    this._onPress = onPress;
    this.addClass('jp-cauce-Status');
    this.addClass('jp-mod-highlighted');
    model.changed.connect(this._onChanged, this);
  }

  /** Is there something to tell? */
  get active(): boolean {
    return this._model.snapshot !== null;
  }

  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  override dispose(): void {
    this._model.changed.disconnect(this._onChanged, this);
    super.dispose();
  }

  protected render(): React.JSX.Element | null {
    const { snapshot, asked } = this._model;
    if (snapshot === null) {
      return null;
    }
    const action = this._model.actionOf(snapshot.run?.id ?? '');
    return (
      <Item
        standing={standingOf(this._trans, snapshot, asked, action)}
        trans={this._trans}
        onPress={this._onPress}
      />
    );
  }

  private _onChanged(): void {
    this.update();
    if (this.active !== this._wasActive) {
      this._wasActive = this.active;
      this._activeChanged.emit();
    }
  }

  private readonly _model: PipelineModel;
  private readonly _trans: TranslationBundle;
  private readonly _onPress: (task: string | null) => void;
  private readonly _activeChanged = new Signal<this, void>(this);
  private _wasActive = false;
}

function Item({
  standing,
  trans,
  onPress
}: {
  readonly standing: IStanding;
  readonly trans: TranslationBundle;
  readonly onPress: (task: string | null) => void;
}): React.JSX.Element {
  const { state, name, text, title, progress, task } = standing;
  return (
    <button
      type="button"
      className="jp-cauce-Status-button"
      data-state={state}
      title={trans.__('Pipeline %1: %2. Click to show it.', name, title)}
      onClick={() => {
        onPress(task);
      }}
    >
      <Mark state={state} />
      <span className="jp-cauce-Status-name">{name}</span>
      <span className="jp-cauce-Status-text">{text}</span>
      {progress === null ? null : (
        <span className="jp-cauce-Status-bar" aria-hidden="true">
          <span style={{ width: `${String(Math.round(progress * 100))}%` }} />
        </span>
      )}
    </button>
  );
}
