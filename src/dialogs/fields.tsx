/**
 * The fields of the dialogs that change a pipeline.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { asksForClient, type INewTaskForm } from './form';

/** From so many names on there is a field that finds some. */
const MANY = 12;

interface IProps<T> {
  readonly value: T;
  readonly onChange: (value: T) => void;
}

interface ITextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
  readonly placeholder?: string;
  readonly first?: boolean;
  /** So many lines; else one. */
  readonly lines?: number;
}

export function TextField(props: ITextFieldProps): React.JSX.Element {
  const { label, value, hint, placeholder, first, lines } = props;
  const id = React.useId();
  const common = {
    id,
    value,
    placeholder,
    spellCheck: false,
    autoComplete: 'off',
    className: 'jp-cauce-Field-input jp-mod-styled',
    'data-cauce-first': first === true ? true : undefined,
    'aria-describedby': hint === undefined ? undefined : `${id}-hint`,
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => {
      props.onChange(event.target.value);
    }
  };
  return (
    <div className="jp-cauce-Field">
      <label htmlFor={id}>{label}</label>
      {lines === undefined ? (
        <input type="text" {...common} />
      ) : (
        <textarea rows={lines} {...common} />
      )}
      {hint === undefined ? null : (
        <p className="jp-cauce-mod-dim" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface INamesProps extends IProps<readonly string[]> {
  readonly trans: TranslationBundle;
  readonly label: string;
  readonly names: readonly string[];
  readonly first?: boolean;
}

/** Some of many names, each with a box to tick. */
function Names(props: INamesProps): React.JSX.Element | null {
  const { trans, label, names, value, onChange, first } = props;
  const [filter, setFilter] = React.useState('');
  if (names.length === 0) {
    return null;
  }
  const wanted = filter.trim().toLowerCase();
  return (
    <fieldset className="jp-cauce-Field jp-cauce-Names">
      <legend>{label}</legend>
      {names.length > MANY ? (
        <input
          type="search"
          data-cauce-first={first === true ? true : undefined}
          className="jp-cauce-Field-input jp-mod-styled"
          value={filter}
          placeholder={trans.__('Find a task')}
          aria-label={trans.__('Find a task')}
          onChange={event => {
            setFilter(event.target.value);
          }}
        />
      ) : null}
      <div className="jp-cauce-Names-list">
        {names
          .filter(name => value.includes(name) || name.toLowerCase().includes(wanted))
          .map((name, i) => (
            <label key={name}>
              <input
                type="checkbox"
                data-cauce-first={
                  first === true && i === 0 && names.length <= MANY ? true : undefined
                }
                checked={value.includes(name)}
                onChange={event => {
                  onChange(
                    event.target.checked ? [...value, name] : value.filter(each => each !== name)
                  );
                }}
              />
              <span title={name}>{name}</span>
            </label>
          ))}
      </div>
    </fieldset>
  );
}

export function Check(
  props: IProps<boolean> & { readonly label: string; readonly first?: boolean }
): React.JSX.Element {
  return (
    <label className="jp-cauce-Check">
      <input
        type="checkbox"
        data-cauce-first={props.first === true ? true : undefined}
        checked={props.value}
        onChange={event => {
          props.onChange(event.target.checked);
        }}
      />
      <span>{props.label}</span>
    </label>
  );
}

interface INewTaskProps extends IProps<INewTaskForm> {
  readonly trans: TranslationBundle;
  readonly folder: string;
  readonly names: readonly string[];
}

export function NewTaskFields(props: INewTaskProps): React.JSX.Element {
  const { trans, value, onChange, folder, names } = props;
  return (
    <>
      <TextField
        first
        label={trans.__('Source')}
        value={value.source}
        placeholder={`${folder}clean.py`}
        hint={trans.__(
          'A script, notebook or SQL file, which is created if it is not there; or module.function.'
        )}
        onChange={source => {
          onChange({ ...value, source });
        }}
      />
      <TextField
        label={trans.__('Name')}
        value={value.name}
        placeholder={trans.__('as the source')}
        onChange={name => {
          onChange({ ...value, name });
        }}
      />
      <Names
        trans={trans}
        label={trans.__('Needs')}
        names={names}
        value={value.upstream}
        onChange={upstream => {
          onChange({ ...value, upstream });
        }}
      />
      <TextField
        label={trans.__('Products')}
        lines={2}
        value={value.products}
        placeholder={trans.__('as proposed below')}
        hint={trans.__('One a line, such as “data: output/clean.csv”.')}
        onChange={products => {
          onChange({ ...value, products });
        }}
      />
      {asksForClient(value.source) ? (
        <TextField
          label={trans.__('Database')}
          value={value.client}
          placeholder="sqlite:///data.db"
          hint={trans.__('An address, or module.function. Empty for what the pipeline says.')}
          onChange={client => {
            onChange({ ...value, client });
          }}
        />
      ) : null}
    </>
  );
}

export function NameField(
  props: IProps<string> & { readonly label: string; readonly hint: string }
): React.JSX.Element {
  return <TextField first {...props} />;
}

/** What is asked where a task is to be removed. */
export interface IRemovalForm {
  readonly detach: boolean;
  readonly trash: boolean;
}

interface IRemovalProps extends IProps<IRemovalForm> {
  readonly trans: TranslationBundle;
  readonly source: string;
  /** Tasks that need it. */
  readonly dependents: readonly string[];
  /** Is its source a file of its own? */
  readonly hasFile: boolean;
}

export function RemovalFields(props: IRemovalProps): React.JSX.Element {
  const { trans, value, onChange, dependents, source, hasFile } = props;
  return (
    <>
      {dependents.length === 0 ? null : (
        <Check
          first
          label={trans._n(
            '%2 no longer needs it',
            '%2 no longer need it',
            dependents.length,
            dependents.join(', ')
          )}
          value={value.detach}
          onChange={detach => {
            onChange({ ...value, detach });
          }}
        />
      )}
      {hasFile ? (
        <Check
          first={dependents.length === 0}
          label={trans.__('Move %1 to the trash', source)}
          value={value.trash}
          onChange={trash => {
            onChange({ ...value, trash });
          }}
        />
      ) : null}
    </>
  );
}

export function UpstreamFields(
  props: IProps<readonly string[]> & {
    readonly trans: TranslationBundle;
    readonly label: string;
    readonly names: readonly string[];
  }
): React.JSX.Element {
  return <Names first {...props} />;
}
