/**
 * What a task is, as far as no other part says it.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { WhereLink } from '../components/where';
import type { Task, TaskDetail, Where } from '../contract';
import { ago, duration, kindWord, moment, outcomeWord } from '../words';

export interface IFactsProps {
  readonly trans: TranslationBundle;
  readonly task: Task;
  readonly now: number;
  readonly onOpenTask: (task: Task) => void;
  readonly onOpenWhere: (where: Where) => void;
}

export function Facts(props: IFactsProps): React.JSX.Element {
  const { trans, task, now } = props;
  const attempt = task.lastAttempt;
  return (
    <dl className="jp-cauce-Detail-facts">
      <dt>{trans.__('Kind')}</dt>
      <dd>{kindWord(trans, task.kind)}</dd>
      <dt>{trans.__('Source')}</dt>
      <dd>
        <button
          type="button"
          className="jp-cauce-Link"
          title={trans.__('Open %1', task.source)}
          onClick={() => {
            props.onOpenTask(task);
          }}
        >
          {task.source}
        </button>
      </dd>
      <dt>{trans.__('Declared')}</dt>
      <dd>
        <WhereLink where={task.where} trans={trans} onOpen={props.onOpenWhere} />
      </dd>
      {attempt !== null ? (
        <>
          <dt>{trans.__('Last run')}</dt>
          <dd title={moment(attempt.started)}>
            {trans.__(
              '%1, %2',
              outcomeWord(trans, attempt.outcome),
              ago(trans, attempt.ended ?? attempt.started, now)
            )}
            {attempt.cause === '' || attempt.error !== null || attempt.outcome === 'crashed'
              ? ''
              : `: ${attempt.cause}`}
          </dd>
        </>
      ) : null}
      {task.lastOk !== null && attempt?.outcome !== 'ok' ? (
        <>
          <dt>{trans.__('Last success')}</dt>
          <dd title={moment(task.lastOk)}>{ago(trans, task.lastOk, now)}</dd>
        </>
      ) : null}
      {task.lastDuration !== null ? (
        <>
          <dt>{trans.__('It took')}</dt>
          <dd>{duration(trans, task.lastDuration)}</dd>
        </>
      ) : null}
    </dl>
  );
}

/** The parameters as they are, those that are computed said to be so. */
export function Params(props: {
  readonly trans: TranslationBundle;
  readonly task: Task;
  readonly detail: TaskDetail;
}): React.JSX.Element {
  const { trans, task, detail } = props;
  return (
    <dl className="jp-cauce-Detail-facts">
      {Object.entries(detail.params).map(([name, value]) => (
        <React.Fragment key={name}>
          <dt>{name}</dt>
          <dd
            className="jp-cauce-mod-code"
            title={
              task.computed.includes(name)
                ? trans.__(
                    'Computed by a function when the pipeline is built. This is the last value.'
                  )
                : undefined
            }
          >
            {value}
            {task.computed.includes(name) ? <em> {trans.__('(computed)')}</em> : null}
          </dd>
        </React.Fragment>
      ))}
      {task.computed
        .filter(name => !(name in detail.params))
        .map(name => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd className="jp-cauce-mod-dim">{trans.__('computed when built')}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}
