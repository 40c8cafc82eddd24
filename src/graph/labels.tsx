/**
 * What is written on the links between tasks.
 */
import * as React from 'react';

import type { IArrangement, IItem } from './arrange';
import { fitting, labelAt, labelEnds } from './labelled';
import type { Direction, Point } from './layout';

export interface ILabelsProps {
  /** What may be written on the link between two tasks, by their names. */
  readonly labels: (from: string, to: string) => readonly string[];
  readonly ways: IArrangement['edges'];
  /** The numbers of those that are in sight. */
  readonly shown: readonly number[];
  readonly edgeKeys: readonly string[];
  readonly items: readonly IItem[];
  readonly lines: readonly (readonly Point[])[];
  readonly direction: Direction;
  /** Of a node. */
  readonly width: number;
  /** The number of the link that is chosen. */
  readonly chosen: number;
}

export function Labels(props: ILabelsProps): React.JSX.Element {
  const { labels, ways, shown, edgeKeys, items, lines, direction, width, chosen } = props;
  const ends = React.useMemo(() => labelEnds(ways), [ways]);
  return (
    <>
      {shown.map(i => {
        const way = ways[i];
        const [from, to] = [items[way?.from ?? -1], items[way?.to ?? -1]];
        const at = labelAt(lines[i] ?? [], ends[i] ?? 'middle', direction);
        if (from === undefined || to === undefined || at === null || from.group || to.group) {
          return null;
        }
        return (
          <text
            key={edgeKeys[i]}
            className="jp-cauce-Graph-edgeLabel"
            x={at[0]}
            y={at[1]}
            data-selected={i === chosen}
          >
            {fitting(labels(from.label, to.label), width)}
          </text>
        );
      })}
    </>
  );
}
