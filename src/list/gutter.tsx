/**
 * The arcs beside the rows: how tasks follow from each other, without leaving the list.
 */
import * as React from 'react';

import { arcs, arcsOf, type IArc, type IArcRoom } from './arcs';
import type { ILanes, RowEdge } from './lanes';

export interface IGutterProps extends IArcRoom {
  readonly lanes: ILanes;
  readonly edges: readonly RowEdge[];
  /** Edges on the way to and from the task that is looked at, by number: its own, and further ones. */
  readonly near: readonly number[];
  readonly far: readonly number[];
}

export const Gutter = React.memo(function Gutter(props: IGutterProps): React.JSX.Element {
  const { lanes, edges, near, far, rowHeight, width, pitch, window: rows } = props;
  const [first, last] = rows;
  const top = first * rowHeight;
  const height = Math.max(0, last - first) * rowHeight;
  const room = { rowHeight, width, pitch, window: rows };
  return (
    <svg
      className="jp-cauce-List-gutter"
      aria-hidden="true"
      width={width}
      height={height}
      viewBox={`0 ${String(top)} ${String(width)} ${String(height)}`}
      style={{ top }}
      data-dimmed={near.length > 0}
    >
      <Arcs arcs={arcs(lanes, room)} weight="plain" />
      <Arcs arcs={arcsOf(far, edges, lanes, room)} weight="far" />
      <Arcs arcs={arcsOf(near, edges, lanes, room)} weight="near" />
    </svg>
  );
});

function Arcs(props: {
  readonly arcs: readonly IArc[];
  readonly weight: 'plain' | 'far' | 'near';
}): React.JSX.Element {
  return (
    <g className="jp-cauce-List-arcs" data-weight={props.weight}>
      {props.arcs.map(arc => (
        <React.Fragment key={arc.bus}>
          <path className="jp-cauce-List-arc" data-shared={arc.shared} d={arc.path} />
          {arc.tips === '' ? null : <path className="jp-cauce-List-tip" d={arc.tips} />}
        </React.Fragment>
      ))}
    </g>
  );
}
