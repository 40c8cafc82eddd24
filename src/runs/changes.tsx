/**
 * What differs between two runs: parameters, code, numbers, products, task by task.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button } from '../components/button';
import { PathName } from '../components/pathname';
import type {
  ProductChange,
  Result,
  Run,
  RunComparison,
  TaskComparison,
  ValueChange
} from '../contract';
import { SideBySide } from '../diff/table';
import { duration, size } from '../words';
import { changeWord, deltaWord, endingWord, numberWord, runWord, when } from './words';

export interface IChangesProps {
  readonly trans: TranslationBundle;
  readonly run: Run;
  /** The runs that it can be compared with, newest first. */
  readonly others: readonly Run[];
  readonly base: string | null;
  /** `null` until the server has told. */
  readonly comparison: RunComparison | null;
  readonly task: string | null;
  /** Seconds since the epoch. */
  readonly now: number;
  /** Can notebooks be compared here? */
  readonly comparesNotebooks: boolean;
  readonly onBase: (run: string) => void;
  readonly onTask: (task: string) => void;
  readonly onOpenPath: (path: string) => void;
  readonly onCompareNotebooks: (before: string, after: string, task: string) => void;
}

export function Changes(props: IChangesProps): React.JSX.Element {
  const { trans, others, base, comparison, now } = props;
  const field = React.useId();
  if (others.length === 0) {
    return (
      <p className="jp-cauce-mod-hint">
        {trans.__('There is no other run to compare with. Build again after a change.')}
      </p>
    );
  }
  const changed = comparison?.tasks.filter(task => task.changes.length > 0) ?? [];
  const same = comparison?.tasks.filter(task => task.changes.length === 0) ?? [];
  return (
    <div className="jp-cauce-Changes">
      <div className="jp-cauce-Changes-base">
        <label htmlFor={field}>{trans.__('Compared with')}</label>
        <select
          id={field}
          className="jp-cauce-Select"
          value={base ?? ''}
          onChange={event => {
            props.onBase(event.currentTarget.value);
          }}
        >
          {others.map(run => (
            <option key={run.id} value={run.id}>
              {trans.__('%1, %2', when(run.started, now), runWord(trans, run.state))}
            </option>
          ))}
        </select>
      </div>
      {comparison === null ? (
        <p className="jp-cauce-mod-hint">{trans.__('Comparing…')}</p>
      ) : changed.length === 0 ? (
        <p className="jp-cauce-mod-hint">
          {trans.__('Nothing differs: neither what went in, nor what came out.')}
        </p>
      ) : (
        changed.map(task => (
          <TaskChanges key={task.task} {...props} change={task} open={changed.length <= 3} />
        ))
      )}
      {same.length > 0 ? (
        <p className="jp-cauce-mod-dim jp-cauce-Changes-same">
          {trans.__('Ran anew, and nothing differs: %1', same.map(task => task.task).join(', '))}
        </p>
      ) : null}
    </div>
  );
}

function TaskChanges(
  props: IChangesProps & { readonly change: TaskComparison; readonly open: boolean }
): React.JSX.Element {
  const { trans, change } = props;
  const [open, setOpen] = React.useState(props.open || change.task === props.task);
  return (
    <details
      className="jp-cauce-Changes-task"
      data-cauce-change={change.task}
      open={open}
      onToggle={event => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary
        onClick={() => {
          props.onTask(change.task);
        }}
      >
        <span className="jp-cauce-Changes-name">{change.task}</span>
        <span className="jp-cauce-Changes-kinds">
          {change.changes.map(kind => (
            <span key={kind} className="jp-cauce-Chip" data-cauce-kind={kind}>
              {changeWord(trans, kind)}
            </span>
          ))}
        </span>
      </summary>
      {open ? <Body {...props} /> : null}
    </details>
  );
}

function Body(props: IChangesProps & { readonly change: TaskComparison }): React.JSX.Element {
  const { trans, change } = props;
  const { before, after } = change;
  const metrics = change.metrics.filter(metric => metric.before !== metric.after);
  const equal = change.metrics.length - metrics.length;
  const products = change.products.filter(product => product.change !== 'same');
  const influences = [
    ...change.modules.map(name => trans.__('The module %1 differs.', name)),
    ...change.resources.map(name => trans.__('The resource %1 differs.', name)),
    ...change.upstream.map(name => trans.__('What %1 made differs.', name))
  ];
  const [notebookBefore, notebookAfter] = [before?.notebook ?? null, after?.notebook ?? null];
  const files = [before?.notebookFile ?? null, after?.notebookFile ?? null] as const;
  return (
    <div className="jp-cauce-Changes-body">
      <p className="jp-cauce-Changes-outcome">
        <ResultWords trans={trans} result={before} /> → <ResultWords trans={trans} result={after} />
      </p>
      {change.metrics.length > 0 ? (
        <table className="jp-cauce-Values">
          <caption>{trans.__('Metrics')}</caption>
          <Heads trans={trans} first={trans.__('Number')} last={trans.__('Difference')} />
          <tbody>
            {metrics.map(({ path, name, before: old, after: next }) => (
              <tr key={`${path} ${name}`}>
                <th scope="row" title={path}>
                  {name === '' ? path : name}
                </th>
                <td>{old === null ? '–' : numberWord(old)}</td>
                <td>{next === null ? '–' : numberWord(next)}</td>
                <td>{old === null || next === null ? '' : deltaWord(trans, old, next)}</td>
              </tr>
            ))}
            {equal > 0 ? (
              <tr>
                <td colSpan={4} className="jp-cauce-mod-dim">
                  {trans._n('%1 number is the same', '%1 numbers are the same', equal)}
                </td>
              </tr>
            ) : null}
          </tbody>
        </table>
      ) : null}
      <Values trans={trans} caption={trans.__('Parameters')} values={change.params} />
      <Values trans={trans} caption={trans.__('Options')} values={change.options} />
      {influences.length > 0 ? (
        <ul className="jp-cauce-Changes-influences">
          {influences.map(each => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      ) : null}
      {change.codeLeftOut ? (
        <p className="jp-cauce-mod-dim">
          {trans.__('The code differs; there are too many changes to show all of them.')}
        </p>
      ) : null}
      {change.code !== '' ? (
        <SideBySide
          trans={trans}
          unified={change.code}
          before={trans.__('Code before')}
          after={trans.__('Code in this run')}
        />
      ) : null}
      {products.length > 0 ? (
        <table className="jp-cauce-Values jp-cauce-Changes-products">
          <caption>{trans.__('Products')}</caption>
          <Heads trans={trans} first={trans.__('Path')} last={trans.__('Difference')} />
          <tbody>
            {products.map(product => (
              <tr key={product.path}>
                <th scope="row" title={product.path}>
                  <PathName path={product.path} />
                </th>
                <td>{product.before === null ? '–' : size(product.before)}</td>
                <td>{product.after === null ? '–' : size(product.after)}</td>
                <td>{productWord(trans, product)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      {notebookBefore === null && notebookAfter === null ? null : (
        <div className="jp-cauce-Changes-links">
          {notebookBefore === null ? null : (
            <Button
              label={trans.__('Notebook before')}
              title={trans.__('Open the executed notebook as it was before')}
              onPress={() => {
                props.onOpenPath(notebookBefore);
              }}
            />
          )}
          {notebookAfter === null ? null : (
            <Button
              label={trans.__('Notebook of this run')}
              title={trans.__('Open the executed notebook of this run')}
              onPress={() => {
                props.onOpenPath(notebookAfter);
              }}
            />
          )}
          {files[0] === null || files[1] === null ? null : (
            <Button
              label={trans.__('Compare notebooks')}
              title={trans.__('Show the two notebooks cell by cell, with their outputs')}
              whyNot={
                props.comparesNotebooks
                  ? ''
                  : trans.__('That takes nbdime: install it with “pip install nbdime”.')
              }
              onPress={() => {
                props.onCompareNotebooks(files[0] ?? '', files[1] ?? '', change.task);
              }}
            />
          )}
        </div>
      )}
    </div>
  );
}

function Heads(props: {
  readonly trans: TranslationBundle;
  readonly first: string;
  readonly last?: string;
}): React.JSX.Element {
  const { trans, last } = props;
  return (
    <thead>
      <tr>
        <th scope="col">{props.first}</th>
        <th scope="col">{trans.__('Before')}</th>
        <th scope="col">{trans.__('This run')}</th>
        {last === undefined ? null : <th scope="col">{last}</th>}
      </tr>
    </thead>
  );
}

function Values(props: {
  readonly trans: TranslationBundle;
  readonly caption: string;
  readonly values: readonly ValueChange[];
}): React.JSX.Element | null {
  return props.values.length === 0 ? null : (
    <table className="jp-cauce-Values">
      <caption>{props.caption}</caption>
      <Heads trans={props.trans} first={props.trans.__('Name')} />
      <tbody>
        {props.values.map(({ name, before, after }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td className="jp-cauce-mod-code">{before ?? '–'}</td>
            <td className="jp-cauce-mod-code">{after ?? '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ResultWords(props: {
  readonly trans: TranslationBundle;
  readonly result: Result | null;
}): React.JSX.Element {
  const { trans, result } = props;
  if (result === null) {
    return <span className="jp-cauce-mod-dim">{trans.__('not known')}</span>;
  }
  const word = endingWord(trans, result.outcome);
  return (
    <span>
      {result.ended === null
        ? word
        : trans.__('%1 in %2', word, duration(trans, result.ended - result.started))}
    </span>
  );
}

function productWord(trans: TranslationBundle, product: ProductChange): string {
  switch (product.change) {
    case 'same':
      return trans.__('same');
    case 'changed':
      return trans.__('changed');
    case 'added':
      return trans.__('new');
    case 'removed':
      return trans.__('gone');
  }
}
