/**
 * Which tasks are drawn as one: those of a folder, those whose names begin alike, those of a grid.
 */

/** What tasks may have in common. */
export const GROUPINGS = ['folder', 'prefix', 'grid'] as const;

export type Grouping = (typeof GROUPINGS)[number];

export interface IGroupable {
  readonly name: string;
  /** The folder of its source; '' for the project's own. */
  readonly folder: string;
  /** Which grid made it; '' for none. */
  readonly grid: string;
}

export interface IGroup {
  /** Unlike those of other groupings, and the same from one snapshot to the next. */
  readonly id: string;
  readonly label: string;
  /** The numbers of its tasks. */
  readonly members: readonly number[];
}

/** With more nodes, tasks are drawn in groups unless somebody wants it otherwise. */
export const MANY = 200;

/** The groups of two or more tasks, in the order of their first tasks. */
export function groups(tasks: readonly IGroupable[], by: Grouping): readonly IGroup[] {
  const found = new Map<string, number[]>();
  tasks.forEach((task, i) => {
    const key = keyOf(task, by);
    const members = found.get(key);
    if (key !== '' && members !== undefined) {
      members.push(i);
    } else if (key !== '') {
      found.set(key, [i]);
    }
  });
  return [...found]
    .filter(([, members]) => members.length > 1)
    .map(([key, members]) => ({
      id: `${by}:${key}`,
      label: by === 'grid' ? inCommon(members.map(i => tasks[i]?.name ?? '')) : key,
      members
    }));
}

/**
 * The grouping to begin with: the finest one with which there is not too much to see, or that which
 * leaves least. Null where tasks are few, or have nothing in common.
 */
export function proposed(tasks: readonly IGroupable[]): Grouping | null {
  if (tasks.length <= MANY) {
    return null;
  }
  let best: Grouping | null = null;
  let least = tasks.length;
  for (const by of GROUPINGS) {
    const found = groups(tasks, by);
    const left = tasks.length - found.reduce((sum, { members }) => sum + members.length - 1, 0);
    // One node for everything shows nothing.
    const better = left <= MANY ? least > MANY || left > least : left < least;
    if (left > 1 && better) {
      best = by;
      least = left;
    }
  }
  return best;
}

function keyOf({ name, folder, grid }: IGroupable, by: Grouping): string {
  switch (by) {
    case 'folder':
      return folder;
    case 'prefix':
      // Up to the first that parts words or begins to count.
      return /^[\p{L}\p{M}]+/u.exec(name)?.[0] ?? '';
    case 'grid':
      return grid;
  }
}

/** What names begin with, without what parts it from the rest; the first of them where that is nothing. */
function inCommon(names: readonly string[]): string {
  const [first = '', ...others] = names;
  let length = first.length;
  for (const other of others) {
    while (!other.startsWith(first.slice(0, length))) {
      length -= 1;
    }
  }
  return first.slice(0, length).replace(/[\p{P}\p{S}\p{Z}]+$/u, '') || first;
}
