/**
 * File editors that show one of our files: what is wrong is marked while one types.
 */
import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import type { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import type { FileEditor } from '@jupyterlab/fileeditor';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

import type { IClient } from '../client';
import type { Problem } from '../contract';
import type { PipelineModel } from '../model';
import { onServer } from '../paths';
import { problemsIn } from '../problems';
import { dialectOf } from './files';
import type { Schemas } from './schemas';

export namespace FileEditors {
  export interface IOptions {
    readonly client: IClient;
    readonly model: PipelineModel;
    readonly schemas: Schemas;
    readonly trans: TranslationBundle;
  }
}

export class FileEditors implements DocumentRegistry.IWidgetExtension<
  IDocumentWidget<FileEditor>,
  DocumentRegistry.ICodeModel
> {
  constructor(options: FileEditors.IOptions) {
    this._options = options;
  }

  createNew(
    widget: IDocumentWidget<FileEditor>,
    context: DocumentRegistry.IContext<DocumentRegistry.ICodeModel>
  ): IDisposable {
    const { client, model, schemas, trans } = this._options;
    /** '' for a file that the server knows nothing of. */
    const path = (): string => onServer(context) ?? '';
    let asked = false;
    let following: IDisposable | null = null;
    let again: () => void = () => undefined;
    const begin = (): void => {
      if (asked || widget.isDisposed || dialectOf(path()) === null) {
        return;
      }
      asked = true;
      following = model.follow();
      // Who edits none of our files never loads it.
      void import('./live').then(({ live, checkAgain }) => {
        const { editor } = widget.content;
        if (!widget.isDisposed && editor instanceof CodeMirrorEditor) {
          const known = (): readonly Problem[] =>
            context.model.dirty || model.snapshot === null
              ? []
              : problemsIn(model.snapshot, path());
          editor.injectExtension(live({ client, schemas, path, known, trans }));
          again = () => {
            checkAgain(editor.editor);
          };
        }
      });
    };
    let before = '';
    const onModel = (): void => {
      // Another file of the pipeline was mended, or broken.
      const now = JSON.stringify(model.snapshot?.problems ?? []);
      if (now !== before) {
        before = now;
        again();
      }
    };
    const onSave = (_: unknown, state: DocumentRegistry.SaveState): void => {
      if (state === 'completed') {
        again();
      }
    };
    context.saveState.connect(onSave);
    void context.ready.then(begin);
    context.pathChanged.connect(begin);
    model.changed.connect(onModel);
    return new DisposableDelegate(() => {
      following?.dispose();
      context.saveState.disconnect(onSave);
      context.pathChanged.disconnect(begin);
      model.changed.disconnect(onModel);
    });
  }

  private readonly _options: FileEditors.IOptions;
}
