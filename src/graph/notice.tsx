/**
 * Above the graph: what is not drawn task by task, and how to have it.
 */
import * as React from 'react';

import type { IArrangement } from './arrange';
import type { IGraphProps } from './props';

const MOST_OPEN = 3;

export function Notice(
  props: Pick<IGraphProps, 'words' | 'onView' | 'nodes'> & {
    readonly arrangement: IArrangement;
    readonly onCollapse: (id: string) => void;
  }
): React.JSX.Element | null {
  const { words, onView, nodes, onCollapse } = props;
  const { items, hidden, expanded: open } = props.arrangement;
  const together = items.some(({ group }) => group);
  if (!together && hidden === 0 && open.length === 0) {
    return null;
  }
  const shown = nodes.length - hidden;
  return (
    <div className="jp-cauce-Graph-notice jp-cauce-Graph-above">
      {together ? <span>{words.grouped(shown, items.length)}</span> : null}
      {together || open.length > 0 ? (
        <button
          type="button"
          onClick={() => {
            onView({ grouping: 'none', expanded: [] });
          }}
        >
          {words.showAll}
        </button>
      ) : null}
      {open.slice(0, MOST_OPEN).map(({ id, label }) => (
        <button
          key={id}
          type="button"
          title={words.collapse(label)}
          aria-label={words.collapse(label)}
          onClick={() => {
            onCollapse(id);
          }}
        >
          <span aria-hidden="true">− </span>
          <span className="jp-cauce-Graph-openName">{label}</span>
        </button>
      ))}
      {open.length > 1 ? (
        <button
          type="button"
          onClick={() => {
            onView({ expanded: [] });
          }}
        >
          {words.collapseAll}
        </button>
      ) : null}
      {hidden > 0 ? (
        <>
          <span>{shown === 0 ? words.nothing : words.hidden(hidden)}</span>
          <button
            type="button"
            onClick={() => {
              onView({ levels: 0, hideOthers: false });
            }}
          >
            {words.showAll}
          </button>
        </>
      ) : null}
    </div>
  );
}
