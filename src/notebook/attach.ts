/**
 * Puts the line above a notebook that is a task.
 */
import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Actions } from '../actions/actions';
import type { PipelineModel } from '../model';
import { BannerPart } from './bannerpart';
import type { ICodeOf } from '../editing/names';
import type { CheckedEditors } from '../editing/sources';
import type { Dismissed } from './dismissed';
import { OpenNotebook } from './opennotebook';
import { isInjected } from './task';

export interface IAttachOptions extends OpenNotebook.IOptions {
  readonly model: PipelineModel;
  readonly actions: Actions;
  readonly trans: TranslationBundle;
  readonly dismissed: Dismissed;
  readonly checked: CheckedEditors;
  readonly showInGraph: (pipeline: string, task: string | null) => void;
  /** Offer what can be loaded, at an element. */
  readonly offerInputs: (notebook: OpenNotebook, anchor: HTMLElement) => void;
}

export function attach(
  panel: NotebookPanel,
  options: IAttachOptions
): { readonly notebook: OpenNotebook; readonly line: BannerPart } {
  const { model, actions, trans, dismissed, showInGraph, offerInputs } = options;
  const { content, context } = panel;
  const notebook = new OpenNotebook(panel, options);
  const line = new BannerPart({
    notebook,
    model,
    actions,
    trans,
    showInGraph,
    offerInputs: anchor => {
      offerInputs(notebook, anchor);
    },
    runInjected: () => {
      const cells = content.widgets.filter(cell => isInjected(cell.model));
      void NotebookActions.runCells(content, cells, context.sessionContext);
    },
    dismissed: () => dismissed.has(context.localPath),
    dismiss: () => {
      dismissed.set(context.localPath, true);
    }
  });
  const update = (): void => {
    line.update();
  };
  dismissed.changed.connect(update);
  model.changed.connect(update);
  line.disposed.connect(() => {
    dismissed.changed.disconnect(update);
    model.changed.disconnect(update);
  });
  checkNames(notebook, options.checked);
  panel.contentHeader.addWidget(line);
  return { notebook, line };
}

/** Check the names in the cells with parameters, as soon as they have an editor. */
function checkNames(notebook: OpenNotebook, checked: CheckedEditors): void {
  const { content } = notebook.panel;
  const known = new WeakSet();
  const look = (again: boolean): void => {
    for (const { model, editor } of content.widgets) {
      const tags: unknown = model.getMetadata('tags');
      if (editor === null || !Array.isArray(tags) || !tags.includes('parameters')) {
        continue;
      }
      if (again || !known.has(editor)) {
        known.add(editor);
        checked.check(editor, () => notebook.code);
      }
    }
  };
  let before = '';
  let last: ICodeOf | null | undefined = undefined;
  const onChanged = (): void => {
    const { code } = notebook;
    const now = code === last ? before : JSON.stringify(code);
    look(now !== before);
    [last, before] = [code, now];
  };
  const onCells = (): void => {
    look(false);
  };
  notebook.changed.connect(onChanged);
  content.cellInViewportChanged.connect(onCells);
  content.modelContentChanged.connect(onCells);
  content.disposed.connect(() => {
    notebook.changed.disconnect(onChanged);
  });
  onChanged();
}
