/**
 * What of a pipeline is drawn: of its tasks those that are asked for, some of them together in groups.
 */
import { around, condensed, type Links } from '../related';
import { groups, proposed, type Grouping, type IGroupable } from './groups';

/** How somebody wants to see the graph. */
export interface IWish {
  /** What groups are made of; 'auto' for groups where tasks are many. */
  readonly grouping: Grouping | 'auto' | 'none';
  /** Groups that are drawn as the tasks they are made of, by id. */
  readonly expanded: readonly string[];
  /** Only what is so many steps away from the centre; 0 for everything. */
  readonly levels: number;
  /** The names of the tasks in the centre; without any there is no limit. */
  readonly centre: readonly string[];
  /** Only tasks that this holds for; null for all. */
  readonly only: ((task: number) => boolean) | null;
}

export interface IItem {
  /** Names the task or the group; no two items are called the same. */
  readonly key: string;
  /** Of a group what its tasks have in common. */
  readonly label: string;
  /** The tasks by number: one, or those of a group. */
  readonly members: readonly number[];
  readonly group: boolean;
  /** The group that it was taken out of, by id; '' where it stands for itself. */
  readonly of: string;
}

export interface IItemEdge {
  /** Items by number: used, user. */
  readonly from: number;
  readonly to: number;
  /** Does it lead through tasks that are not drawn? */
  readonly indirect: boolean;
}

export interface IArrangement {
  readonly items: readonly IItem[];
  readonly edges: readonly IItemEdge[];
  /** What the groups are made of. */
  readonly grouping: Grouping | null;
  /** Groups that are expanded: they can be collapsed again. */
  readonly expanded: readonly { readonly id: string; readonly label: string }[];
  /** How many tasks are left out. */
  readonly hidden: number;
}

/** Ways through what is left out are told up to here: beyond, looking for them takes too long. */
const THOROUGH = 2500;

export function arrange(
  tasks: readonly IGroupable[],
  /** Tasks by number: used, user. */
  links: Links,
  wish: IWish
): IArrangement {
  const kept = keptTasks(tasks, links, wish);
  const isKept = (task: number): boolean => kept === null || kept.has(task);
  const shown = tasks.flatMap((_, i) => (isKept(i) ? [i] : []));
  const ways =
    kept === null || tasks.length > THOROUGH
      ? links
          .filter(([from, to]) => isKept(from) && isKept(to))
          .map(([from, to]) => ({ from, to, indirect: false }))
      : condensed(tasks.length, links, isKept);

  const visible = shown.map(i => tasks[i] ?? { name: '', folder: '', grid: '' });
  const grouping =
    wish.grouping === 'auto' ? proposed(visible) : wish.grouping === 'none' ? null : wish.grouping;
  const open = new Set(wish.expanded);
  const made = grouping === null ? [] : groups(visible, grouping);
  const items: IItem[] = [];
  const itemOf = new Map<number, number>();
  const groupOf = new Map(
    made.flatMap(group => group.members.map(member => [shown[member] ?? 0, group] as const))
  );
  for (const task of shown) {
    const group = groupOf.get(task);
    if (itemOf.has(task)) {
      continue;
    }
    const together = group !== undefined && !open.has(group.id);
    const members = together ? group.members.map(member => shown[member] ?? 0) : [task];
    for (const member of members) {
      itemOf.set(member, items.length);
    }
    const name = tasks[task]?.name ?? '';
    items.push({
      key: together ? `group:${group.id}` : `task:${name}`,
      label: together ? group.label : name,
      members,
      group: together,
      of: group?.id ?? ''
    });
  }
  return {
    items,
    edges: between(items, itemOf, ways),
    grouping,
    expanded: made.filter(({ id }) => open.has(id)).map(({ id, label }) => ({ id, label })),
    hidden: tasks.length - shown.length
  };
}

/** The tasks that are asked for; null for all. */
function keptTasks(
  tasks: readonly IGroupable[],
  links: Links,
  { levels, centre, only }: IWish
): ReadonlySet<number> | null {
  const wanted = new Set(centre);
  const middle = levels === 0 ? [] : tasks.flatMap(({ name }, i) => (wanted.has(name) ? [i] : []));
  if (middle.length === 0 && only === null) {
    return null;
  }
  const near = middle.length === 0 ? tasks.map((_, i) => i) : around(links, middle, levels);
  return new Set([...near].filter(task => only?.(task) !== false || middle.includes(task)));
}

/** One edge for all ways between two items; none from a group to itself. */
function between(
  items: readonly IItem[],
  itemOf: ReadonlyMap<number, number>,
  ways: readonly IItemEdge[]
): readonly IItemEdge[] {
  const found = new Map<number, IItemEdge>();
  for (const way of ways) {
    const from = itemOf.get(way.from) ?? -1;
    const to = itemOf.get(way.to) ?? -1;
    const key = from * items.length + to;
    const known = found.get(key);
    if (from !== to && from >= 0 && to >= 0 && (known === undefined || known.indirect)) {
      found.set(key, { from, to, indirect: way.indirect });
    }
  }
  return [...found.values()];
}
