/**
 * How many of an item's tasks are in which state.
 */
import { STATES } from '../filter';
import type { IItem } from './arrange';
import type { ICount, IGraphNode } from './node';

/** The state of a task, or that of a group's which needs somebody most. */
export function worst(item: IItem, nodes: readonly IGraphNode[]): IGraphNode['state'] {
  return countsOf(item, nodes)[0]?.state ?? 'fresh';
}

export function countsOf(item: IItem, nodes: readonly IGraphNode[]): readonly ICount[] {
  const counts = new Map<string, number>();
  for (const member of item.members) {
    const state = nodes[member]?.state ?? 'fresh';
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return STATES.flatMap(state => {
    const count = counts.get(state) ?? 0;
    return count === 0 ? [] : [{ state, count }];
  });
}
