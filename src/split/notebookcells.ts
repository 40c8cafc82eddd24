/**
 * The cells of a notebook's text, to be read. Pure.
 */

export interface INotebookCell {
  readonly kind: 'code' | 'other';
  readonly text: string;
}

/** `null` when the text is no notebook. */
export function cellsOf(text: string): readonly INotebookCell[] | null {
  let notebook: unknown;
  try {
    notebook = JSON.parse(text);
  } catch {
    return null;
  }
  const cells = field(notebook, 'cells');
  return Array.isArray(cells)
    ? cells.map((cell: unknown) => ({
        kind: field(cell, 'cell_type') === 'code' ? 'code' : 'other',
        text: joined(field(cell, 'source'))
      }))
    : null;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** nbformat has a text, or its lines with their ends. */
function joined(source: unknown): string {
  const lines: readonly unknown[] = Array.isArray(source) ? source : [source];
  return lines.filter(line => typeof line === 'string').join('');
}
