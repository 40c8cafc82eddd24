/**
 * The sign of what became of a task, or of a run.
 */
import * as React from 'react';

import type { Ending } from './matrix';
import { markOf, signOf } from './words';

export function SignMark({ ending }: { readonly ending: Ending }): React.JSX.Element {
  const sign = signOf(ending);
  const { line, fill } = markOf(sign);
  return (
    <svg
      className="jp-cauce-Mark"
      data-state={sign}
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
