/**
 * Tasks by runs, as the grid shows them. Pure: what stands in which row and column.
 */
import type { Run } from '../contract';
import type { IFilter, IFilterable } from '../filter';

/** What became of a task in a run. */
export type Ending = Run['tasks'][string];

export interface IMatrixRow {
  readonly task: string;
  /** Is it no longer in the pipeline? */
  readonly gone: boolean;
}

export interface IMatrix {
  readonly rows: readonly IMatrixRow[];
  /** Newest first. */
  readonly runs: readonly Run[];
  /** The runs of one day, in the order of the runs. */
  readonly days: readonly IDay[];
  /** How long the longest of the runs took. */
  readonly longest: number;
}

export interface IDay {
  /** A moment of that day. */
  readonly time: number;
  readonly first: number;
  readonly count: number;
}

/**
 * The grid of these runs: the pipeline's tasks in build order, then those that only past runs had.
 * `now` is where runs that go on have come to.
 */
export function matrixOf(tasks: readonly string[], runs: readonly Run[], now: number): IMatrix {
  const present = new Set(tasks);
  const gone = new Set<string>();
  for (const run of runs) {
    for (const task of Object.keys(run.tasks)) {
      if (!present.has(task)) {
        gone.add(task);
      }
    }
  }
  return {
    rows: [
      ...tasks.map(task => ({ task, gone: false })),
      ...[...gone].map(task => ({ task, gone: true }))
    ],
    runs,
    days: daysOf(runs),
    longest: Math.max(0, ...runs.map(run => tookOf(run, now)))
  };
}

/** The same grid with the rows alone that match, by what is known of the pipeline's tasks now. */
export function filtered(matrix: IMatrix, filter: IFilter, tasks: readonly IFilterable[]): IMatrix {
  if (filter.empty) {
    return matrix;
  }
  const known = new Map(tasks.map(each => [each.name, each]));
  const rows = matrix.rows.filter(({ task }) =>
    // Of a task that is gone there is but its name.
    filter.matches(known.get(task) ?? { name: task, state: null, folder: '', kind: '' })
  );
  return { ...matrix, rows };
}

/** How long a run took, or has taken until now. */
export function tookOf(run: Run, now: number): number {
  return Math.max(0, (run.ended ?? now) - run.started);
}

function daysOf(runs: readonly Run[]): readonly IDay[] {
  const days: IDay[] = [];
  let last = '';
  runs.forEach((run, i) => {
    const day = new Date(run.started * 1000).toDateString();
    const before = days.at(-1);
    if (day === last && before !== undefined) {
      days[days.length - 1] = { ...before, count: before.count + 1 };
    } else {
      days.push({ time: run.started, first: i, count: 1 });
    }
    last = day;
  });
  return days;
}

/**
 * The list of runs once its newest part was told again: what is older stays as it was known.
 */
export function joined(
  known: readonly Run[],
  newest: readonly Run[]
): { readonly runs: readonly Run[]; readonly joins: boolean } {
  const last = newest.at(-1);
  const at = last === undefined ? -1 : known.findIndex(run => run.id === last.id);
  return at < 0
    ? { runs: newest, joins: false }
    : { runs: [...newest, ...known.slice(at + 1)], joins: true };
}

/** The runs, with what the pipeline's snapshot says of its last or active one. */
export function withLatest(runs: readonly Run[], latest: Run | null): readonly Run[] {
  if (latest === null) {
    return runs;
  }
  const at = runs.findIndex(run => run.id === latest.id);
  if (at >= 0) {
    return runs.map((run, i) => (i === at ? latest : run));
  }
  // Only what began since the list was told; else it was deleted, and the snapshot is the older.
  const [newest] = runs;
  return newest === undefined || latest.started > newest.started ? [latest, ...runs] : runs;
}

/** Where a key leads from a place in a grid of that size; `null` when it leads nowhere. */
export function stepTo(
  key: string,
  at: readonly [number, number],
  size: readonly [number, number],
  page: number,
  whole: boolean
): readonly [number, number] | null {
  const [row, column] = at;
  const [rows, columns] = size;
  const to = ((): readonly [number, number] | null => {
    switch (key) {
      case 'ArrowUp':
        return [row - 1, column];
      case 'ArrowDown':
        return [row + 1, column];
      case 'ArrowLeft':
        return [row, column - 1];
      case 'ArrowRight':
        return [row, column + 1];
      case 'PageUp':
        return [row - page, column];
      case 'PageDown':
        return [row + page, column];
      case 'Home':
        return whole ? [0, 0] : [row, 0];
      case 'End':
        return whole ? [rows - 1, columns - 1] : [row, columns - 1];
      default:
        return null;
    }
  })();
  const inside = (value: number, count: number): number => Math.max(0, Math.min(count - 1, value));
  return to === null ? null : [inside(to[0], rows), inside(to[1], columns)];
}
