/**
 * Everything about the selected task: why it would run, what it made, what went wrong.
 *
 * Two columns where there is room (`style/detail.css`): what happened and what to do on the left,
 * what the task has to do with on the right.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, ellipsesIcon, runIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Button } from '../components/button';
import { IconButton } from '../components/iconbutton';
import { Mark } from '../components/mark';
import { TaskProblems } from '../components/problems';
import type { Problem, Product, Task, TaskDetail, Where } from '../contract';
import { SideBySide } from '../diff/table';
import type { IPreview } from '../taskmodel';
import type { TaskState } from '../taskstate';
import { killedWords, reasonWords } from '../words';
import { Attempts } from './attempts';
import { changesOf, unifiedChanges } from './changes';
import { ErrorPart, errorTitle } from './error';
import { Facts, Params } from './facts';
import { LogPart, type ILogPartProps, type IShownLog } from './logpart';
import { Needs, type INeed } from './needs';
import { Part, type IFolding } from './part';
import { Products } from './products';

/** What the detail shows. */
export interface IDetailProps
  extends
    IDetailCallbacks,
    IFolding,
    Pick<ILogPartProps, 'wrap' | 'onWrap' | 'onWatch' | 'onEarlier' | 'onCopy'> {
  readonly trans: TranslationBundle;
  readonly task: Task;
  readonly state: TaskState;
  readonly word: string;
  /** Why it cannot be run; '' when it can. */
  readonly whyNot: string;
  /** Why it cannot be debugged; '' when it can. */
  readonly whyNotDebug: string;
  /** `null` until the server has told. */
  readonly detail: TaskDetail | null;
  /** Why the server has not; '' as long as it may. */
  readonly detailError: string;
  readonly log: IShownLog | null;
  /** Problems that concern this task. */
  readonly problems: readonly Problem[];
  readonly needs: readonly INeed[];
  /** Seconds since the epoch. */
  readonly now: number;
  readonly previewOf: (task: string, product: string) => IPreview | null;
}

/** What it calls back. */
export interface IDetailCallbacks {
  readonly onSelect: (task: string) => void;
  readonly onRun: (task: string) => void;
  /** Show the other ways to run it, below an element. */
  readonly onRunMenu: (anchor: HTMLElement) => void;
  /** Show what else can be done with it, below an element. */
  readonly onMenu: (anchor: HTMLElement) => void;
  readonly onRetry: () => void;
  readonly onOpenTask: (task: Task) => void;
  readonly onOpenFailing: (task: Task) => void;
  readonly onDebug: (task: Task) => void;
  readonly onOpenProduct: (product: Product) => void;
  readonly onPreview: (task: string, product: Product) => void;
  readonly onClosePreview: (task: string, product: Product) => void;
  readonly onOpenPartial: (task: Task) => void;
  readonly onOpenWhere: (where: Where) => void;
  readonly onShowLog: (run: string) => void;
  /** Open the notebook that a past run has left. */
  readonly onOpenNotebook: (path: string) => void;
}

/** In the place of the detail while no task is selected. */
export function NoDetail({ trans }: { readonly trans: TranslationBundle }): React.JSX.Element {
  return (
    <p className="jp-cauce-Detail jp-cauce-mod-hint">
      {trans.__('Select a task to see why it would run, what it makes and what went wrong.')}
    </p>
  );
}

export function Detail(props: IDetailProps): React.JSX.Element {
  const { trans, task, state, detail, now, folded, onFold, log } = props;
  const folding = { folded, onFold };
  const { reasons } = task.freshness;
  const attempt = task.lastAttempt;
  const failed = task.activity.state === 'idle' ? attempt : null;
  // What checking its code found is among the problems, and would be said twice.
  const told = props.problems.some(({ message }) => failed?.error?.message.includes(message));
  const running = task.activity.state === 'running';
  const changes = React.useMemo(
    () => (detail === null ? [] : changesOf(detail.paramsBefore, detail.params)),
    [detail]
  );
  const hasParams =
    detail !== null && (Object.keys(detail.params).length > 0 || task.computed.length > 0);
  const logPart =
    log === null ? null : (
      <Part
        {...folding}
        // What runs is followed, though logs of runs that are over be folded up.
        {...(running ? { name: 'live' as const } : { name: 'log' as const })}
        title={running ? trans.__('Log, live') : trans.__('Log')}
      >
        <LogPart
          trans={trans}
          log={log}
          running={running}
          wrap={props.wrap}
          onWrap={props.onWrap}
          onWatch={props.onWatch}
          onEarlier={props.onEarlier}
          onCopy={props.onCopy}
        />
      </Part>
    );
  return (
    <div className="jp-cauce-Detail" data-state={state}>
      <Head {...props} />
      <div className="jp-cauce-Detail-columns">
        <div className="jp-cauce-Detail-column">
          {props.problems.length > 0 ? (
            <Part {...folding} name="problems" title={trans.__('Problems')}>
              <TaskProblems
                trans={trans}
                problems={props.problems}
                onOpenWhere={props.onOpenWhere}
              />
            </Part>
          ) : null}

          {running ? logPart : null}

          {failed === null || told ? null : failed.error !== null ? (
            <Part {...folding} name="error" title={errorTitle(trans, failed.error)}>
              <ErrorPart {...props} error={failed.error} />
            </Part>
          ) : failed.outcome === 'crashed' && failed.cause !== '' ? (
            <Part {...folding} name="error" title={trans.__('Error')}>
              <p className="jp-cauce-Detail-error">
                {failed.ended === null ? killedWords(trans) : failed.cause}
              </p>
            </Part>
          ) : null}

          {reasons.length > 0 ? (
            <Part {...folding} name="why" title={trans.__('Why it would run')}>
              <ul className="jp-cauce-Detail-reasons">
                {reasons.map(reason => (
                  <li key={reason.message}>{reasonWords(trans, reason)}</li>
                ))}
              </ul>
            </Part>
          ) : null}

          {detail !== null && (detail.diff !== '' || changes.length > 0) ? (
            <Part {...folding} name="changes" title={trans.__('Changes since the last success')}>
              {changes.length > 0 ? (
                <>
                  <h4>{trans.__('Parameters')}</h4>
                  <SideBySide
                    trans={trans}
                    unified={unifiedChanges(changes)}
                    before={trans.__('Last success')}
                    after={trans.__('Now')}
                  />
                </>
              ) : null}
              {detail.diff !== '' ? (
                <>
                  <h4>{trans.__('Code')}</h4>
                  <SideBySide
                    trans={trans}
                    unified={detail.diff}
                    before={trans.__('Last success')}
                    after={trans.__('Now')}
                  />
                </>
              ) : null}
            </Part>
          ) : null}

          {running ? null : logPart}
        </div>

        <div className="jp-cauce-Detail-column">
          {task.products.length > 0 ? (
            <Part {...folding} name="products" title={trans.__('Products')}>
              <Products {...props} task={task.name} products={task.products} reasons={reasons} />
            </Part>
          ) : null}
          {props.needs.length > 0 ? (
            <Part {...folding} name="needs" title={trans.__('Needs')} aside={props.needs.length}>
              <Needs {...props} />
            </Part>
          ) : null}
          {hasParams ? (
            <Part {...folding} name="params" title={trans.__('Parameters')}>
              <Params trans={trans} task={task} detail={detail} />
            </Part>
          ) : null}
          {detail !== null && detail.attempts.length > 0 ? (
            <Part
              {...folding}
              name="attempts"
              title={trans.__('Attempts')}
              aside={detail.attempts.length}
            >
              <Attempts
                trans={trans}
                attempts={detail.attempts}
                notebooks={detail.notebooks}
                logRun={log !== null && !folded.includes('log') ? log.run : null}
                now={now}
                onShowLog={props.onShowLog}
                onOpenNotebook={props.onOpenNotebook}
              />
            </Part>
          ) : null}
          <Part {...folding} name="facts" title={trans.__('Facts')}>
            <Facts {...props} />
          </Part>
          {detail !== null ? null : props.detailError === '' ? (
            <p className="jp-cauce-mod-dim" role="status">
              {trans.__('Reading…')}
            </p>
          ) : (
            <p className="jp-cauce-Detail-trouble" role="alert">
              {props.detailError}{' '}
              <button type="button" className="jp-cauce-Link" onClick={props.onRetry}>
                {trans.__('Try again')}
              </button>
            </p>
          )}
        </div>
      </div>
    </div>
  );
}

/** The name with the state, and what can be done. */
function Head(props: IDetailProps): React.JSX.Element {
  const { trans, task, state } = props;
  return (
    <div className="jp-cauce-Detail-head">
      <div className="jp-cauce-Detail-title">
        <h2 className="jp-cauce-Detail-name" title={task.name}>
          {task.name}
        </h2>
        <span className="jp-cauce-Detail-state" data-state={state}>
          <Mark state={state} /> {props.word}
        </span>
      </div>
      <div className="jp-cauce-Detail-actions">
        <span className="jp-cauce-SplitButton">
          <Button
            icon={runIcon}
            label={trans.__('Run task')}
            whyNot={props.whyNot}
            action="run-task"
            title={trans.__('Run this task with what it needs (R). What is up to date is not run.')}
            onPress={() => {
              props.onRun(task.name);
            }}
          />
          <button
            type="button"
            className="jp-cauce-Button jp-cauce-SplitButton-more"
            title={trans.__('Other ways to run it')}
            aria-label={trans.__('Other ways to run it')}
            aria-haspopup="menu"
            data-cauce-action="run-menu"
            onClick={event => {
              props.onRunMenu(event.currentTarget);
            }}
          >
            <caretDownIcon.react tag="span" width="14px" height="14px" />
          </button>
        </span>
        <Button
          label={trans.__('Open')}
          action="open-task"
          title={trans.__('Open %1 (Enter)', task.source)}
          onPress={() => {
            props.onOpenTask(task);
          }}
        />
        <IconButton
          icon={ellipsesIcon}
          title={trans.__('What else can be done with this task')}
          menu
          action="task-menu"
          onPress={event => {
            props.onMenu(event.currentTarget);
          }}
        />
      </div>
    </div>
  );
}
