/**
 * A part of the detail: a heading that folds it up, and what is below.
 */
import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

/** The parts by name, as they are remembered when folded up. */
export type PartName =
  | 'problems'
  | 'error'
  | 'why'
  | 'changes'
  | 'log'
  | 'live'
  | 'products'
  | 'needs'
  | 'params'
  | 'attempts'
  | 'facts';

/** What every part is given. */
export interface IFolding {
  readonly folded: readonly string[];
  readonly onFold: (part: PartName, fold: boolean) => void;
}

export interface IPartProps extends IFolding {
  readonly name: PartName;
  readonly title: string;
  /** What stands beside the title, folded up or not. */
  readonly aside?: React.ReactNode;
  readonly children: React.ReactNode;
}

export function Part(props: IPartProps): React.JSX.Element {
  const { name, title, aside } = props;
  const own = React.useId();
  const open = !props.folded.includes(name);
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <section className="jp-cauce-Detail-part" data-part={name} aria-labelledby={`${own}-title`}>
      <div className="jp-cauce-Detail-heading">
        <h3>
          <button
            type="button"
            id={`${own}-title`}
            aria-expanded={open}
            aria-controls={open ? own : undefined}
            onClick={() => {
              props.onFold(name, open);
            }}
          >
            <Caret.react tag="span" width="14px" height="14px" />
            {title}
          </button>
        </h3>
        {aside == null ? null : <span className="jp-cauce-Detail-aside">{aside}</span>}
      </div>
      {open ? (
        <div className="jp-cauce-Detail-body" id={own}>
          {props.children}
        </div>
      ) : null}
    </section>
  );
}
