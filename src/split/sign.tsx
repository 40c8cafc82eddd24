/**
 * The sign of a section, with its number beside it.
 */
import * as React from 'react';

import { signOf } from './signs';

export function Sign({ section }: { readonly section: number }): React.JSX.Element {
  const { line, tint } = signOf(section);
  return (
    <span className="jp-cauce-SplitSign" data-tint={tint} aria-hidden="true">
      <svg viewBox="0 0 12 12" width="11" height="11">
        <path d={line} />
      </svg>
      {section + 1}
    </span>
  );
}
