/**
 * How a variable is stored, to choose.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { SplitProduct } from '../contract';
import type { SplitFormat } from './edits';
import { formatWord } from './splitwords';

export function Storing(props: {
  readonly trans: TranslationBundle;
  readonly product: SplitProduct;
  /** Has the user chosen it, rather than its type? */
  readonly chosen: boolean;
  readonly onStore: (product: string, format: SplitFormat | null) => void;
}): React.JSX.Element {
  const { trans, product, chosen, onStore } = props;
  const { id, format, choices } = product;
  const own = choices.includes(format) ? choices : [format, ...choices];
  return (
    <select
      className="jp-cauce-Select"
      aria-label={trans.__('How %1 is stored', product.names.join(', '))}
      title={product.path}
      value={format}
      data-chosen={chosen}
      onChange={event => {
        const found = own.find(each => each === event.target.value);
        onStore(id, found ?? null);
      }}
    >
      {own.map(each => (
        <option key={each} value={each}>
          {formatWord(trans, each)}
        </option>
      ))}
      {chosen ? <option value="">{trans.__('as its type asks for')}</option> : null}
    </select>
  );
}
