/**
 * What a build would do: a task a line with verdict, reasons and time, and the command that does the same.
 */
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { BuildPlan, PlannedTask } from '../contract';
import { duration } from '../words';
import { caveatWords, estimateWords, planSummary, whyWords } from './planwords';

export interface IPlanProps {
  readonly trans: TranslationBundle;
  /** `null` while the server is asked. */
  readonly plan: BuildPlan | null;
  /** Why there is none, with what to do; '' when there is. */
  readonly error: string;
  /** Open files with changes that a build would save first. */
  readonly unsaved: readonly string[];
  /** Is the pipeline being built while this is shown? */
  readonly building: boolean;
  readonly onCopy: (text: string) => void;
}

/** So many tasks are listed at first: a dialog with thousands of lines is no help to anybody. */
const LISTED = 200;

export function Plan(props: IPlanProps): React.JSX.Element {
  const { trans, plan, error, unsaved } = props;
  if (error !== '') {
    return (
      <p className="jp-cauce-Plan-error" role="alert">
        {error}
      </p>
    );
  }
  if (plan === null) {
    return (
      <p className="jp-cauce-Plan-wait" role="status">
        {trans.__('Looking at what has changed…')}
      </p>
    );
  }
  const estimate = estimateWords(trans, plan);
  return (
    <>
      <p className="jp-cauce-Plan-summary" role="status">
        {planSummary(trans, plan)}
      </p>
      {estimate === '' ? null : <p className="jp-cauce-Plan-note">{estimate}</p>}
      {props.building ? (
        <p className="jp-cauce-Plan-note" data-kind="warning">
          {trans.__('The pipeline is being built: what it comes to will change this.')}
        </p>
      ) : null}
      {unsaved.length === 0 ? null : (
        <p className="jp-cauce-Plan-note" data-kind="warning">
          {trans.__(
            'Not saved yet: %1. A build saves it first, which may change this.',
            unsaved.join(', ')
          )}
        </p>
      )}
      {plan.caveats.map(caveat => (
        <p key={caveat} className="jp-cauce-Plan-note" data-kind="warning">
          {caveatWords(trans, caveat)}
        </p>
      ))}
      {plan.tasks.length === 0 ? null : <Tasks trans={trans} tasks={plan.tasks} />}
      {plan.tasks.length === 0 ? null : <Command {...props} plan={plan} />}
    </>
  );
}

function Tasks({
  trans,
  tasks
}: {
  readonly trans: TranslationBundle;
  readonly tasks: readonly PlannedTask[];
}): React.JSX.Element {
  const [all, setAll] = React.useState(false);
  const shown = all ? tasks : tasks.slice(0, LISTED);
  return (
    // It scrolls, which the keyboard must be able to do, too.
    <div
      className="jp-cauce-Plan-scroll"
      tabIndex={0}
      role="region"
      aria-label={trans.__('Tasks that a build would come to')}
    >
      <ol className="jp-cauce-Plan-tasks">
        {shown.map(task => (
          <li key={task.name} className="jp-cauce-Plan-task" data-verdict={task.verdict}>
            <Sign verdict={task.verdict} />
            <span className="jp-cauce-Plan-name" title={task.name}>
              {task.name}
            </span>
            <span className="jp-cauce-Plan-verdict">
              {task.verdict === 'run' ? trans.__('runs') : trans.__('may run')}
            </span>
            <span
              className="jp-cauce-Plan-time"
              title={task.duration === null ? '' : trans.__('The last success took so long')}
            >
              {task.duration === null ? '' : duration(trans, task.duration)}
            </span>
            <span className="jp-cauce-Plan-why">{whyWords(trans, task)}</span>
          </li>
        ))}
      </ol>
      {all || tasks.length <= LISTED ? null : (
        <button
          type="button"
          className="jp-cauce-Link"
          onClick={() => {
            setAll(true);
          }}
        >
          {trans._n('Show %1 more', 'Show %1 more', tasks.length - LISTED)}
        </button>
      )}
    </div>
  );
}

/** A filled triangle for what runs, a hollow one for what only may. */
function Sign({ verdict }: { readonly verdict: PlannedTask['verdict'] }): React.JSX.Element {
  return (
    <svg
      className="jp-cauce-Plan-sign"
      viewBox="0 0 12 12"
      width="12"
      height="12"
      aria-hidden="true"
    >
      <path d="M3 1.8 10 6 3 10.2Z" data-verdict={verdict} />
    </svg>
  );
}

function Command({
  trans,
  plan,
  onCopy
}: {
  readonly trans: TranslationBundle;
  readonly plan: BuildPlan;
  readonly onCopy: (text: string) => void;
}): React.JSX.Element {
  const [copied, setCopied] = React.useState(false);
  const Icon = copied ? checkIcon.react : copyIcon.react;
  return (
    <div className="jp-cauce-Plan-command">
      <span className="jp-cauce-Plan-commandLabel">
        {plan.root === ''
          ? trans.__('In a terminal:')
          : trans.__('In a terminal, in %1:', plan.root)}
      </span>
      <code>{plan.command}</code>
      <button
        type="button"
        className="jp-cauce-Button"
        data-cauce-action="copy-command"
        onClick={() => {
          onCopy(plan.command);
          setCopied(true);
        }}
      >
        <Icon tag="span" width="14px" height="14px" />
        <span role="status">{copied ? trans.__('Copied') : trans.__('Copy Command')}</span>
      </button>
    </div>
  );
}
