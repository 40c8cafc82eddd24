/**
 * A line from what is used to its user.
 */
import * as React from 'react';

export interface IEdgeProps {
  readonly path: string;
  /** Is it on the way to what is looked at, or on the way from it? */
  readonly kin: boolean;
  /** Are others what is looked at? */
  readonly dim: boolean;
  /** Does it lead through tasks that are not drawn? */
  readonly indirect: boolean;
  readonly selected: boolean;
}

export const Edge = React.memo(function Edge(props: IEdgeProps): React.JSX.Element {
  return (
    <path
      className="jp-cauce-Graph-edge"
      d={props.path}
      data-kin={props.kin}
      data-dim={props.dim}
      data-indirect={props.indirect}
      data-selected={props.selected}
    />
  );
});
