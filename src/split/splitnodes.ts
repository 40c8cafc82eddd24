/**
 * The tasks of a split as the graph shows them. Pure.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Split } from '../contract';
import type { IGraphNode } from '../graph/graph';
import { signOf } from './signs';
import { cellsWord } from './splitwords';

export function splitNodes(trans: TranslationBundle, plan: Split): readonly IGraphNode[] {
  return plan.tasks.map((task, i): IGraphNode => {
    const count = task.end - task.first;
    const word = cellsWord(trans, count);
    return {
      name: task.name,
      state: 'never',
      word: trans.__('%1 · %2', i + 1, word),
      aside: '',
      progress: null,
      title: trans.__('Task %1, %2, %3', i + 1, task.name, word),
      runnable: false,
      flawed: task.products.some(each => each.trouble !== ''),
      folder: '',
      kind: 'notebook',
      grid: '',
      sign: signOf(i)
    };
  });
}
