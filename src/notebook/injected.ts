/**
 * Puts new text into the cells that are filled in, and touches nothing else: no other cell, no
 * output, no selection, no undo history; and the document is as clean as before.
 */
import type { ICellModel, ICodeCellModel } from '@jupyterlab/cells';
import type { INotebookModel } from '@jupyterlab/notebook';

import type { Opened } from '../contract';
import { isInjected, pipelineOf } from './task';

/** The cells that are filled in, from the top. */
export function injectedCells(model: INotebookModel): readonly ICellModel[] {
  return [...model.cells].filter(isInjected);
}

/** Does the notebook show something else than it would if it were opened now? */
export function isBehind(model: INotebookModel, opened: Opened): boolean {
  const about = pipelineOf(model);
  const cells = injectedCells(model);
  return (
    about?.pipeline !== opened.pipeline ||
    about.task !== opened.task ||
    cells.length < opened.cells.length ||
    opened.cells.some(({ source }, index) => cells[index]?.sharedModel.source !== source)
  );
}

/** What became of the cells. */
export type Replaced =
  /** There are too few of them: only reading the whole notebook again can help. */
  | 'impossible'
  | 'replaced'
  /** Some were run with what they said before. */
  | 'replaced after running';

/** Let the notebook show what it would if it were opened now. */
export function replaceInjected(model: INotebookModel, opened: Opened): Replaced {
  // There may be more of them, where a user has copied one: the server sorts that out when saving.
  const cells = injectedCells(model).slice(0, opened.cells.length);
  if (cells.length < opened.cells.length) {
    return 'impossible';
  }
  const changed = cells.flatMap((cell, index) => {
    const wanted = opened.cells[index];
    return wanted === undefined || cell.sharedModel.source === wanted.source
      ? []
      : [{ cell, wanted }];
  });
  const ran = changed.filter(({ cell }) => isCode(cell) && cell.executionCount !== null);
  const clean = !model.dirty;
  const { sharedModel } = model;
  const { pipeline, root, task } = opened;
  const said = sharedModel.getMetadata('cauce');
  const ours = typeof said === 'object' && !Array.isArray(said) ? said : null;
  sharedModel.transact(() => {
    for (const { cell, wanted } of changed) {
      cell.sharedModel.setSource(wanted.source);
      // Else the server would take the cell for one that the user has edited.
      cell.sharedModel.setMetadata('cauce', { injected: true, digest: wanted.digest });
      if (isCode(cell)) {
        cell.executionCount = null;
      }
    }
    sharedModel.setMetadata('cauce', { ...ours, pipeline, root, task });
  }, false);
  if (clean) {
    model.dirty = false;
  }
  return ran.length > 0 ? 'replaced after running' : 'replaced';
}

function isCode(cell: ICellModel): cell is ICodeCellModel {
  return cell.type === 'code';
}
