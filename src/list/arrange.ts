/**
 * Which rows the list has, and in which order: sorted, filtered, grouped by folder.
 */
import { STATES, type IFilter, type IFilterable } from '../filter';
import type { TaskState } from '../taskstate';
import type { Order } from '../viewstate';
import type { RowEdge } from './lanes';

/** What of a task decides where its row stands. */
export interface IListed extends IFilterable {
  readonly state: TaskState;
  /** Seconds; null when it never ran. */
  readonly duration: number | null;
}

export interface IArrangement {
  readonly order: Order;
  readonly grouped: boolean;
  /** The folders that are folded away. Nothing is as long as something is looked for. */
  readonly collapsed: ReadonlySet<string>;
  readonly filter: IFilter;
}

interface IPlace {
  /** Tells rows apart, tasks from groups too. */
  readonly key: string;
  readonly level: 1 | 2;
  /** From 1, among those of its level below the same parent. */
  readonly position: number;
  readonly siblings: number;
}

export interface ITaskPlace extends IPlace {
  readonly kind: 'task';
  readonly name: string;
}

export interface IGroupPlace extends IPlace {
  readonly kind: 'group';
  readonly folder: string;
  /** Its tasks that the filter lets through. */
  readonly members: readonly string[];
  readonly expanded: boolean;
}

export type Place = ITaskPlace | IGroupPlace;

export function taskKey(name: string): string {
  return `task ${name}`;
}

export function groupKey(folder: string): string {
  return `group ${folder}`;
}

/** The rows from the top. */
export function arrange(tasks: readonly IListed[], how: IArrangement): readonly Place[] {
  const shown = sorted(
    how.filter.empty ? tasks : tasks.filter(task => how.filter.matches(task)),
    how.order
  );
  if (!how.grouped) {
    return shown.map(({ name }, i) => taskPlace(name, 1, i + 1, shown.length));
  }
  const folders = new Map<string, string[]>();
  for (const { name, folder } of shown) {
    const members = folders.get(folder);
    if (members === undefined) {
      folders.set(folder, [name]);
    } else {
      members.push(name);
    }
  }
  const names = [...folders.keys()];
  if (how.order === 'name') {
    names.sort(compareNames);
  }
  return names.flatMap((folder, at): readonly Place[] => {
    const members = folders.get(folder) ?? [];
    const expanded = !how.filter.empty || !how.collapsed.has(folder);
    return [
      {
        kind: 'group',
        key: groupKey(folder),
        level: 1,
        position: at + 1,
        siblings: names.length,
        folder,
        members,
        expanded
      },
      ...(expanded ? members.map((name, i) => taskPlace(name, 2, i + 1, members.length)) : [])
    ];
  });
}

/** The row of each task that is shown, or of the group that it is folded into. */
export function rowsOf(places: readonly Place[]): ReadonlyMap<string, number> {
  const rows = new Map<string, number>();
  places.forEach((place, row) => {
    if (place.kind === 'task') {
      rows.set(place.name, row);
    } else if (!place.expanded) {
      for (const name of place.members) {
        rows.set(name, row);
      }
    }
  });
  return rows;
}

/** The edges between rows: those of tasks that are shown, each once. */
export function rowEdges(
  rows: ReadonlyMap<string, number>,
  edges: readonly (readonly [string, string])[]
): readonly RowEdge[] {
  const found = new Map<string, RowEdge>();
  for (const [source, target] of edges) {
    const from = rows.get(source);
    const to = rows.get(target);
    if (from !== undefined && to !== undefined && from !== to) {
      found.set(`${String(from)} ${String(to)}`, [from, to]);
    }
  }
  return [...found.values()];
}

function taskPlace(name: string, level: 1 | 2, position: number, siblings: number): ITaskPlace {
  return { kind: 'task', key: taskKey(name), name, level, position, siblings };
}

function sorted(tasks: readonly IListed[], order: Order): readonly IListed[] {
  switch (order) {
    case 'build':
      return tasks;
    case 'name':
      return [...tasks].sort((a, b) => compareNames(a.name, b.name));
    case 'duration':
      return [...tasks].sort((a, b) => (b.duration ?? -1) - (a.duration ?? -1));
    case 'state':
      return [...tasks].sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state));
  }
}

const COLLATOR = new Intl.Collator(undefined, { numeric: true });

/** As people sort: fit-2 before fit-10. */
function compareNames(a: string, b: string): number {
  return COLLATOR.compare(a, b);
}
