/**
 * Which tasks the code in an editor may name as its upstream, and completion of their names.
 */
import type {
  CompletionHandler,
  ICompletionContext,
  ICompletionProvider
} from '@jupyterlab/completer';
import type { Widget } from '@lumino/widgets';

import type { Snapshot } from '../contract';
import type { ITasks } from './upstream';

/** What is known of the task that a code is of. */
export interface ICodeOf {
  readonly task: string;
  readonly tasks: ITasks;
  /** Ways to what upstream made, as `upstream[...]` has them. */
  readonly inputs: readonly (readonly string[])[];
}

/** The task of a document, or null when it is none. */
export type CodeOf = (widget: Widget) => ICodeOf | null;

/** The names and needs of a pipeline's tasks. */
export function tasksOf({ tasks, edges }: Snapshot): ITasks {
  return {
    names: tasks.map(({ name }) => name),
    edges: edges.map(({ source, target }) => [source, target] as const)
  };
}

export class NameCompletions implements ICompletionProvider {
  readonly identifier = 'jupyterlab-cauce:names';
  /**
   * Before the words of the text (500) and of a kernel (550). To show ours alone would take the model of the
   * completer, which JupyterLab has of the first of all providers in all documents: a language server's, if any.
   */
  readonly rank = 610;
  readonly renderer = null;

  constructor(codeOf: CodeOf) {
    this._codeOf = codeOf;
  }

  isApplicable({ widget }: ICompletionContext): Promise<boolean> {
    return Promise.resolve(this._codeOf(widget) !== null);
  }

  async fetch(
    { text, offset }: CompletionHandler.IRequest,
    { widget }: ICompletionContext
  ): Promise<CompletionHandler.ICompletionItemsReply> {
    const code = this._codeOf(widget);
    const { keyAt, nameAt } = await import('./upstream');
    const none = { start: offset, end: offset, items: [] };
    if (code === null) {
      return none;
    }
    const name = nameAt(text, offset);
    if (name !== null) {
      const used = new Set([...name.others, code.task]);
      return offered(
        text,
        offset,
        name,
        code.tasks.names.filter(each => !used.has(each))
      );
    }
    const key = keyAt(text, offset);
    if (key === null) {
      return none;
    }
    const { keys } = key;
    const next = code.inputs
      .filter(way => keys.every((each, index) => way[index] === each))
      .flatMap(way => way[keys.length] ?? []);
    return offered(text, offset, key, [...new Set(next)]);
  }

  private readonly _codeOf: CodeOf;
}

function offered(
  text: string,
  offset: number,
  { from, to }: { readonly from: number; readonly to: number },
  names: readonly string[]
): CompletionHandler.ICompletionItemsReply {
  const typed = text.slice(from, offset).toLowerCase();
  const items = names
    .filter(name => name.toLowerCase().startsWith(typed))
    .map(label => ({ label, insertText: label, type: 'task' }));
  return { start: from, end: to, items };
}
