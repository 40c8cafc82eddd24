/**
 * What passes between tasks, as rows of a table and as labels of lines. Pure.
 */
import type { Split, SplitEdge, SplitProduct, SplitTask, SplitVariable } from '../contract';

/** A variable on its way from one task to others. */
export interface IPassing {
  readonly key: string;
  readonly variable: SplitVariable;
  readonly source: string;
  readonly targets: readonly string[];
  /** `null` for a file that the code writes by itself. */
  readonly product: SplitProduct | null;
}

export function productsById(plan: Split): ReadonlyMap<string, SplitProduct> {
  return new Map(plan.tasks.flatMap(task => task.products.map(each => [each.id, each] as const)));
}

/** Each variable once, with all that use it, in the order of the notebook. */
export function passingOf(plan: Split): readonly IPassing[] {
  const products = productsById(plan);
  const found = new Map<string, IPassing>();
  for (const { source, target, variables } of plan.edges) {
    for (const variable of variables) {
      const key = `${source}\n${variable.id}\n${variable.name}`;
      const there = found.get(key);
      found.set(key, {
        key,
        variable: there?.variable ?? variable,
        source,
        targets: [...(there?.targets ?? []), target],
        product: products.get(variable.id) ?? null
      });
    }
  }
  const order = new Map(plan.tasks.map((task, i) => [task.name, i]));
  return [...found.values()].sort(
    (a, b) =>
      (order.get(a.source) ?? 0) - (order.get(b.source) ?? 0) ||
      (a.variable.name < b.variable.name ? -1 : 1)
  );
}

export function edgeBetween(plan: Split, source: string, target: string): SplitEdge | null {
  return plan.edges.find(each => each.source === source && each.target === target) ?? null;
}

/** No more names than that are written on a line. */
const NAMED = 4;
const ROOM = 20;

/** What may be written on a line: as many names as there is room for, and how many more there are. */
export function edgeNames(edge: SplitEdge | null): readonly {
  readonly names: string;
  readonly more: number;
}[] {
  const all = edge?.variables.map(each => each.name.split('/').at(-1) ?? each.name) ?? [];
  const most = Math.min(NAMED, all.length);
  const found = Array.from({ length: most }, (_, i) => ({
    names: all.slice(0, most - i).join(', '),
    more: all.length - most + i
  }));
  const last = found.at(-1);
  return last === undefined || last.names.length <= ROOM
    ? found
    : [...found, { names: `${last.names.slice(0, ROOM - 6)}…`, more: last.more }];
}

/** Variables that a task stores and another does not take yet. */
export function offered(plan: Split, source: string, target: string): readonly string[] {
  const taken = new Set(edgeBetween(plan, source, target)?.variables.map(each => each.name));
  const products = taskOf(plan, source)?.products ?? [];
  return [...new Set(products.flatMap(each => each.names))].filter(name => !taken.has(name));
}

export function taskOf(plan: Split, name: string): SplitTask | null {
  return plan.tasks.find(task => task.name === name) ?? null;
}

/** Does a task come before another in the notebook? Only then can it give it something. */
export function isBefore(plan: Split, source: string, target: string): boolean {
  const [from, to] = [taskOf(plan, source), taskOf(plan, target)];
  return from !== null && to !== null && from.first < to.first;
}
