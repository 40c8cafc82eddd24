/**
 * The notebook's cells as the dialog lists them: by the section that they are in. Pure.
 */
import type { Split, SplitCell, SplitRemark } from '../contract';
import { beginnings, type SplitWish } from './edits';

/** Cells between two cuts. */
export interface ISection {
  readonly first: number;
  readonly end: number;
  readonly cells: readonly SplitCell[];
  /** The number of its task, from 0. Sections without code are part of the next one's, or else of the last one's. */
  readonly task: number;
  /** The first cell of its task, by which that is told. */
  readonly key: number;
  /** Is there code in it? */
  readonly coded: boolean;
  /** The task's name; '' until the server has told. */
  readonly name: string;
}

/**
 * The sections as the user has made them. The server may not have told yet what they are: then they have
 * the names that were given to them, or those that the sections had which began there.
 */
export function sectionsOf(request: SplitWish, plan: Split): readonly ISection[] {
  const firsts = beginnings(request, plan);
  const known = new Map(plan.tasks.map(task => [task.first, task.name]));
  const parts = firsts.map((first, i) => {
    const cells = plan.cells.slice(first, firsts[i + 1]);
    return { first, end: first + cells.length, cells, coded: cells.some(hasCode) };
  });
  const tasks = Math.max(1, parts.filter(({ coded }) => coded).length);
  let before = 0;
  let begun: number | null = null;
  let key = 0;
  return parts.map(part => {
    key = begun ?? (part.coded || before < tasks ? part.first : key);
    const task = Math.min(before, tasks - 1);
    begun = part.coded ? null : key;
    before += part.coded ? 1 : 0;
    const name =
      request.names[String(key)] ?? (request.single ? plan.tasks[0]?.name : known.get(key)) ?? '';
    return { ...part, task, key, name };
  });
}

/** The place of the section that a cell is in; -1 for none. */
export function sectionAt(sections: readonly ISection[], cell: number): number {
  return sections.findIndex(({ first, end }) => cell >= first && cell < end);
}

/** How many tasks the sections are. */
export function countTasks(sections: readonly ISection[]): number {
  return new Set(sections.map(({ task }) => task)).size;
}

function hasCode({ kind, text }: SplitCell): boolean {
  return kind === 'code' && text.trim() !== '';
}

/** The worst that is said of each cell. */
export function remarksByCell(
  remarks: readonly SplitRemark[]
): ReadonlyMap<number, SplitRemark['severity']> {
  const found = new Map<number, SplitRemark['severity']>();
  for (const { cell, severity } of remarks) {
    if (cell !== null) {
      const there = found.get(cell);
      found.set(cell, there === undefined || weight(severity) < weight(there) ? severity : there);
    }
  }
  return found;
}

/** Errors first, otherwise as the server has them: by cell. */
export function worstFirst(remarks: readonly SplitRemark[]): readonly SplitRemark[] {
  return [...remarks].sort((a, b) => weight(a.severity) - weight(b.severity));
}

/** How many remarks there are of each kind. */
export function countRemarks(
  remarks: readonly SplitRemark[]
): Readonly<Record<SplitRemark['severity'], number>> {
  const counts = { error: 0, warning: 0, note: 0 };
  for (const { severity } of remarks) {
    counts[severity]++;
  }
  return counts;
}

function weight(severity: SplitRemark['severity']): number {
  return ['error', 'warning', 'note'].indexOf(severity);
}

/** So many lines of a cell are shown at first, unless it has only few more. */
const SHOWN = 7;
const SPARE = 2;

/** The text of a cell, as much as is shown of it; `left` lines are not. */
export function foldedText(text: string): { readonly text: string; readonly left: number } {
  const lines = text.split('\n');
  return lines.length <= SHOWN + SPARE
    ? { text, left: 0 }
    : { text: lines.slice(0, SHOWN).join('\n'), left: lines.length - SHOWN };
}
