/**
 * How wide the nodes of a graph are.
 */
import * as React from 'react';

import type { IItem } from './arrange';
import type { Direction } from './layout';
import type { IGraphNode } from './node';
import { GAPS, MAX_WIDTH, MIN_WIDTH, NAME_LEFT, PADDING } from './sizes';
import type { ISize } from './viewport';

/** So many nodes should fit beside each other unshrunk: a narrow panel has narrow nodes. */
const ABREAST = 2.2;

/** How wide nodes are: as their longest names, within what the window has room for. */
export function useNodeWidth(
  nodes: readonly IGraphNode[],
  items: readonly IItem[],
  measure: ((text: string) => number) | null,
  size: ISize | null,
  direction: Direction
): number | null {
  // In steps: not every pixel of a dragged border is another layout.
  const gap = GAPS[direction].across;
  const room = size === null ? null : Math.floor((size.width / ABREAST - 2 * gap) / 16) * 16;
  const limit = room === null ? null : Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, room));
  const labels = JSON.stringify(items.map(({ label }) => label));
  return React.useMemo(() => {
    if (measure === null || limit === null) {
      return null;
    }
    const longest = items.reduce((most, { label }) => Math.max(most, measure(label)), 0);
    // Room for the words below, too.
    const least = nodes.length === 0 ? MIN_WIDTH : Math.min(limit, MIN_WIDTH + 16);
    return Math.round(Math.min(limit, Math.max(least, longest + NAME_LEFT + PADDING + 1)));
    // `labels` stands for the items: states that change move nothing.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [measure, labels, limit]);
}
