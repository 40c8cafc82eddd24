/**
 * A JSON value as a tree that opens, a hundred entries at a time.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { readJson, sizeOf, type Json } from './json';

const SHOWN = 100;
/** What is open at first. */
const OPEN_DEPTH = 1;
/** Longer strings are cut. */
const LONGEST = 500;

export function JsonTree(props: {
  readonly trans: TranslationBundle;
  readonly text: string;
}): React.JSX.Element {
  const { trans, text } = props;
  const values = React.useMemo(() => readJson(text), [text]);
  if (values === null) {
    return (
      <pre className="jp-cauce-Terminal" tabIndex={0} aria-label={trans.__('Text')}>
        {text}
      </pre>
    );
  }
  return (
    <div className="jp-cauce-Json" tabIndex={0} role="group" aria-label={trans.__('JSON')}>
      {values.length === 1 && values[0] !== undefined ? (
        <Value trans={trans} value={values[0]} depth={0} name={null} />
      ) : (
        <Entries
          trans={trans}
          depth={1}
          entries={values.map((value, i) => [String(i), value] as const)}
        />
      )}
    </div>
  );
}

interface IValueProps {
  readonly trans: TranslationBundle;
  readonly value: Json;
  readonly depth: number;
  readonly name: string | null;
}

function Value(props: IValueProps): React.JSX.Element {
  const { trans, value, depth, name } = props;
  const [open, setOpen] = React.useState(depth < OPEN_DEPTH);
  const count = sizeOf(value);
  const label = name === null ? null : <span className="jp-cauce-Json-key">{name}</span>;
  if (count === null || count === 0) {
    return (
      <div className="jp-cauce-Json-leaf">
        {label}
        <Leaf value={value} />
      </div>
    );
  }
  const words =
    value.kind === 'array'
      ? trans._n('%1 item', '%1 items', count)
      : trans._n('%1 key', '%1 keys', count);
  return (
    <div className="jp-cauce-Json-branch">
      <button
        type="button"
        className="jp-cauce-Json-toggle"
        aria-expanded={open}
        onClick={() => {
          setOpen(!open);
        }}
      >
        {label}
        <span className="jp-cauce-mod-dim">
          {value.kind === 'array' ? '[ ]' : '{ }'} {words}
        </span>
      </button>
      {open ? (
        <Entries
          trans={trans}
          depth={depth + 1}
          entries={
            value.kind === 'array'
              ? value.items.map((item, i) => [String(i), item] as const)
              : value.kind === 'object'
                ? value.entries
                : []
          }
        />
      ) : null}
    </div>
  );
}

function Entries(props: {
  readonly trans: TranslationBundle;
  readonly depth: number;
  readonly entries: readonly (readonly [string, Json])[];
}): React.JSX.Element {
  const { trans, depth, entries } = props;
  const [shown, setShown] = React.useState(SHOWN);
  const more = entries.length - shown;
  return (
    <ul className="jp-cauce-Json-entries">
      {entries.slice(0, shown).map(([name, value], i) => (
        <li key={i}>
          <Value trans={trans} value={value} depth={depth} name={name} />
        </li>
      ))}
      {more > 0 ? (
        <li>
          <button
            type="button"
            className="jp-cauce-Link"
            onClick={() => {
              setShown(shown + SHOWN * 10);
            }}
          >
            {trans._n('Show %1 more', 'Show %1 more', Math.min(more, SHOWN * 10))}
          </button>
        </li>
      ) : null}
    </ul>
  );
}

function Leaf({ value }: { readonly value: Json }): React.JSX.Element {
  switch (value.kind) {
    case 'string': {
      const text = value.text.length > LONGEST ? `${value.text.slice(0, LONGEST)}…` : value.text;
      return <span className="jp-cauce-Json-string">{JSON.stringify(text)}</span>;
    }
    case 'literal':
      return <span className="jp-cauce-Json-literal">{value.text}</span>;
    case 'array':
      return <span className="jp-cauce-Json-literal">[ ]</span>;
    case 'object':
      return <span className="jp-cauce-Json-literal">{'{ }'}</span>;
  }
}
