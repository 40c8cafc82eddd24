/**
 * The dialog in which a notebook is split: the bridge from the model to the components.
 */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { SplitApplied, SplitRequest } from '../contract';
import { graphWords } from '../sidebar/graphwords';
import { SplitModel, type SplitClient } from '../splitmodel';
import type { Question } from './bar';
import type { Paint } from './code';
import { newRequest } from './edits';
import { languageOf, painter } from './painting';
import { SplitView } from './split';

export interface ISplitOptions {
  readonly client: SplitClient;
  readonly trans: TranslationBundle;
  /** What colours code; `null` where there is no such thing. */
  readonly languages: IEditorLanguageRegistry | null;
  /** From the server's root. */
  readonly notebook: string;
  /** What is asked for at first. */
  readonly parts: Partial<SplitRequest>;
}

export interface ISplitDone {
  readonly applied: SplitApplied;
  /** How many tasks there are now. */
  readonly tasks: number;
}

/** Let the user split a notebook. Resolves once that is written, or with `null` when it is not to be. */
export async function showSplit(options: ISplitOptions): Promise<ISplitDone | null> {
  const model = new SplitModel(options.client, newRequest(options.notebook, options.parts));
  const dialog = new SplitDialog(model, options);
  try {
    await dialog.launch();
    return dialog.done;
  } finally {
    model.dispose();
  }
}

/** It has buttons of its own, for they say more than JupyterLab's can. */
class SplitDialog extends Dialog<null> {
  constructor(model: SplitModel, options: ISplitOptions) {
    const { trans, notebook } = options;
    const title = trans.__('Split “%1” into a pipeline', notebook.split('/').at(-1) ?? notebook);
    const body = new SplitBody(model, options, done => {
      this.done = done;
      super.reject();
    });
    super({ title, body, buttons: [], hasClose: true });
    this._content = body;
    this.addClass('jp-cauce-SplitDialog');
    this.node.setAttribute('aria-label', title);
  }

  /** What was written; `null` while nothing is. */
  done: ISplitDone | null = null;

  override handleEvent(event: Event): void {
    const { target } = event;
    // JupyterLab's dialog gives the focus back to one of its buttons, and there is none.
    if (event.type === 'focus' && !(target instanceof Node && this.node.contains(target))) {
      event.stopPropagation();
      this._content.takeFocus();
      return;
    }
    const inside = target instanceof Node && this._content.node.contains(target);
    // The parts know better what these keys mean in them; what nobody wants of Escape comes back as `leave`.
    if (inside && event instanceof KeyboardEvent && ['Enter', 'Escape'].includes(event.key)) {
      return;
    }
    super.handleEvent(event);
  }

  /** Escape, the × and a click beside the dialog. */
  override reject(): void {
    this._content.leave();
  }

  override resolve(): void {
    // There is no button of JupyterLab's to press.
  }

  private readonly _content: SplitBody;
}

class SplitBody extends ReactWidget {
  /** `end`: close the dialog, with what was written. */
  constructor(model: SplitModel, options: ISplitOptions, end: (done: ISplitDone | null) => void) {
    super();
    this.addClass('jp-cauce-SplitBody');
    this._model = model;
    this._options = options;
    this._end = end;
    this._graphWords = graphWords(options.trans);
    this._paint = options.languages === null ? null : painter(options.languages);
    model.changed.connect(this._onChanged, this);
  }

  /** Close, unless something is asked or would be lost: that is asked first. */
  leave(): void {
    if (this._model.applying) {
      return; // it is written by now: what became of it has to be told
    }
    if (this._question !== null) {
      this._ask(null);
    } else if (this._model.edited) {
      this._ask('discard');
    } else {
      this._end(null);
    }
  }

  /** Have what is behind the dialog hear no keys. */
  takeFocus(): void {
    this.node.querySelector<HTMLElement>('.jp-cauce-Splitting')?.focus();
  }

  override dispose(): void {
    this._model.changed.disconnect(this._onChanged, this);
    super.dispose();
  }

  protected override render(): React.JSX.Element {
    const model = this._model;
    const { trans, languages } = this._options;
    return (
      <SplitView
        trans={trans}
        graphWords={this._graphWords}
        request={model.request}
        plan={model.plan}
        asking={model.asking}
        error={model.error}
        outdated={model.outdated}
        applying={model.applying}
        trace={model.trace}
        canUndo={model.canUndo}
        canRedo={model.canRedo}
        question={this._question}
        paint={this._paint}
        language={path => (languages === null ? '' : languageOf(languages, path))}
        onEdit={(request, thing) => {
          model.edit(request, thing);
        }}
        onUndo={() => {
          model.undo();
        }}
        onRedo={() => {
          model.redo();
        }}
        onAgain={() => {
          model.again();
        }}
        onTrace={() => void model.startTrace()}
        onStopTrace={() => void model.cancelTrace()}
        onQuestion={question => {
          this._ask(question);
        }}
        onCancel={() => {
          this.leave();
        }}
        onDiscard={() => {
          this._end(null);
        }}
        onApply={() => void this._apply()}
      />
    );
  }

  private async _apply(): Promise<void> {
    const tasks = this._model.plan?.tasks.length ?? 0;
    const applied = await this._model.apply();
    if (applied !== null) {
      this._end({ applied, tasks });
    }
  }

  private _ask(question: Question): void {
    this._question = question;
    this.update();
  }

  private _onChanged(): void {
    this.update();
  }

  private readonly _model: SplitModel;
  private readonly _options: ISplitOptions;
  private readonly _end: (done: ISplitDone | null) => void;
  private readonly _graphWords: ReturnType<typeof graphWords>;
  private readonly _paint: Paint | null;
  private _question: Question = null;
}
