/**
 * How it is known that a variable passes between tasks.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { SplitVariable } from '../contract';
import { evidenceWord } from './splitwords';

export function Evidence(props: {
  readonly trans: TranslationBundle;
  readonly evidence: SplitVariable['evidence'];
}): React.JSX.Element {
  const { trans, evidence } = props;
  const titles = {
    static: trans.__('The code reads it there'),
    traced: trans.__('It was seen when the notebook was run'),
    user: trans.__('You have said so')
  };
  return (
    <span className="jp-cauce-Chip" data-evidence={evidence} title={titles[evidence]}>
      {evidenceWord(trans, evidence)}
    </span>
  );
}
