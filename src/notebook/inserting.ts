/**
 * Inserts the code that loads what upstream made.
 */
import type { NotebookPanel } from '@jupyterlab/notebook';

import { isInjected } from './task';
import { cellText, loadingCode, type IInput, type Language } from './loading';

/** Insert a cell below the active one, or below what is filled in if that comes later. */
export function insertLoading(panel: NotebookPanel, input: IInput, language: Language): void {
  const { content, context } = panel;
  const { model } = context;
  const cells = [...model.cells];
  const filled = cells.reduce((last, cell, index) => (isInjected(cell) ? index : last), -1);
  const at = Math.max(content.activeCellIndex, filled) + 1;
  const code = (some: typeof cells): string =>
    some
      .filter(cell => cell.type === 'code')
      .map(cell => cell.sharedModel.source)
      .join('\n');
  const source = cellText(loadingCode(input, language, code(cells), code(cells.slice(0, at))));
  model.sharedModel.insertCell(at, {
    cell_type: 'code',
    source,
    // An empty cell of one's own is trusted: so that its outputs are shown.
    metadata: { trusted: true }
  });
  content.activeCellIndex = at;
  content.deselectAll();
  content.mode = 'edit';
  content.activate();
  const { activeCell } = content;
  if (activeCell === null) {
    return;
  }
  // A new cell has its editor a moment later.
  void activeCell.ready.then(async () => {
    await content.scrollToCell(activeCell);
    const lines = source.split('\n');
    const line = lines.length - 1;
    activeCell.editor?.setCursorPosition({ line, column: lines[line]?.length ?? 0 });
    activeCell.editor?.focus();
  });
}
