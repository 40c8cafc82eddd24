/**
 * A place in a file; a click opens it there.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Where } from '../contract';

export function WhereLink(props: {
  readonly where: Where;
  readonly trans: TranslationBundle;
  readonly onOpen: (where: Where) => void;
}): React.JSX.Element {
  const { where } = props;
  const text = where.line === null ? where.path : `${where.path}:${String(where.line)}`;
  return (
    <button
      type="button"
      className="jp-cauce-Link"
      title={props.trans.__('Open %1', text)}
      onClick={() => {
        props.onOpen(where);
      }}
    >
      {text}
    </button>
  );
}
