/**
 * A button below a list of which only the beginning is shown.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

export function More(props: {
  readonly trans: TranslationBundle;
  /** How many there are. */
  readonly count: number;
  /** How many are shown at first: with no more than that there is no button. */
  readonly shown: number;
  readonly all: boolean;
  readonly onChange: (all: boolean) => void;
  readonly className?: string;
}): React.JSX.Element | null {
  const { trans, count, all, className = '' } = props;
  return count <= props.shown ? null : (
    <button
      type="button"
      className={`jp-cauce-Link ${className}`.trimEnd()}
      aria-expanded={all}
      onClick={() => {
        props.onChange(!all);
      }}
    >
      {all ? trans.__('Show fewer') : trans.__('Show all %1', count)}
    </button>
  );
}
