/**
 * What JupyterLab's completer lists in one of our files.
 */
import { CompleterModel, type CompletionHandler } from '@jupyterlab/completer';

import type { ICompletion } from './completion';

const KINDS: readonly (string | undefined)[] = [
  'key',
  'value',
  'task'
] satisfies ICompletion['kind'][];

/** Lists other providers' words (every key of the text, with its dashes) only where we know none. */
export class FileCompleterModel extends CompleterModel {
  override setCompletionItems(items: CompletionHandler.ICompletionItems): void {
    const ours = items.filter(({ type }) => KINDS.includes(type));
    super.setCompletionItems(ours.length > 0 ? ours : items);
  }
}
