/**
 * What is painted from far away and in the map: the boxes by their colours, and the lines as two paths.
 */
import * as React from 'react';

import type { IItem } from './arrange';
import { worst } from './counts';
import type { IScene } from './far';
import type { Direction, ILayout } from './layout';
import type { IGraphNode } from './node';
import { edgePath } from './path';
import type { IPalette } from './useelement';

interface IOptions {
  readonly layout: ILayout | null;
  readonly palette: IPalette | null;
  readonly items: readonly IItem[];
  readonly nodes: readonly IGraphNode[];
  /** Of each edge: is it part of what is looked at? */
  readonly isKin: readonly boolean[];
  readonly isMatch: readonly boolean[];
  readonly box: IScene['node'];
  readonly trim: number;
  readonly direction: Direction;
  /** Are all other edges left out? */
  readonly hidesLinks: boolean;
}

export function useScene(options: IOptions): IScene | null {
  const { layout, palette, items, nodes, isKin, isMatch, box, trim, direction, hidesLinks } =
    options;
  return React.useMemo(() => {
    // There is none where tests run.
    if (layout === null || palette === null || typeof Path2D === 'undefined') {
      return null;
    }
    const byState = new Map<string, number[]>();
    items.forEach((item, i) => {
      const colour = palette.states[worst(item, nodes)];
      const found = byState.get(colour) ?? [];
      byState.set(colour, found);
      found.push(i);
    });
    const near = isKin.some(Boolean);
    const path = (wanted: boolean): Path2D =>
      new Path2D(
        layout.edges
          .map((points, i) =>
            (isKin[i] === true) === wanted && (wanted || !hidesLinks)
              ? edgePath(points, trim, direction)
              : ''
          )
          .join('')
      );
    return {
      layout,
      node: box,
      boxes: [...byState].map(([colour, found]) => ({ colour, nodes: found })),
      lines: [
        { colour: palette.edge, path: path(false), width: 1, dim: near },
        ...(near ? [{ colour: palette.kin, path: path(true), width: 1.6, dim: false }] : [])
      ],
      dim: node => isMatch[node] === false
    };
  }, [layout, palette, items, nodes, isKin, isMatch, box, trim, direction, hidesLinks]);
}
