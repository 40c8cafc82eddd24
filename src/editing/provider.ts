/**
 * Completion in our files, for JupyterLab's completer.
 */
import type {
  CompletionHandler,
  ICompletionContext,
  ICompletionProvider
} from '@jupyterlab/completer';
import { DocumentWidget } from '@jupyterlab/docregistry';

import type { PipelineModel } from '../model';
import { onServer } from '../paths';
import { dialectOf } from './files';
import type { Schemas } from './schemas';

export class FileCompletions implements ICompletionProvider {
  readonly identifier = 'jupyterlab-cauce:files';
  /** Before the words of the text (500) and of a kernel (550). */
  readonly rank = 600;
  readonly renderer = null;

  constructor(schemas: Schemas, model: PipelineModel) {
    this._schemas = schemas;
    this._model = model;
  }

  isApplicable(context: ICompletionContext): Promise<boolean> {
    return Promise.resolve(dialectOf(pathOf(context)) !== null);
  }

  async fetch(
    request: CompletionHandler.IRequest,
    context: ICompletionContext
  ): Promise<CompletionHandler.ICompletionItemsReply> {
    const { text, offset } = request;
    const path = pathOf(context);
    const dialect = dialectOf(path);
    const [schema, { completionsAt }] = await Promise.all([
      dialect === null ? null : this._schemas.of(dialect),
      import('./completion')
    ]);
    const { snapshot } = this._model;
    const tasks = snapshot?.pipeline === path ? snapshot.tasks.map(({ name }) => name) : [];
    const found = schema === null ? null : completionsAt(text, offset, schema, tasks);
    const typed = text.slice(found?.from ?? offset, offset).toLowerCase();
    const items = found?.items.filter(({ label }) => label.toLowerCase().startsWith(typed));
    return {
      start: found?.from ?? offset,
      end: found?.to ?? offset,
      items: (items ?? []).map(({ label, insert, kind, description }) => ({
        label,
        insertText: insert,
        type: kind,
        ...(description === '' ? {} : { documentation: description })
      }))
    };
  }

  private readonly _schemas: Schemas;
  private readonly _model: PipelineModel;
}

function pathOf({ widget }: ICompletionContext): string {
  return widget instanceof DocumentWidget ? (onServer(widget.context) ?? '') : '';
}
