/**
 * The dialog with a plan, and the button that does what it says.
 */
import { Clipboard, Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { BuildPlan, RunRequest } from '../contract';
import { CauceError } from '../errors';
import { Folded } from '../folded';
import type { PipelineModel } from '../model';
import { errorWords } from '../words';
import { Plan } from './plan';

export interface IPlanOptions {
  readonly model: PipelineModel;
  readonly trans: TranslationBundle;
  readonly path: string;
  readonly request: RunRequest;
  /** Is it the question whether to begin, rather than a look? */
  readonly ask: boolean;
  readonly unsaved: readonly string[];
}

/** Show what a build would do. Does the user want it done? */
export async function showPlan(options: IPlanOptions): Promise<boolean> {
  const { trans, ask } = options;
  const body = new PlanBody(options);
  const dialog = new Dialog({
    title: ask ? trans.__('Run everything again?') : trans.__('What would run'),
    body,
    buttons: [
      Dialog.cancelButton({ label: ask ? trans.__('Cancel') : trans.__('Close') }),
      ask
        ? Dialog.warnButton({ label: trans.__('Build from Scratch') })
        : Dialog.okButton({ label: trans.__('Build') })
    ],
    // Enter shall not begin what one only wanted to look at.
    defaultButton: 0
  });
  const result = await dialog.launch();
  return result.button.accept;
}

/** Asks for the plan, and again whenever the pipeline is another than it was then. */
class PlanBody extends ReactWidget {
  constructor(options: IPlanOptions) {
    super();
    this._options = options;
    this._asking = new Folded(() => this._ask());
    this.addClass('jp-cauce-Plan');
    options.model.changed.connect(this._onChanged, this);
    this._onChanged();
  }

  override dispose(): void {
    this._options.model.changed.disconnect(this._onChanged, this);
    super.dispose();
  }

  protected render(): React.JSX.Element {
    const { trans, unsaved, model } = this._options;
    return (
      <Plan
        trans={trans}
        plan={this._plan}
        error={this._error}
        unsaved={unsaved}
        building={model.running}
        onCopy={text => {
          Clipboard.copyToSystem(text);
        }}
      />
    );
  }

  private _onChanged(): void {
    const { model, path } = this._options;
    // While it is built each cell is news, and the plan is another when that is over.
    const now = `${String(model.running)} ${model.running ? '' : String(model.snapshot?.revision)}`;
    if (model.path === path && now !== this._asked) {
      this._asked = now;
      void this._asking.call();
    }
  }

  private async _ask(): Promise<void> {
    const { model, path, request, trans } = this._options;
    try {
      this._plan = await model.plan(path, request);
      this._error = '';
    } catch (error) {
      this._error =
        error instanceof CauceError
          ? `${errorWords(trans, error)} ${error.hint}`.trim()
          : String(error);
    }
    if (!this.isDisposed) {
      this.update();
    }
  }

  private readonly _options: IPlanOptions;
  private readonly _asking: Folded;
  private _plan: BuildPlan | null = null;
  private _error = '';
  /** How the pipeline stood when it was asked for last. */
  private _asked = '';
}
