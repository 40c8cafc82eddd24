/**
 * Editors and cells in which a task lists its upstream: the names are checked while one types.
 */
import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import type { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import type { FileEditor } from '@jupyterlab/fileeditor';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

import type { Snapshot } from '../contract';
import type { PipelineModel } from '../model';
import { fromServerRoot, onServer } from '../paths';
import { tasksOf, type ICodeOf } from './names';

/** The task whose source a file is, as far as the current pipeline tells. */
export function codeOfFile(snapshot: Snapshot | null, file: string | null): ICodeOf | null {
  if (snapshot === null || file === null || !/\.(py|r|rmd|qmd|md)$/i.test(file)) {
    return null;
  }
  const task = snapshot.tasks.find(({ source }) => fromServerRoot(snapshot, source) === file);
  return task === undefined
    ? null
    : {
        task: task.name,
        tasks: tasksOf(snapshot),
        inputs: snapshot.tasks
          .filter(({ name }) => task.upstream.includes(name))
          .flatMap(({ name, products }) =>
            products.map(({ key }) => (key === '' ? [name] : [name, key]))
          )
      };
}

/** Checks the names in editors, each once. */
export class CheckedEditors {
  constructor(trans: TranslationBundle) {
    this._trans = trans;
  }

  /** Check the names in an editor from now on; or again, when it is known. */
  check(editor: unknown, codeOf: () => ICodeOf | null): void {
    if (!(editor instanceof CodeMirrorEditor) || editor.isDisposed) {
      return;
    }
    const known = this._known.has(editor);
    this._known.add(editor);
    void import('./namelint').then(({ nameLint, checkNamesAgain }) => {
      if (editor.isDisposed) {
        return;
      }
      if (known) {
        checkNamesAgain(editor.editor);
      } else {
        editor.injectExtension(nameLint(codeOf, this._trans));
      }
    });
  }

  private readonly _trans: TranslationBundle;
  private readonly _known = new WeakSet<CodeMirrorEditor>();
}

/** Files in the editor that are sources of tasks. */
export class SourceEditors implements DocumentRegistry.IWidgetExtension<
  IDocumentWidget<FileEditor>,
  DocumentRegistry.ICodeModel
> {
  constructor(model: PipelineModel, checked: CheckedEditors) {
    this._model = model;
    this._checked = checked;
  }

  createNew(
    widget: IDocumentWidget<FileEditor>,
    context: DocumentRegistry.IContext<DocumentRegistry.ICodeModel>
  ): IDisposable {
    const model = this._model;
    let following: IDisposable | null = null;
    let before = '';
    let seen: Snapshot | null | undefined = undefined;
    const codeOf = (): ICodeOf | null => codeOfFile(model.snapshot, onServer(context));
    const look = (): void => {
      if (model.snapshot === seen) {
        return; // as often as not it is about something else
      }
      seen = model.snapshot;
      const code = codeOf();
      if (code === null || widget.isDisposed) {
        return;
      }
      following ??= model.follow();
      const now = JSON.stringify([code.task, code.tasks]);
      if (now !== before) {
        before = now;
        this._checked.check(widget.content.editor, codeOf);
      }
    };
    const onRenamed = (): void => {
      seen = undefined;
      look();
    };
    model.changed.connect(look);
    context.pathChanged.connect(onRenamed);
    void context.ready.then(look);
    return new DisposableDelegate(() => {
      following?.dispose();
      context.pathChanged.disconnect(onRenamed);
      model.changed.disconnect(look);
    });
  }

  private readonly _model: PipelineModel;
  private readonly _checked: CheckedEditors;
}
