/**
 * What is wrong: of the whole pipeline in the head, of one task in its details.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Problem, Where } from '../contract';
import { errorsFirst, firstOf, groupProblems, isError, type IProblemGroup } from '../problems';
import { Button } from './button';
import { More } from './more';
import { WhereLink } from './where';

/** More than that are shown on demand. */
const SHOWN = 5;

export interface IProblemsProps {
  readonly trans: TranslationBundle;
  /** Another pipeline is looked at afresh. */
  readonly pipeline: string;
  /** Is there a task of this name? One without a source is known by its number, as '#2'. */
  readonly isTask: (name: string) => boolean;
  readonly problems: readonly Problem[];
  /** Can what is missing be created? */
  readonly scaffold: boolean;
  /** Is there something that only running code can tell? */
  readonly evaluate: boolean;
  /** Why nothing can be evaluated now; '' when it can. */
  readonly busy: string;
  readonly onOpenWhere: (where: Where) => void;
  readonly onSelect: (task: string) => void;
  readonly onScaffold: () => void;
  readonly onEvaluate: () => void;
}

/** All problems, grouped, with what can be done about them. */
export function Problems(props: IProblemsProps): React.JSX.Element | null {
  const { trans, problems } = props;
  const [all, setAll] = React.useState(false);
  const groups = React.useMemo(() => groupProblems(problems), [problems]);
  if (problems.length === 0) {
    return null;
  }
  const told = groups.flatMap(group => group.problems);
  const errors = told.filter(isError).length;
  const warnings = told.length - errors;
  const counts = [
    errors > 0 ? trans._n('%1 error', '%1 errors', errors) : '',
    warnings > 0 ? trans._n('%1 warning', '%1 warnings', warnings) : ''
  ].filter(count => count !== '');
  return (
    <details className="jp-cauce-Problems" open={errors > 0} data-cauce-problems={told.length}>
      <summary>{counts.join(', ')}</summary>
      <div className="jp-cauce-Problems-box">
        {(all ? groups : firstOf(groups, SHOWN)).map(group => (
          <section key={JSON.stringify([group.file, ...group.tasks])}>
            <Heading {...props} group={group} />
            <List trans={trans} problems={group.problems} onOpenWhere={props.onOpenWhere} />
          </section>
        ))}
        <More
          className="jp-cauce-Problems-more"
          shown={SHOWN}
          trans={trans}
          count={told.length}
          all={all}
          onChange={setAll}
        />
      </div>
      {props.scaffold || props.evaluate ? (
        <div className="jp-cauce-Problems-remedies">
          {props.scaffold ? (
            <Button
              label={trans.__('Create missing sources')}
              title={trans.__(
                'Create the scripts and functions that the pipeline names and that do not exist'
              )}
              action="scaffold"
              onPress={props.onScaffold}
            />
          ) : null}
          {props.evaluate ? (
            <Button
              label={trans.__('Evaluate')}
              whyNot={props.busy}
              title={trans.__(
                'Run the code that makes the pipeline or computes its parameters, without building anything'
              )}
              action="evaluate"
              onPress={props.onEvaluate}
            />
          ) : null}
        </div>
      ) : null}
    </details>
  );
}

/** Of what that is said: the first of the tasks, and how many more there are; else the file. */
function Heading(
  props: Pick<IProblemsProps, 'trans' | 'isTask' | 'onSelect'> & { readonly group: IProblemGroup }
): React.JSX.Element | null {
  const { trans, group } = props;
  const [task, ...others] = group.tasks;
  if (task === undefined) {
    return group.file === '' ? null : <h4>{group.file}</h4>;
  }
  return (
    <h4>
      {props.isTask(task) ? (
        <button
          type="button"
          className="jp-cauce-Link"
          title={trans.__('Select %1', task)}
          onClick={() => {
            props.onSelect(task);
          }}
        >
          {task}
        </button>
      ) : (
        trans.__('task %1', task.replace(/^#/, ''))
      )}
      {others.length === 0 ? null : (
        <span title={others.join(', ')}>
          {' '}
          {trans._n('and %1 more', 'and %1 more', others.length)}
        </span>
      )}
    </h4>
  );
}

/** The problems of one task. */
export function TaskProblems(props: {
  readonly trans: TranslationBundle;
  readonly problems: readonly Problem[];
  readonly onOpenWhere: (where: Where) => void;
}): React.JSX.Element {
  const { trans, problems } = props;
  const [all, setAll] = React.useState(false);
  const sorted = errorsFirst(problems);
  return (
    <div className="jp-cauce-Problems">
      <List
        trans={trans}
        problems={all ? sorted : sorted.slice(0, SHOWN)}
        onOpenWhere={props.onOpenWhere}
      />
      <More
        className="jp-cauce-Problems-more"
        shown={SHOWN}
        trans={trans}
        count={problems.length}
        all={all}
        onChange={setAll}
      />
    </div>
  );
}

function List(props: {
  readonly trans: TranslationBundle;
  readonly problems: readonly Problem[];
  readonly onOpenWhere: (where: Where) => void;
}): React.JSX.Element {
  const { trans } = props;
  return (
    <ul>
      {props.problems.map((problem, i) => (
        <li key={i} data-severity={problem.severity}>
          <span>{problem.message}</span>
          {problem.hint === '' ? null : (
            <span className="jp-cauce-Problems-hint">{problem.hint}</span>
          )}
          {problem.where === null ? null : (
            <WhereLink where={problem.where} trans={trans} onOpen={props.onOpenWhere} />
          )}
        </li>
      ))}
    </ul>
  );
}
