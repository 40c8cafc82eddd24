/**
 * Which items and edges are looked at: selected, below the pointer or tied to that, found.
 */
import * as React from 'react';

import type { IItem } from './arrange';
import type { IGraphProps } from './props';
import { kin, leads, type Links } from '../related';

export interface ILooking {
  readonly selectedItems: ReadonlySet<number>;
  /** What is tied to what is looked at; null when nothing is. */
  readonly related: ReturnType<typeof kin> | null;
  readonly isMatch: readonly boolean[];
  readonly isKin: readonly boolean[];
}

export function useLooking(
  { nodes, selection, matches }: Pick<IGraphProps, 'nodes' | 'selection' | 'matches'>,
  items: readonly IItem[],
  ways: Links,
  hovered: string | null
): ILooking {
  const selectedItems = React.useMemo(() => {
    const wanted = new Set(selection);
    return new Set(
      items.flatMap((item, i) =>
        item.members.some(member => wanted.has(nodes[member]?.name ?? '')) ? [i] : []
      )
    );
  }, [items, nodes, selection]);
  const centreItems = React.useMemo(() => {
    const over = hovered === null ? -1 : items.findIndex(({ key }) => key === hovered);
    return over < 0 ? selectedItems : new Set([over]);
  }, [items, hovered, selectedItems]);
  const related = React.useMemo(
    () => (centreItems.size === 0 ? null : kin(ways, [...centreItems])),
    [ways, centreItems]
  );
  const isMatch = React.useMemo(
    () =>
      items.map(
        item =>
          matches === null ||
          item.members.some(member => {
            const node = nodes[member];
            return node !== undefined && matches(node);
          })
      ),
    [items, nodes, matches]
  );
  const isKin = React.useMemo(
    () => ways.map(way => related !== null && leads(way, centreItems, related)),
    [ways, related, centreItems]
  );
  return { selectedItems, related, isMatch, isKin };
}
