/**
 * The head of the split dialog: what tasks are made of, and as what they are written.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Check, TextField } from '../dialogs/fields';
import type { Split } from '../contract';
import { mannerOf, withManner, type Manner, type SplitWish } from './edits';
import { cellsWord, tasksWord } from './splitwords';

export interface ISplitHeadProps {
  readonly trans: TranslationBundle;
  readonly plan: Split;
  readonly request: SplitWish;
  readonly asking: boolean;
  /** How many tasks there are. */
  readonly count: number;
  /** `thing`: edits of the same, one after the other, are one edit. */
  readonly onEdit: (request: SplitWish, thing?: string) => void;
}

export function SplitHead(props: ISplitHeadProps): React.JSX.Element {
  const { trans, plan, request, onEdit } = props;
  const [open, setOpen] = React.useState(false);
  const own = React.useId();
  const manner = mannerOf(request, plan);
  const level = manner.by === 'level' ? manner.level : null;
  const levels =
    level === null || plan.levels.some(each => each.level === level)
      ? plan.levels
      : [...plan.levels, { level, count: 0 }];
  return (
    <div className="jp-cauce-SplitHeader">
      <div className="jp-cauce-SplitHeader-line">
        <label>
          <span>{trans.__('A task begins at')}</span>
          <select
            className="jp-cauce-Select"
            data-cauce-first
            value={valueOf(manner)}
            onChange={event => {
              onEdit(withManner(request, plan, mannerFrom(event.target.value)));
            }}
          >
            {levels.map(each => (
              <option key={each.level} value={`level ${String(each.level)}`}>
                {trans._n(
                  'each heading %2 (%1)',
                  'each heading %2 (%1)',
                  each.count,
                  '#'.repeat(each.level)
                )}
              </option>
            ))}
            <option value="hand">{trans.__('cuts made by hand')}</option>
            <option value="nothing">{trans.__('the top alone: one task')}</option>
          </select>
        </label>
        <label>
          <span>{trans.__('written as')}</span>
          <select
            className="jp-cauce-Select"
            value={request.sourceFormat}
            onChange={event => {
              const found = (['', 'py', 'ipynb'] as const).find(
                each => each === event.target.value
              );
              onEdit({ ...request, sourceFormat: found ?? '' });
            }}
          >
            <option value="">{trans.__('what the notebook is')}</option>
            <option value="py">{trans.__('scripts (.py)')}</option>
            <option value="ipynb">{trans.__('notebooks (.ipynb)')}</option>
          </select>
        </label>
        <button
          type="button"
          className="jp-cauce-Toggle"
          aria-expanded={open}
          aria-controls={`${own}-options`}
          onClick={() => {
            setOpen(!open);
          }}
        >
          {trans.__('More options')}
        </button>
        <span className="jp-cauce-SplitHeader-sum" role="status" data-busy={props.asking}>
          {trans.__(
            '%1 from %2',
            tasksWord(trans, props.count),
            cellsWord(trans, plan.cells.length)
          )}
          {props.asking ? (
            <span className="jp-cauce-SplitHeader-busy">{trans.__('planning…')}</span>
          ) : null}
        </span>
      </div>
      <div id={`${own}-options`} hidden={!open}>
        {open ? <Options {...props} /> : null}
      </div>
    </div>
  );
}

function Options(props: ISplitHeadProps): React.JSX.Element {
  const { trans, request, onEdit } = props;
  const text = (
    thing: 'folder' | 'pipeline' | 'prefix' | 'module',
    label: string,
    hint: string,
    placeholder?: string
  ): React.JSX.Element => (
    <TextField
      label={label}
      value={request[thing]}
      hint={hint}
      {...(placeholder === undefined ? {} : { placeholder })}
      onChange={value => {
        onEdit({ ...request, [thing]: value }, thing);
      }}
    />
  );
  return (
    <div className="jp-cauce-SplitOptions">
      {text(
        'folder',
        trans.__('Folder'),
        trans.__('Where the pipeline goes, from the notebook’s folder.'),
        trans.__('beside the notebook')
      )}
      {text('pipeline', trans.__('Pipeline file'), trans.__('Its name.'))}
      {text('prefix', trans.__('Products'), trans.__('The folder that they are stored in.'))}
      {text('module', trans.__('Module'), trans.__('Of functions and classes, without “.py”.'))}
      <Choice
        label={trans.__('Tables')}
        value={request.dfFormat}
        choices={[
          ['', trans.__('Parquet where it holds them')],
          ['parquet', trans.__('Parquet')],
          ['csv', trans.__('CSV')]
        ]}
        onChange={dfFormat => {
          onEdit({ ...request, dfFormat });
        }}
      />
      <Choice
        label={trans.__('Other objects')}
        value={request.serializer}
        choices={[
          ['', trans.__('pickle, or cloudpickle where it takes that')],
          ['pickle', trans.__('pickle')],
          ['cloudpickle', trans.__('cloudpickle')],
          ['dill', trans.__('dill')]
        ]}
        onChange={serializer => {
          onEdit({ ...request, serializer });
        }}
      />
      <Check
        label={trans.__('Write stubs of tests for the module')}
        value={request.tests}
        onChange={tests => {
          onEdit({ ...request, tests });
        }}
      />
    </div>
  );
}

function Choice<T extends string>(props: {
  readonly label: string;
  readonly value: T;
  readonly choices: readonly (readonly [T, string])[];
  readonly onChange: (value: T) => void;
}): React.JSX.Element {
  const id = React.useId();
  return (
    <div className="jp-cauce-Field">
      <label htmlFor={id}>{props.label}</label>
      <select
        id={id}
        className="jp-cauce-Select"
        value={props.value}
        onChange={event => {
          const found = props.choices.find(([value]) => value === event.target.value);
          if (found !== undefined) {
            props.onChange(found[0]);
          }
        }}
      >
        {props.choices.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}

function valueOf(manner: Manner): string {
  return manner.by === 'level' ? `level ${String(manner.level)}` : manner.by;
}

function mannerFrom(value: string): Manner {
  const level = /^level (\d)$/.exec(value)?.[1];
  return level !== undefined
    ? { by: 'level', level: Number(level) }
    : { by: value === 'nothing' ? 'nothing' : 'hand' };
}
