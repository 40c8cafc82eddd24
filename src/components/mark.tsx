/**
 * The sign of a task's state, and that of a task that will fail.
 */
import * as React from 'react';

import { FLAW, MARKS, type TaskState } from '../taskstate';

export function Mark(props: { readonly state: TaskState }): React.JSX.Element {
  const { line, fill } = MARKS[props.state];
  return (
    <svg
      className="jp-cauce-Mark"
      data-state={props.state}
      viewBox="0 0 12 12"
      width="12"
      height="12"
      aria-hidden="true"
    >
      <g className="jp-cauce-Mark-sign">
        {fill === undefined ? null : <path className="jp-cauce-Mark-fill" d={fill} />}
        <path className="jp-cauce-Mark-line" d={line} />
      </g>
    </svg>
  );
}

/** Stands beside the sign of the state. What it means is in the title and the details. */
export function Flaw(): React.JSX.Element {
  return (
    <svg className="jp-cauce-Flaw" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path className="jp-cauce-Flaw-fill" d={FLAW.fill} />
      <path className="jp-cauce-Flaw-line" d={FLAW.line} />
    </svg>
  );
}
