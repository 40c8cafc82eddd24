/**
 * In place of the tasks where the filter leaves none.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

export function NoMatch(props: {
  readonly trans: TranslationBundle;
  readonly onClearFilter: () => void;
}): React.JSX.Element {
  const { trans } = props;
  return (
    <div className="jp-cauce-NoMatch">
      <p>{trans.__('No task matches the filter.')}</p>
      <button type="button" className="jp-cauce-Button" onClick={props.onClearFilter}>
        {trans.__('Show all tasks')}
      </button>
    </div>
  );
}
