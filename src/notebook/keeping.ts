/**
 * Reads an open document again and keeps what the file does not hold: outputs of cells that are
 * the same, the place that one looks at, the cursor.
 */
import type { ICodeCellModel } from '@jupyterlab/cells';
import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import type { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import { FileEditor } from '@jupyterlab/fileeditor';
import type { NotebookPanel } from '@jupyterlab/notebook';

import { sameCells } from './reload';
import { fileOf } from './task';

/** What a cell had shown. */
interface IShown {
  readonly outputs: ReturnType<ICodeCellModel['outputs']['toJSON']>;
  readonly count: number | null;
  readonly trusted: boolean;
}

/**
 * Read a notebook again. Nobody can type into it meanwhile: what is typed while the answer is on
 * its way would be lost.
 */
export async function reloadNotebook(panel: NotebookPanel): Promise<void> {
  const { content, context } = panel;
  const { model } = context;
  const before = [...model.cells].map(cell => `${cell.type}\n${cell.sharedModel.source}`);
  const shown = [...model.cells].map((cell): IShown | null =>
    isCode(cell)
      ? { outputs: cell.outputs.toJSON(), count: cell.executionCount, trusted: cell.trusted }
      : null
  );
  const { activeCellIndex, mode } = content;
  const cursor = content.activeCell?.editor?.getCursorPosition() ?? null;
  const { scrollTop } = content.outerNode;
  const focused = content.node.contains(document.activeElement);

  content.node.inert = true;
  try {
    await context.revert();
  } finally {
    content.node.inert = false;
  }
  if (panel.isDisposed) {
    return;
  }
  const same = sameCells(
    before,
    [...model.cells].map(cell => `${cell.type}\n${cell.sharedModel.source}`)
  );
  // A file that holds outputs says itself which there are.
  if (!holdsOutputs(context.localPath)) {
    // One by one: in a transaction, what is set would be heard of again, and be there twice.
    same.forEach((index, now) => {
      const old = index === null ? null : shown[index];
      const cell = model.cells.get(now);
      // Outputs that are there come from the other half of a pair.
      if (old != null && isCode(cell) && cell.outputs.length === 0) {
        cell.trusted = old.trusted;
        cell.outputs.fromJSON(old.outputs);
        cell.executionCount = old.count;
      }
    });
  }
  model.dirty = false;
  model.sharedModel.clearUndoHistory();

  const active = same.indexOf(activeCellIndex);
  content.activeCellIndex =
    active >= 0 ? active : Math.min(activeCellIndex, model.cells.length - 1);
  content.mode = mode;
  if (active >= 0 && cursor !== null && mode === 'edit') {
    content.activeCell?.editor?.setCursorPosition(cursor);
  }
  if (focused) {
    content.activate();
  }
  requestAnimationFrame(() => {
    if (!panel.isDisposed) {
      content.outerNode.scrollTop = scrollTop;
    }
  });
}

/** Read a file in the editor again. */
export async function reloadEditor(
  context: DocumentRegistry.Context,
  widget: IDocumentWidget | undefined
): Promise<void> {
  const editor = widget?.content instanceof FileEditor ? widget.content.editor : null;
  const cursor = editor?.getCursorPosition();
  const scroller = editor instanceof CodeMirrorEditor ? editor.editor.scrollDOM : null;
  const top = scroller?.scrollTop ?? 0;
  await context.revert();
  if (widget?.isDisposed === false && cursor !== undefined) {
    editor?.setCursorPosition(cursor);
    requestAnimationFrame(() => {
      scroller?.scrollTo({ top });
    });
  }
}

function holdsOutputs(path: string): boolean {
  return path.endsWith('.ipynb') && fileOf(path) === path;
}

function isCode(cell: { readonly type: string }): cell is ICodeCellModel {
  return cell.type === 'code';
}
