/**
 * The name under which the code finds a product, to change.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { NameField } from '../components/namefield';
import type { SplitProduct } from '../contract';

interface IKeyProps {
  readonly trans: TranslationBundle;
  readonly product: SplitProduct;
  /** As the code says it, for where no head of a column tells what it is. */
  readonly inCode?: boolean;
  readonly onCall: (product: string, key: string) => void;
}

export function ProductKey(props: IKeyProps): React.JSX.Element | null {
  const { trans, product, onCall } = props;
  const { id, key, names, path } = product;
  const [edited, setEdited] = React.useState(false);
  const button = React.useRef<HTMLButtonElement>(null);
  const returns = React.useRef(false);
  React.useLayoutEffect(() => {
    if (!edited && returns.current) {
      returns.current = false;
      button.current?.focus();
    }
  }, [edited]);
  if (key === '') {
    return null; // made anew from the code: there is no file
  }
  const label = trans.__('Name of the product of %1', names.join(', '));
  return edited ? (
    <NameField
      label={label}
      name={key}
      onDone={(value, pressed) => {
        returns.current = pressed;
        setEdited(false);
        if (value !== null) {
          onCall(id, value);
        }
      }}
    />
  ) : (
    <button
      ref={button}
      type="button"
      className="jp-cauce-Link jp-cauce-SplitKey"
      title={trans.__('%1: press to call it otherwise', path)}
      aria-label={trans.__('%1: %2', label, key)}
      onClick={() => {
        setEdited(true);
      }}
    >
      {props.inCode === true ? <code>{`product[${JSON.stringify(key)}]`}</code> : key}
    </button>
  );
}
