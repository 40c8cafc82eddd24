/**
 * What to look for among the tasks: a text, and a button for each kind of state that changes the text.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, searchIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { sortIcon } from '../icons';
import { IconButton } from '../components/iconbutton';
import { Mark } from '../components/mark';
import { statesIn, withStates } from '../filter';
import { tallyWords, type ITally } from './tally';

export interface IFilterBarProps {
  readonly trans: TranslationBundle;
  readonly text: string;
  /** How many tasks are in which state, whatever is looked for. */
  readonly tally: readonly ITally[];
  /** How many tasks match. */
  readonly matching: number;
  readonly total: number;
  /** Terms of the text that say nothing. */
  readonly unknown: readonly string[];
  readonly field: React.RefObject<HTMLInputElement>;
  readonly onChange: (text: string) => void;
  /** Leave the field for what was found. */
  readonly onLeave: () => void;
  /** Show how tasks can be sorted and grouped, below the element; null where they cannot. */
  readonly onArrange: ((anchor: HTMLElement) => void) | null;
}

export function FilterBar(props: IFilterBarProps): React.JSX.Element {
  const { trans, text, tally, matching, total, unknown, field, onChange, onArrange } = props;
  const asked = statesIn(text);
  const searched = text.trim() !== '';
  const hint = trans.__(
    'Part of a name, or state:failed, folder:tasks, kind:sql; a minus in front turns it round (/)'
  );
  return (
    <div className="jp-cauce-Filter" role="search" aria-label={trans.__('Filter tasks')}>
      <div className="jp-cauce-Filter-row">
        <span className="jp-cauce-Filter-box">
          <searchIcon.react tag="span" width="14px" height="14px" />
          <input
            ref={field}
            className="jp-cauce-Filter-field"
            type="text"
            spellCheck={false}
            autoComplete="off"
            placeholder={trans.__('Filter tasks')}
            aria-label={trans.__('Filter tasks')}
            aria-description={hint}
            title={hint}
            value={text}
            onChange={event => {
              onChange(event.target.value);
            }}
            onKeyDown={event => {
              if (event.key === 'Escape') {
                // Once to look for nothing, once more to leave.
                if (searched) {
                  onChange('');
                } else {
                  props.onLeave();
                }
              } else if (event.key === 'Enter' || event.key === 'ArrowDown') {
                props.onLeave();
              } else {
                return;
              }
              event.preventDefault();
              event.stopPropagation();
            }}
          />
          {searched ? (
            <span className="jp-cauce-Filter-count" aria-hidden="true">
              {`${String(matching)}/${String(total)}`}
            </span>
          ) : null}
          {searched ? (
            <IconButton
              icon={closeIcon}
              className="jp-cauce-Filter-clear"
              title={trans.__('Clear the filter (Escape)')}
              label={trans.__('Clear the filter')}
              onPress={() => {
                onChange('');
                field.current?.focus();
              }}
            />
          ) : null}
        </span>
        {onArrange === null ? null : (
          <IconButton
            icon={sortIcon}
            size={16}
            title={trans.__('Sort and group')}
            menu
            action="arrange"
            onPress={event => {
              onArrange(event.currentTarget);
            }}
          />
        )}
      </div>
      <div className="jp-cauce-Filter-chips" role="group" aria-label={trans.__('States')}>
        {tally.map(each => {
          const pressed = each.states.some(state => asked.has(state));
          const words = tallyWords(trans, each);
          return each.count === 0 && !pressed ? null : (
            <button
              key={each.state}
              type="button"
              className="jp-cauce-Filter-chip"
              data-state={each.state}
              aria-pressed={pressed}
              aria-label={words}
              title={
                pressed
                  ? trans.__('%1. Press to show others, too.', words)
                  : trans.__('%1. Press to show them alone, or with others so chosen.', words)
              }
              onClick={() => {
                const rest = [...asked].filter(state => !each.states.includes(state));
                onChange(withStates(text, pressed ? rest : [...rest, ...each.states]));
              }}
            >
              <Mark state={each.state} />
              {each.count}
            </button>
          );
        })}
      </div>
      {unknown.length === 0 ? null : (
        <p className="jp-cauce-Filter-unknown">
          {trans.__('Not understood: %1', unknown.join(' '))}
        </p>
      )}
      <div className="jp-cauce-mod-aloud" aria-live="polite">
        {searched ? trans.__('%1 of %2 shown', matching, total) : ''}
      </div>
    </div>
  );
}
