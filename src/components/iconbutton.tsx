/**
 * A small button that shows an icon alone: what it does is in its title, and said aloud.
 */
import type { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

export interface IIconButtonProps {
  readonly icon: LabIcon;
  readonly title: string;
  /** What it is called, where the title says less, or names keys. */
  readonly label?: string;
  /** Of the icon, in pixels. */
  readonly size?: number;
  /** Can it be pressed? It keeps the focus where it cannot. */
  readonly enabled?: boolean;
  readonly expanded?: boolean;
  readonly busy?: boolean;
  /** Does it open a menu? */
  readonly menu?: boolean;
  /** Names it for tests and styles. */
  readonly action?: string;
  readonly className?: string;
  readonly tabIndex?: number;
  readonly onPress: (event: React.MouseEvent<HTMLElement>) => void;
}

export function IconButton(props: IIconButtonProps): React.JSX.Element {
  const { icon, title, label = title, size = 14, enabled, className = '' } = props;
  return (
    <button
      type="button"
      className={`jp-cauce-IconButton ${className}`.trimEnd()}
      tabIndex={props.tabIndex}
      title={title}
      aria-label={label}
      aria-disabled={enabled === undefined ? undefined : !enabled}
      aria-expanded={props.expanded}
      aria-busy={props.busy}
      aria-haspopup={props.menu === true ? 'menu' : undefined}
      data-cauce-action={props.action}
      onClick={event => {
        if (enabled !== false) {
          props.onPress(event);
        }
      }}
    >
      <icon.react tag="span" width={`${String(size)}px`} height={`${String(size)}px`} />
    </button>
  );
}
