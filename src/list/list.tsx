/**
 * The tasks as a list: the accessible view of the pipeline, in build order.
 *
 * Rows have one height, and in a long list only those in view are drawn.
 */
import { runIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { TaskState } from '../taskstate';
import { Flaw, Mark } from '../components/mark';

export interface ITaskRow {
  readonly name: string;
  readonly state: TaskState;
  readonly word: string;
  readonly title: string;
  readonly runnable: boolean;
  /** Is it known that it will fail? */
  readonly flawed: boolean;
}

export interface ITaskListProps {
  readonly label: string;
  readonly rows: readonly ITaskRow[];
  readonly selected: string | null;
  readonly runTitle: (name: string) => string;
  readonly onSelect: (name: string | null) => void;
  readonly onOpen: (name: string) => void;
  readonly onRun: (name: string) => void;
}

const ROW_HEIGHT = 26;
/** Rows drawn above and below what is in view. */
const SPARE = 10;

export function TaskList(props: ITaskListProps): React.JSX.Element {
  const { rows, selected, onSelect } = props;
  const box = React.useRef<HTMLDivElement>(null);
  const [range, setRange] = React.useState<readonly [number, number]>([0, 60]);

  const measure = React.useCallback((): void => {
    const node = box.current;
    if (node !== null) {
      const first = Math.max(0, Math.floor(node.scrollTop / ROW_HEIGHT) - SPARE);
      const last = Math.ceil((node.scrollTop + node.clientHeight) / ROW_HEIGHT) + SPARE;
      setRange(old => (old[0] === first && old[1] === last ? old : [first, last]));
    }
  }, []);

  React.useLayoutEffect(() => {
    const node = box.current;
    if (node === null) {
      return undefined;
    }
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    return () => {
      observer.disconnect();
    };
  }, [measure]);

  const at = rows.findIndex(row => row.name === selected);
  React.useEffect(() => {
    const node = box.current;
    if (node === null || at < 0) {
      return;
    }
    const top = at * ROW_HEIGHT;
    if (top < node.scrollTop) {
      node.scrollTop = top;
    } else if (top + ROW_HEIGHT > node.scrollTop + node.clientHeight) {
      node.scrollTop = top + ROW_HEIGHT - node.clientHeight;
    }
    // Only a new selection scrolls; the user may then look elsewhere.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [selected]);

  const go = (to: number): void => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, to))];
    if (row !== undefined) {
      onSelect(row.name);
      // After it is scrolled to and drawn.
      requestAnimationFrame(() => {
        box.current
          ?.querySelector<HTMLElement>(`[data-cauce-task="${CSS.escape(row.name)}"]`)
          ?.focus();
      });
    }
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Escape' && selected !== null) {
      onSelect(null);
      event.stopPropagation();
      return;
    }
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / ROW_HEIGHT) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowUp: -1,
      ArrowDown: 1,
      PageUp: -page,
      PageDown: page,
      Home: -rows.length,
      End: rows.length
    };
    const step = steps[event.key];
    if (step !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      go(Math.max(at, 0) + step);
      event.preventDefault();
      event.stopPropagation();
    }
  };

  const [first, last] = range;
  const tabStop = Math.max(at, 0);
  return (
    <div
      className="jp-cauce-List"
      ref={box}
      role="grid"
      aria-label={props.label}
      aria-rowcount={rows.length}
      onScroll={measure}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" style={{ height: rows.length * ROW_HEIGHT, position: 'relative' }}>
        {rows.map((row, i) =>
          // The row that Tab leads to is always there.
          (i >= first && i < last) || i === tabStop ? (
            <Row
              key={row.name}
              {...row}
              index={i}
              selected={i === at}
              tabStop={i === tabStop}
              runTitle={props.runTitle(row.name)}
              onSelect={onSelect}
              onOpen={props.onOpen}
              onRun={props.onRun}
            />
          ) : null
        )}
      </div>
    </div>
  );
}

const Row = React.memo(function Row(
  props: ITaskRow & {
    readonly index: number;
    readonly selected: boolean;
    readonly tabStop: boolean;
    readonly runTitle: string;
    readonly onSelect: (name: string) => void;
    readonly onOpen: (name: string) => void;
    readonly onRun: (name: string) => void;
  }
): React.JSX.Element {
  const { name, state, word, title } = props;
  return (
    <div
      className="jp-cauce-List-row"
      role="row"
      aria-rowindex={props.index + 1}
      aria-selected={props.selected}
      aria-label={title}
      aria-keyshortcuts="Enter R Shift+R"
      title={title}
      tabIndex={props.tabStop ? 0 : -1}
      data-cauce-task={name}
      data-state={state}
      style={{ top: props.index * ROW_HEIGHT, height: ROW_HEIGHT }}
      onClick={() => {
        props.onSelect(name);
      }}
      onFocus={() => {
        props.onSelect(name);
      }}
      onContextMenu={() => {
        props.onSelect(name);
      }}
      onDoubleClick={() => {
        props.onOpen(name);
      }}
    >
      <span role="gridcell" className="jp-cauce-List-name">
        <Mark state={state} />
        <Name name={name} />
        {props.flawed ? <Flaw /> : null}
      </span>
      <span role="gridcell" className="jp-cauce-List-word">
        {word}
      </span>
      <span role="gridcell" className="jp-cauce-List-action">
        <button
          type="button"
          className="jp-cauce-IconButton"
          tabIndex={-1}
          aria-disabled={!props.runnable}
          title={props.runTitle}
          aria-label={props.runTitle}
          onClick={event => {
            event.stopPropagation();
            if (props.runnable) {
              props.onRun(name);
            }
          }}
          onDoubleClick={event => {
            event.stopPropagation();
          }}
        >
          <runIcon.react tag="span" width="16px" height="16px" />
        </button>
      </span>
    </div>
  );
});

/** So many letters at the end of a name are never cut: there they differ. */
const TAIL = 8;

/** A name that is cut in its middle where it does not fit. */
function Name({ name }: { readonly name: string }): React.JSX.Element {
  const letters = Array.from(name);
  const head = Math.max(letters.length - TAIL, 0);
  return (
    <span className="jp-cauce-List-label">
      <span className="jp-cauce-List-labelHead">{letters.slice(0, head).join('')}</span>
      <span className="jp-cauce-List-labelTail">{letters.slice(head).join('')}</span>
    </span>
  );
}
