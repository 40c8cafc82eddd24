/**
 * A run that somebody looks at: what it came to, what can be done with it, and one of its tasks.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { caretLeftIcon, deleteIcon, notebookIcon, runIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Button } from '../components/button';
import { IconButton } from '../components/iconbutton';
import { TerminalText } from '../components/terminal';
import type { Run } from '../contract';
import { duration, moment, runWords, type CauseOf } from '../words';
import type { Ending } from './matrix';
import { SignMark } from './sign';
import { endingWord, signOf, standingOf, when } from './words';

export interface IRunHeadProps {
  readonly trans: TranslationBundle;
  readonly run: Run;
  /** Seconds since the epoch. */
  readonly now: number;
  /** Why its tasks went wrong. */
  readonly causeOf: CauseOf;
  /** Why nothing can be started now; '' when it can. */
  readonly busy: string;
  /** Can it be had again at all? */
  readonly known: boolean;
  readonly onRerun: (force: boolean) => void;
  readonly onDelete: () => void;
  /** Go back to all runs. */
  readonly onBack: () => void;
}

/** A run in a line below the grid: what it came to, and the way to more. */
export function RunLine(props: {
  readonly trans: TranslationBundle;
  readonly run: Run;
  readonly now: number;
  readonly causeOf: CauseOf;
  readonly onOpen: () => void;
}): React.JSX.Element {
  const { trans, run, now } = props;
  return (
    <div className="jp-cauce-Run-head" data-state={signOf(run.state)} data-cauce-run={run.id}>
      <div className="jp-cauce-Run-title">
        <SignMark ending={run.state} />
        <span className="jp-cauce-Run-name" title={moment(run.started)}>
          {trans.__('Run of %1', when(run.started, now))}
        </span>
        <Button
          label={trans.__('Open')}
          title={trans.__('Show how the run went, and what differs from another (Enter)')}
          action="open-run"
          onPress={props.onOpen}
        />
      </div>
      <p className="jp-cauce-Run-message">
        {runWords(trans, run, null, props.causeOf)}{' '}
        <span className="jp-cauce-mod-dim">{standingOf(trans, run, now)}</span>
      </p>
    </div>
  );
}

export function RunHead(props: IRunHeadProps): React.JSX.Element {
  const { trans, run, now } = props;
  const standing = standingOf(trans, run, now);
  const mayDelete =
    run.state === 'running'
      ? trans.__('It still runs: wait for it to end, or cancel it.')
      : props.busy === ''
        ? ''
        : trans.__('The project is being built: wait for it to end.');
  return (
    <div className="jp-cauce-Run-head" data-state={signOf(run.state)} data-cauce-run={run.id}>
      <div className="jp-cauce-Run-title">
        <IconButton
          icon={caretLeftIcon}
          size={16}
          title={trans.__('All runs (Escape)')}
          label={trans.__('All runs')}
          onPress={props.onBack}
        />
        <SignMark ending={run.state} />
        <span className="jp-cauce-Run-name" title={moment(run.started)}>
          {trans.__('Run of %1', when(run.started, now))}
        </span>
        <IconButton
          icon={deleteIcon}
          size={16}
          className="jp-cauce-Run-delete"
          title={
            mayDelete === '' ? trans.__('Delete this run, its logs and its notebooks…') : mayDelete
          }
          label={trans.__('Delete run')}
          enabled={mayDelete === ''}
          action="delete-run"
          onPress={props.onDelete}
        />
      </div>
      <p className="jp-cauce-Run-message">
        {runWords(trans, run, null, props.causeOf)}{' '}
        <span className="jp-cauce-mod-dim">
          {standing === ''
            ? trans.__('%1 on %2', run.user, run.host)
            : trans.__('%1, %2 on %3', standing, run.user, run.host)}
        </span>
      </p>
      <div className="jp-cauce-Run-actions">
        <Button
          icon={runIcon}
          label={trans.__('Run again')}
          title={trans.__('Build what this run was asked for. What is up to date is not run.')}
          whyNot={props.known ? props.busy : trans.__('Reading…')}
          action="rerun"
          onPress={() => {
            props.onRerun(false);
          }}
        />
        <Button
          label={trans.__('Force')}
          title={trans.__('Run what this run has run, even if it is up to date')}
          whyNot={props.known ? props.busy : trans.__('Reading…')}
          action="force-rerun"
          onPress={() => {
            props.onRerun(true);
          }}
        />
      </div>
    </div>
  );
}

export interface ITaskInRunProps {
  readonly trans: TranslationBundle;
  readonly task: string;
  readonly ending: Ending;
  /** Seconds; `null` where it did not run. */
  readonly took: number | null;
  readonly cause: string;
  /** Where its executed notebook opens; `null` where none was kept. */
  readonly notebook: string | null;
  /** What it printed; `null` where nobody asked. */
  readonly log: { readonly text: string | null; readonly cut: boolean } | null;
  readonly onOpenPath: (path: string) => void;
  readonly onLog: (show: boolean) => void;
}

/** A task of the run: how it ended there, with its log and notebook. */
export function TaskInRun(props: ITaskInRunProps): React.JSX.Element {
  const { trans, task, ending, took, notebook, log } = props;
  const ran = ending !== 'unchanged' && ending !== 'skipped' && ending !== 'waiting';
  const word = endingWord(trans, ending);
  return (
    <div className="jp-cauce-Run-task" data-state={signOf(ending)} data-cauce-run-task={task}>
      <p className="jp-cauce-Run-line">
        <SignMark ending={ending} />
        <span>
          <strong>{task}</strong>{' '}
          {took === null ? word : trans.__('%1 in %2', word, duration(trans, took))}
        </span>
      </p>
      {props.cause === '' ? null : <p className="jp-cauce-Run-cause">{props.cause}</p>}
      {ran ? (
        <div className="jp-cauce-Run-actions">
          {notebook === null ? null : (
            <Button
              icon={notebookIcon}
              label={trans.__('Notebook')}
              title={trans.__('Open the notebook as it was executed in this run')}
              action="open-run-notebook"
              onPress={() => {
                props.onOpenPath(notebook);
              }}
            />
          )}
          <Button
            label={log === null ? trans.__('Show log') : trans.__('Hide log')}
            title={trans.__('What the task printed in this run')}
            action="run-log"
            onPress={() => {
              props.onLog(log === null);
            }}
          />
        </div>
      ) : null}
      {log === null ? null : log.text === null ? (
        <p className="jp-cauce-mod-dim">{trans.__('Reading…')}</p>
      ) : log.text === '' ? (
        <p className="jp-cauce-mod-dim">{trans.__('Nothing was printed.')}</p>
      ) : (
        <pre className="jp-cauce-Terminal" tabIndex={0} aria-label={trans.__('Log')}>
          {log.cut ? `${trans.__('(the beginning is left out)')}\n` : ''}
          <TerminalText text={log.text} />
        </pre>
      )}
    </div>
  );
}

/** There is nothing yet to show. */
export function NoRuns(props: {
  readonly trans: TranslationBundle;
  readonly busy: string;
  readonly onBuild: () => void;
}): React.JSX.Element {
  const { trans } = props;
  return (
    <div className="jp-cauce-NoRuns">
      <p>
        <strong>{trans.__('No runs yet')}</strong>
      </p>
      <p className="jp-cauce-mod-dim">
        {trans.__('Each build is kept here: how it went, how long it took, and what it changed.')}
      </p>
      <Button
        main
        icon={runIcon}
        label={trans.__('Build')}
        title={trans.__('Run every task that is out of date')}
        whyNot={props.busy}
        action="build"
        onPress={props.onBuild}
      />
    </div>
  );
}
