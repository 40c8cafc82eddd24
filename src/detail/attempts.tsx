/**
 * How a task fared: its attempts, newest first. Those of one run are tries at the same.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { notebookIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton } from '../components/iconbutton';
import { Mark } from '../components/mark';
import type { Attempt } from '../contract';
import type { TaskState } from '../taskstate';
import { ago, duration, killedWords, moment, outcomeWord } from '../words';

export interface IAttemptsProps {
  readonly trans: TranslationBundle;
  /** Newest first. */
  readonly attempts: readonly Attempt[];
  /** Run → where its executed notebook opens, where one was kept. */
  readonly notebooks: Readonly<Record<string, string>>;
  /** The run whose log is shown. */
  readonly logRun: string | null;
  readonly now: number;
  readonly onShowLog: (run: string) => void;
  /** Open a notebook as a run has left it. */
  readonly onOpenNotebook: (path: string) => void;
}

/** An attempt, and which of how many tries in its run it was. */
export interface ITry {
  readonly attempt: Attempt;
  readonly number: number;
  readonly of: number;
}

/** Number the tries of each run. */
export function tries(attempts: readonly Attempt[]): readonly ITry[] {
  const counts = new Map<string, number>();
  for (const { run } of attempts) {
    counts.set(run, (counts.get(run) ?? 0) + 1);
  }
  const left = new Map(counts);
  return attempts.map(attempt => {
    const number = left.get(attempt.run) ?? 1;
    left.set(attempt.run, number - 1);
    return { attempt, number, of: counts.get(attempt.run) ?? 1 };
  });
}

const STATES: Readonly<Record<Attempt['outcome'], TaskState>> = {
  running: 'running',
  ok: 'fresh',
  failed: 'failed',
  crashed: 'failed',
  cancelled: 'cancelled',
  stopped: 'cancelled',
  skipped: 'skipped'
};

export function Attempts(props: IAttemptsProps): React.JSX.Element {
  const { trans, attempts, now } = props;
  return (
    <ul className="jp-cauce-Attempts">
      {tries(attempts).map(({ attempt, number, of }, i) => (
        <li key={i} data-state={STATES[attempt.outcome]}>
          <div className="jp-cauce-Attempts-line">
            <Mark state={STATES[attempt.outcome]} />
            <span>
              {of > 1
                ? trans.__('%1, try %2 of %3', outcomeWord(trans, attempt.outcome), number, of)
                : outcomeWord(trans, attempt.outcome)}
            </span>
            <span className="jp-cauce-Attempts-note">
              <span title={moment(attempt.started)}>{ago(trans, attempt.started, now)}</span>
              {attempt.ended === null
                ? ''
                : ` · ${duration(trans, attempt.ended - attempt.started)}`}
            </span>
            {number === of && attempt.outcome !== 'skipped' ? (
              <Left {...props} attempt={attempt} />
            ) : null}
          </div>
          {attempt.cause === '' ? null : <Cause trans={trans} attempt={attempt} />}
        </li>
      ))}
    </ul>
  );
}

/** What the last try in a run has left: of each task a run keeps one notebook and one log. */
function Left(props: IAttemptsProps & { readonly attempt: Attempt }): React.JSX.Element {
  const { trans, attempt } = props;
  const notebook = attempt.outcome === 'running' ? undefined : props.notebooks[attempt.run];
  return (
    <span className="jp-cauce-Attempts-left">
      {notebook === undefined ? null : (
        <IconButton
          icon={notebookIcon}
          label={trans.__('Open the notebook of the run of %1', moment(attempt.started))}
          title={trans.__('Open the notebook as it was executed in this run')}
          action="open-run-notebook"
          onPress={() => {
            props.onOpenNotebook(notebook);
          }}
        />
      )}
      <button
        type="button"
        className="jp-cauce-Toggle"
        aria-pressed={props.logRun === attempt.run}
        aria-label={trans.__('Show the log of the run of %1', moment(attempt.started))}
        title={trans.__('Show the log of this run')}
        onClick={() => {
          props.onShowLog(attempt.run);
        }}
      >
        {trans.__('Log')}
      </button>
    </span>
  );
}

function Cause(props: {
  readonly trans: TranslationBundle;
  readonly attempt: Attempt;
}): React.JSX.Element {
  const { trans, attempt } = props;
  const killed = attempt.outcome === 'crashed' && attempt.ended === null;
  const words = killed ? killedWords(trans) : attempt.cause;
  return (
    <p className="jp-cauce-Attempts-cause" title={words}>
      {words}
    </p>
  );
}
