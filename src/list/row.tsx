/**
 * A row of the list: a task, or the folder that tasks are in.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretRightIcon, runIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ShortName } from '../components/name';
import { Flaw, Mark } from '../components/mark';
import type { TaskState } from '../taskstate';
import { ago, duration } from '../words';
import type { IColumns } from './columns';
import type { IFacts } from './facts';
import { tallyWords, type ITally } from './tally';

export interface ITaskRow extends IFacts {
  readonly name: string;
  readonly state: TaskState;
  readonly word: string;
  readonly title: string;
  readonly runnable: boolean;
  /** Is it known that it will fail? */
  readonly flawed: boolean;
}

/** How it is pressed: what else is to stay selected. */
export type Pressed = 'alone' | 'toggle' | 'extend';

interface IRowProps {
  readonly trans: TranslationBundle;
  readonly row: number;
  readonly height: number;
  /** So much is left to the arcs. */
  readonly gutter: number;
  readonly size: IColumns['size'];
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  readonly tabStop: boolean;
}

export interface ITaskRowProps extends ITaskRow, IRowProps {
  readonly selected: boolean;
  /** Is the list being typed into, to find a name? Then letters are no shortcuts. */
  readonly typing: boolean;
  /** What it is to the task that is looked at. */
  readonly kin: 'self' | 'up' | 'down' | '';
  /** Seconds since the epoch, by the minute. */
  readonly now: number;
  readonly onPress: (row: number, how: Pressed) => void;
  readonly onMenu: (row: number) => void;
  readonly onOpen: (name: string) => void;
  readonly onRun: (name: string) => void;
  readonly onHover: (name: string | null) => void;
}

export const TaskRow = React.memo(function TaskRow(props: ITaskRowProps): React.JSX.Element {
  const { trans, name, state, word, title, row, size, progress, runnable } = props;
  const run = trans.__('Run %1 with what it needs', name);
  const facts = size === 'facts' || size === 'files';
  return (
    <div
      className="jp-cauce-List-row"
      role="treeitem"
      aria-level={props.level}
      aria-posinset={props.position}
      aria-setsize={props.siblings}
      aria-selected={props.selected}
      aria-label={title}
      aria-keyshortcuts="Enter R Shift+R"
      title={title}
      tabIndex={props.tabStop ? 0 : -1}
      data-cauce-row={row}
      data-cauce-task={name}
      data-cauce-typing={props.typing}
      data-state={state}
      data-level={props.level}
      data-kin={props.kin}
      style={{ top: row * props.height, height: props.height, paddingLeft: props.gutter }}
      onClick={event => {
        props.onPress(
          row,
          event.shiftKey ? 'extend' : event.ctrlKey || event.metaKey ? 'toggle' : 'alone'
        );
      }}
      onContextMenu={() => {
        props.onMenu(row);
      }}
      onDoubleClick={() => {
        props.onOpen(name);
      }}
      onMouseEnter={() => {
        props.onHover(name);
      }}
      onMouseLeave={() => {
        props.onHover(null);
      }}
    >
      <span className="jp-cauce-List-name">
        <Mark state={state} />
        <ShortName name={name} />
        {props.flawed ? <Flaw /> : null}
      </span>
      {size === 'files' ? (
        <>
          <span className="jp-cauce-List-file">{props.source}</span>
          <span className="jp-cauce-List-file">{props.products}</span>
        </>
      ) : null}
      {size === 'name' ? null : <span className="jp-cauce-List-word">{word}</span>}
      {facts ? (
        <>
          <span className="jp-cauce-List-number">
            {props.started !== null ? (
              <Elapsed trans={trans} since={props.started} />
            ) : props.duration === null ? (
              ''
            ) : (
              duration(trans, props.duration)
            )}
          </span>
          <span className="jp-cauce-List-number">
            {props.ended === null ? '' : ago(trans, props.ended, props.now)}
          </span>
        </>
      ) : null}
      <button
        type="button"
        className="jp-cauce-IconButton jp-cauce-List-run"
        tabIndex={-1}
        aria-disabled={!runnable}
        title={run}
        aria-label={run}
        onClick={event => {
          event.stopPropagation();
          if (runnable) {
            props.onRun(name);
          }
        }}
        onDoubleClick={event => {
          event.stopPropagation();
        }}
      >
        <runIcon.react tag="span" width="16px" height="16px" />
      </button>
      {progress === null ? null : (
        <span className="jp-cauce-List-progress" style={{ left: props.gutter }}>
          <span style={{ width: `${String(Math.round(progress * 100))}%` }} />
        </span>
      )}
    </div>
  );
});

export interface IGroupRowProps extends IRowProps {
  readonly folder: string;
  /** How many of its tasks are in which state. */
  readonly tally: readonly ITally[];
  readonly expanded: boolean;
  /** Does something keep it unfolded? */
  readonly fixed: boolean;
  readonly onFold: (row: number, folder: string) => void;
}

export function GroupRow(props: IGroupRowProps): React.JSX.Element {
  const { trans, folder, tally, row, expanded, fixed } = props;
  const count = tally.reduce((sum, each) => sum + each.count, 0);
  const name = folder === '' ? trans.__('top folder') : folder;
  const size = trans._n('%1 task', '%1 tasks', count);
  const known = tally.filter(each => each.count > 0);
  const title = [
    trans.__('%1: %2', name, size),
    ...known.map(each => tallyWords(trans, each))
  ].join('\n');
  const Caret = expanded ? caretDownIcon : caretRightIcon;
  return (
    <div
      className="jp-cauce-List-row jp-cauce-List-group"
      role="treeitem"
      aria-level={props.level}
      aria-posinset={props.position}
      aria-setsize={props.siblings}
      aria-expanded={expanded}
      aria-label={title}
      title={title}
      tabIndex={props.tabStop ? 0 : -1}
      data-cauce-row={row}
      data-cauce-group={folder}
      style={{ top: row * props.height, height: props.height, paddingLeft: props.gutter - 3 }}
      onClick={() => {
        props.onFold(row, folder);
      }}
    >
      <span className="jp-cauce-List-name">
        <span className="jp-cauce-List-caret" data-fixed={fixed}>
          <Caret.react tag="span" width="16px" height="16px" />
        </span>
        <ShortName name={name} />
      </span>
      <span className="jp-cauce-List-tally">
        {known.map(({ state, count: some }) => (
          <span key={state} data-state={state}>
            <Mark state={state} />
            {some}
          </span>
        ))}
      </span>
    </div>
  );
}

/** How long it runs by now. */
function Elapsed(props: {
  readonly trans: TranslationBundle;
  readonly since: number;
}): React.JSX.Element {
  const [, tick] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const timer = setInterval(tick, 1000);
    return () => {
      clearInterval(timer);
    };
  }, []);
  // The server's clock may be ahead of the browser's.
  const seconds = Math.max(0, Math.floor(Date.now() / 1000 - props.since));
  return <>{duration(props.trans, seconds)}</>;
}
