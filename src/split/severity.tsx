/**
 * The sign of how serious something is: by shape as well as by colour.
 */
import * as React from 'react';

import type { SplitRemark } from '../contract';

const SHAPES: Readonly<Record<SplitRemark['severity'], string>> = {
  error: 'M4 .8h4L11.2 4v4L8 11.2H4L.8 8V4ZM4.2 4.2l3.6 3.6M7.8 4.2 4.2 7.8',
  warning: 'M6 1.2 11.3 10.6H.7ZM6 4.8v2.4M6 9v.01',
  note: 'M6 1a5 5 0 1 1 0 10 5 5 0 1 1 0-10ZM6 5.4v3M6 3.4v.01'
};

export function Severity({
  severity
}: {
  readonly severity: SplitRemark['severity'];
}): React.JSX.Element {
  return (
    <svg
      className="jp-cauce-Severity"
      data-severity={severity}
      viewBox="0 0 12 12"
      width="13"
      height="13"
      aria-hidden="true"
    >
      <path d={SHAPES[severity]} />
    </svg>
  );
}
