/**
 * A button with words on it. One that cannot be pressed keeps the focus, and says why it cannot.
 */
import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

export interface IButtonProps {
  readonly label: string;
  readonly title: string;
  /** Why it cannot be pressed; '' when it can. */
  readonly whyNot?: string;
  readonly icon?: LabIcon;
  /** Is it what one most likely came for? */
  readonly main?: boolean;
  /** Names it for tests and styles. */
  readonly action?: string;
  readonly onPress: () => void;
}

export function Button(props: IButtonProps): React.JSX.Element {
  const { icon, whyNot = '', main = false } = props;
  return (
    <button
      type="button"
      className={main ? 'jp-cauce-Button jp-mod-styled jp-mod-accept' : 'jp-cauce-Button'}
      aria-disabled={whyNot !== ''}
      title={whyNot === '' ? props.title : whyNot}
      data-cauce-action={props.action}
      onClick={() => {
        if (whyNot === '') {
          props.onPress();
        }
      }}
    >
      {icon === undefined ? null : <icon.react tag="span" width="14px" height="14px" />}
      {props.label}
    </button>
  );
}
