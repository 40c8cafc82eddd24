/**
 * The line above an open task notebook: whose it is, how it stands, what to do with it.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  addBelowIcon,
  caretDownIcon,
  closeIcon,
  runIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import { Mark } from '../components/mark';
import type { TaskRef } from '../contract';
import { cauceIcon } from '../icons';
import type { TaskState } from '../taskstate';

/** A task and how it stands. */
export interface IBannerTask {
  readonly name: string;
  readonly state: TaskState;
  readonly word: string;
  /** In full. */
  readonly title: string;
}

/** Something to choose in a notice. */
export interface IChoice {
  readonly label: string;
  readonly title: string;
  /** Names it for tests. */
  readonly action: string;
  readonly onPress: () => void;
}

/** What the user should know, in place of what the line says else. */
export interface INotice {
  readonly kind: 'warning' | 'offer' | 'hint';
  readonly text: string;
  readonly choices: readonly IChoice[];
}

export interface IBannerProps {
  readonly trans: TranslationBundle;
  /** The pipeline file. */
  readonly pipeline: string;
  /** What to call the pipeline. */
  readonly pipelineName: string;
  /** Null when the pipeline does not say which task it is. */
  readonly task: IBannerTask | null;
  readonly upstream: readonly IBannerTask[];
  /** The tasks that share the source; one or none when nobody else does. */
  readonly choices: readonly TaskRef[];
  readonly chosen: TaskRef | null;
  readonly notice: INotice | null;
  /** Why the task cannot be run now; '' when it can. */
  readonly whyNot: string;
  /** Is there anything of upstream to load? */
  readonly loads: boolean;
  /** Was the line put away? Then only notices are shown. */
  readonly dismissed: boolean;
  readonly onChoose: (choice: TaskRef) => void;
  readonly onOpen: (task: string) => void;
  readonly onRun: () => void;
  readonly onShow: () => void;
  /** Offer what can be loaded, at this button. */
  readonly onLoad: (anchor: HTMLElement) => void;
  readonly onDismiss: () => void;
}

/** So many upstream tasks are named. */
const NAMED = 3;

export function Banner(props: IBannerProps): React.JSX.Element | null {
  const { trans, task, notice, dismissed } = props;
  if (dismissed && notice === null) {
    return null;
  }
  return (
    <div
      className="jp-cauce-Banner"
      role="group"
      aria-label={
        task === null ? trans.__('Pipeline %1', props.pipeline) : trans.__('Task %1', task.name)
      }
    >
      {task === null ? null : <Subject {...props} task={task} />}
      {notice === null ? <Surroundings {...props} /> : null}
      <div className="jp-cauce-Banner-notice" role="status" data-kind={notice?.kind}>
        {notice === null ? null : <Notice {...notice} />}
      </div>
      {dismissed ? null : <Buttons {...props} />}
    </div>
  );
}

/** The task, or the one of several whose values are shown; and its state. */
function Subject(props: IBannerProps & { readonly task: IBannerTask }): React.JSX.Element {
  const { trans, task, choices, chosen, onChoose } = props;
  const places = new Set(choices.map(({ pipeline }) => pipeline));
  return (
    <span className="jp-cauce-Banner-subject" data-state={task.state} title={task.title}>
      <Mark state={task.state} />
      {choices.length < 2 ? (
        <strong className="jp-cauce-Banner-task">{task.name}</strong>
      ) : (
        <span className="jp-cauce-Banner-select">
          <select
            aria-label={trans.__('Task whose values are filled in')}
            title={trans.__(
              '%1 tasks share this source: choose the one whose values are filled in',
              choices.length
            )}
            value={choices.findIndex(
              each => each.task === chosen?.task && each.pipeline === chosen.pipeline
            )}
            onChange={event => {
              const choice = choices[Number(event.target.value)];
              if (choice !== undefined) {
                onChoose(choice);
              }
            }}
          >
            {choices.map((each, index) => (
              <option key={`${each.pipeline}\n${each.task}`} value={index}>
                {places.size < 2 ? each.task : `${each.task} (${each.pipeline})`}
              </option>
            ))}
          </select>
          <caretDownIcon.react tag="span" width="12px" height="12px" />
        </span>
      )}
      <span className="jp-cauce-Banner-word">{task.word}</span>
    </span>
  );
}

/** Where the task stands: its pipeline, and what it needs. */
function Surroundings(props: IBannerProps): React.JSX.Element {
  const { trans, upstream, onOpen, onShow } = props;
  const named = upstream.slice(0, NAMED);
  const rest = upstream.slice(NAMED);
  return (
    <>
      <span className="jp-cauce-Banner-pipeline" title={props.pipeline}>
        {props.pipelineName}
      </span>
      {upstream.length === 0 ? null : (
        <span className="jp-cauce-Banner-upstream">
          <span>{trans.__('Upstream:')}</span>
          {named.map(each => (
            <span key={each.name} className="jp-cauce-Banner-need" data-state={each.state}>
              <Mark state={each.state} />
              <button
                type="button"
                className="jp-cauce-Link"
                title={trans.__('Open %1: %2', each.name, each.word)}
                onClick={() => {
                  onOpen(each.name);
                }}
              >
                {each.name}
              </button>
            </span>
          ))}
          {rest.length === 0 ? null : (
            <button
              type="button"
              className="jp-cauce-Link"
              title={rest.map(({ name }) => name).join(', ')}
              onClick={onShow}
            >
              {trans._n('and %1 more', 'and %1 more', rest.length)}
            </button>
          )}
        </span>
      )}
    </>
  );
}

function Notice({ text, choices }: INotice): React.JSX.Element {
  return (
    <>
      <span className="jp-cauce-Banner-text" title={text}>
        {text}
      </span>
      {choices.map(({ label, title, action, onPress }) => (
        <button
          key={action}
          type="button"
          className="jp-cauce-Banner-choice"
          title={title}
          data-cauce-action={action}
          onClick={onPress}
        >
          {label}
        </button>
      ))}
    </>
  );
}

function Buttons(props: IBannerProps): React.JSX.Element {
  const { trans, task, whyNot } = props;
  return (
    <span className="jp-cauce-Banner-buttons">
      {task === null ? null : (
        <>
          {props.loads ? (
            <IconButton
              icon={addBelowIcon}
              label={trans.__('Use output')}
              title={trans.__('Insert a cell that loads what an upstream task made')}
              action="use-upstream"
              popup
              onPress={props.onLoad}
            />
          ) : null}
          <IconButton
            icon={cauceIcon}
            label={trans.__('Show in graph')}
            title={trans.__('Show %1 in the graph of the pipeline', task.name)}
            action="show-in-graph"
            onPress={props.onShow}
          />
          <IconButton
            icon={runIcon}
            label={trans.__('Run task')}
            title={trans.__(
              'Run the task %1 in a fresh kernel, with what it needs. Changes are saved first. The kernel of this notebook is left alone.',
              task.name
            )}
            whyNot={whyNot}
            action="run-task"
            onPress={props.onRun}
          />
        </>
      )}
      <IconButton
        icon={closeIcon}
        label=""
        title={trans.__('Hide this line')}
        action="dismiss"
        onPress={props.onDismiss}
      />
    </span>
  );
}

/** A button whose words go away when there is no room. */
function IconButton(props: {
  readonly icon: LabIcon;
  readonly label: string;
  readonly title: string;
  readonly whyNot?: string;
  readonly action: string;
  readonly popup?: boolean;
  readonly onPress: (anchor: HTMLElement) => void;
}): React.JSX.Element {
  const { icon, label, title, whyNot = '', action, popup = false, onPress } = props;
  return (
    <button
      type="button"
      className="jp-cauce-Banner-button"
      aria-label={label === '' ? title : label}
      aria-haspopup={popup ? 'menu' : undefined}
      aria-disabled={whyNot !== ''}
      title={whyNot === '' ? title : whyNot}
      data-cauce-action={action}
      onClick={event => {
        if (whyNot === '') {
          onPress(event.currentTarget);
        }
      }}
    >
      <icon.react tag="span" width="14px" height="14px" />
      {label === '' ? null : <span className="jp-cauce-Banner-label">{label}</span>}
      {popup ? <caretDownIcon.react tag="span" width="10px" height="10px" /> : null}
    </button>
  );
}
