/**
 * The dialog with a plan, and the button that does what it says.
 */
import { Clipboard, Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { BuildPlan, RunRequest } from '../contract';
import { CauceError } from '../errors';
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
    this.addClass('jp-cauce-Plan');
    options.model.changed.connect(this._onChanged, this);
    void this._ask();
  }

  override dispose(): void {
    this._options.model.changed.disconnect(this._onChanged, this);
    super.dispose();
  }

  protected render(): React.JSX.Element {
    const { trans, unsaved } = this._options;
    return (
      <Plan
        trans={trans}
        plan={this._plan}
        error={this._error}
        unsaved={unsaved}
        onCopy={text => {
          Clipboard.copyToSystem(text);
        }}
      />
    );
  }

  private _onChanged(model: PipelineModel): void {
    if (model.path === this._options.path && model.snapshot?.revision !== this._revision) {
      void this._ask();
    }
  }

  private async _ask(): Promise<void> {
    const { model, path, request, trans } = this._options;
    const revision = model.snapshot?.revision;
    this._revision = revision;
    let plan: BuildPlan | null = null;
    let words = '';
    try {
      plan = await model.plan(path, request);
    } catch (error) {
      words =
        error instanceof CauceError
          ? `${errorWords(trans, error)} ${error.hint}`.trim()
          : String(error);
    }
    if (revision === this._revision && !this.isDisposed) {
      this._plan = plan;
      this._error = words;
      this.update();
    }
  }

  private readonly _options: IPlanOptions;
  private _plan: BuildPlan | null = null;
  private _error = '';
  private _revision: number | undefined = undefined;
}
