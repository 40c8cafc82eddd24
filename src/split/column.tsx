/**
 * The notebook's cells, by the task that they become part of, with the cuts between them.
 *
 * To assistive technology it is a tree: tasks, and in them cells; one stop for Tab. Rows are as high as
 * their text: the browser leaves out those that are not in sight (`content-visibility`), and each is drawn
 * again only when it changes.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, cutIcon, editIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton } from '../components/iconbutton';
import { ShortName } from '../components/name';
import { NameField } from '../components/namefield';
import { Severity } from './severity';
import type { SplitCell, SplitRemark } from '../contract';
import { Code, type Paint } from './code';
import { roomFor } from './edits';
import { foldedText, type ISection } from './sections';
import { Sign } from './sign';
import { signOf } from './signs';
import { cellsWord } from './splitwords';
import { useCutDrag } from './usecutdrag';
import { keyOf, rowOf, rowsOf, walk, type Row, type Step } from './walk';

/** A row to go to; another one each time. */
export interface IGoal {
  readonly row: string;
  readonly focus: boolean;
}

export interface IColumnProps {
  readonly trans: TranslationBundle;
  readonly sections: readonly ISection[];
  /** The number of the task that is selected; -1 for none. */
  readonly selected: number;
  /** The worst that is said of each cell. */
  readonly remarks: ReadonlyMap<number, SplitRemark['severity']>;
  readonly goal: IGoal | null;
  readonly paint: Paint | null;
  readonly onSelect: (section: number) => void;
  readonly onSplit: (cell: number) => void;
  readonly onJoin: (first: number) => void;
  readonly onMove: (from: number, to: number) => void;
  readonly onRename: (task: number, name: string) => void;
  readonly onRemarks: (cell: number) => void;
}

interface ICalls {
  readonly onFocus: (row: Row) => void;
  readonly onPress: (row: Row) => void;
  readonly onStep: (step: Step) => void;
  readonly onName: (section: number, name: string | null) => void;
  readonly onGrip: (cell: number, event: React.PointerEvent) => void;
  readonly onRemarks: (cell: number) => void;
}

export function Column(props: IColumnProps): React.JSX.Element {
  const { trans, sections, selected, remarks, goal, paint } = props;
  const box = React.useRef<HTMLDivElement>(null);
  const rows = React.useMemo(() => rowsOf(sections), [sections]);
  const [wanted, setWanted] = React.useState<string | null>(null);
  const [renamed, setRenamed] = React.useState<number | null>(null);
  const [unfolded, setUnfolded] = React.useState<ReadonlySet<number>>(new Set());
  const active = rowOf(rows, wanted);
  const latest = React.useRef({ props, rows });
  latest.current = { props, rows };

  /** Go to a row. Is it there? */
  const focusRow = (key: string): boolean => {
    const row = box.current?.querySelector<HTMLElement>(`[data-cauce-row="${key}"]`);
    row?.scrollIntoView({ block: 'nearest' });
    row?.focus({ preventScroll: true });
    return row != null;
  };

  const drag = useCutDrag({
    box,
    room: cell =>
      roomFor(
        sections.map(({ first }) => first),
        sections.at(-1)?.end ?? 0,
        cell
      ),
    onMove: (from, to) => {
      setWanted(`h${String(to)}`);
      props.onMove(from, to);
    }
  });

  const calls = React.useMemo((): ICalls => {
    const now = (): IColumnProps => latest.current.props;
    return {
      onFocus: row => {
        refocus.current = null; // wherever one went meanwhile, one stays
        setWanted(keyOf(row));
      },
      onPress: row => {
        setWanted(keyOf(row));
        now().onSelect(row.section);
      },
      onStep: step => {
        switch (step.do) {
          case 'go':
            setWanted(keyOf(step.row));
            focusRow(keyOf(step.row));
            break;
          case 'split':
            setWanted(`c${String(step.cell)}`);
            now().onSplit(step.cell);
            break;
          case 'join':
            setWanted(`c${String(step.first)}`);
            refocus.current = `c${String(step.first)}`;
            now().onJoin(step.first);
            break;
          case 'move':
            setWanted(`h${String(step.to)}`);
            refocus.current = `h${String(step.to)}`;
            now().onMove(step.from, step.to);
            break;
          case 'rename':
            setWanted(`h${String(now().sections[step.section]?.first ?? 0)}`);
            setRenamed(step.section);
            break;
          case 'fold':
            setUnfolded(old => {
              const next = new Set(old);
              if (step.folded) {
                next.delete(step.cell);
              } else {
                next.add(step.cell);
              }
              return next;
            });
        }
      },
      onName: (section, name) => {
        setRenamed(null);
        const found = now().sections[section];
        refocus.current = `h${String(found?.first ?? 0)}`;
        if (name !== null && found !== undefined) {
          now().onRename(found.key, name);
        }
      },
      onGrip: drag.begin,
      onRemarks: cell => {
        now().onRemarks(cell);
      }
    };
  }, [drag.begin]);

  // The row with the focus may be another element after an edit, and is not there before the model has told.
  const refocus = React.useRef<string | null>(null);
  const within = React.useRef(false);
  React.useLayoutEffect(() => {
    if (refocus.current !== null) {
      if (focusRow(refocus.current)) {
        refocus.current = null;
      }
    } else if (within.current && document.activeElement === document.body && active !== null) {
      focusRow(keyOf(active)); // the row that had it is no more
    }
  });

  React.useEffect(() => {
    if (goal !== null) {
      const row = box.current?.querySelector<HTMLElement>(`[data-cauce-row="${goal.row}"]`);
      // A task is shown from its beginning, a cell wherever there is room.
      row?.scrollIntoView({ block: goal.row.startsWith('h') ? 'start' : 'center' });
      setWanted(goal.row);
      if (goal.focus) {
        row?.focus({ preventScroll: true });
      }
    }
  }, [goal]);

  return (
    <div className="jp-cauce-SplitColumn">
      <div
        className="jp-cauce-SplitColumn-box"
        ref={box}
        role="tree"
        aria-label={trans.__('Cells of the notebook, by task')}
        data-dragging={drag.to !== null}
        onFocus={() => {
          within.current = true;
        }}
        onBlur={event => {
          // Nothing takes over from a row that is taken away.
          if (event.relatedTarget !== null && !event.currentTarget.contains(event.relatedTarget)) {
            within.current = false;
          }
        }}
        onKeyDown={event => {
          const { target } = event;
          if (!(target instanceof HTMLElement) || target.getAttribute('role') !== 'treeitem') {
            return; // a button or a field within a row
          }
          const at = rowOf(rows, target.dataset.cauceRow ?? null);
          const pressed = {
            key: event.key,
            accel: event.ctrlKey || event.metaKey,
            alt: event.altKey
          };
          const step = at === null ? null : walk(pressed, at, rows, sections);
          if (step !== null) {
            event.preventDefault();
            event.stopPropagation();
            calls.onStep(step);
          }
        }}
      >
        {sections.map((section, place) => (
          <div
            key={section.first}
            className="jp-cauce-SplitSection"
            role="none"
            data-tint={signOf(section.task).tint}
            data-selected={section.task === selected}
          >
            <HeadRow
              trans={trans}
              section={place}
              task={section.task}
              first={section.first}
              name={section.name}
              coded={section.coded || sections.length === 1}
              count={section.cells.length}
              active={active?.kind === 'head' && active.cell === section.first}
              selected={section.task === selected}
              renamed={renamed === place}
              drop={drag.to === section.first}
              calls={calls}
            />
            {section.cells.map(cell => (
              <CellRow
                key={cell.number}
                trans={trans}
                cell={cell}
                section={place}
                begins={cell.number === section.first}
                active={active?.kind === 'cell' && active.cell === cell.number}
                folded={!unfolded.has(cell.number)}
                remark={remarks.get(cell.number) ?? null}
                drop={drag.to === cell.number && cell.number !== section.first}
                paint={paint}
                calls={calls}
              />
            ))}
          </div>
        ))}
      </div>
      <p className="jp-cauce-SplitColumn-keys">
        {trans.__('Enter: a task begins here · Delete: join · Alt+↑↓: move the cut · F2: rename')}
      </p>
    </div>
  );
}

interface IHeadRowProps {
  readonly trans: TranslationBundle;
  /** Its place among the sections. */
  readonly section: number;
  /** The number of its task. */
  readonly task: number;
  readonly first: number;
  readonly name: string;
  readonly coded: boolean;
  readonly count: number;
  readonly active: boolean;
  readonly selected: boolean;
  readonly renamed: boolean;
  readonly drop: boolean;
  readonly calls: ICalls;
}

const HeadRow = React.memo(function HeadRow(props: IHeadRowProps): React.JSX.Element {
  const { trans, section, task, first, name, coded, count, active, calls } = props;
  const row: Row = { kind: 'head', section, cell: first };
  const shown = !coded
    ? trans.__('(no code: part of another task)')
    : name === ''
      ? trans.__('(to be named)')
      : name;
  const tabIndex = active ? 0 : -1;
  return (
    <div
      className="jp-cauce-SplitHead"
      role="treeitem"
      aria-level={1}
      aria-expanded={true}
      aria-selected={props.selected}
      aria-label={trans.__('Task %1, %2, %3', task + 1, shown, cellsWord(trans, count))}
      tabIndex={tabIndex}
      data-cauce-row={keyOf(row)}
      data-cauce-first={first}
      data-coded={coded}
      data-drop={props.drop}
      onFocus={event => {
        if (event.target === event.currentTarget) {
          calls.onFocus(row);
        }
      }}
      onClick={() => {
        calls.onPress(row);
      }}
      onDoubleClick={() => {
        calls.onStep({ do: 'rename', section });
      }}
    >
      <span
        className="jp-cauce-SplitHead-grip"
        title={section === 0 ? undefined : trans.__('Drag to where the task is to begin')}
        data-fixed={section === 0}
        aria-hidden="true"
        onPointerDown={event => {
          if (section > 0) {
            calls.onGrip(first, event);
          }
        }}
      >
        <Sign section={task} />
      </span>
      {props.renamed ? (
        <NameField
          label={trans.__('Name of task %1', task + 1)}
          name={name}
          onDone={value => {
            calls.onName(section, value);
          }}
        />
      ) : (
        <span className="jp-cauce-SplitHead-name" title={shown}>
          <ShortName name={shown} />
        </span>
      )}
      <span className="jp-cauce-SplitHead-count" aria-hidden="true">
        {cellsWord(trans, count)}
      </span>
      <IconButton
        icon={editIcon}
        size={13}
        tabIndex={tabIndex}
        title={trans.__('Rename (F2)')}
        label={trans.__('Rename %1', shown)}
        onPress={event => {
          event.stopPropagation();
          calls.onStep({ do: 'rename', section });
        }}
      />
      {section === 0 ? (
        <span className="jp-cauce-SplitHead-none" />
      ) : (
        <IconButton
          icon={closeIcon}
          size={13}
          tabIndex={tabIndex}
          title={trans.__('Join to the task above (Delete)')}
          label={trans.__('Join %1 to the task above', shown)}
          onPress={event => {
            event.stopPropagation();
            calls.onStep({ do: 'join', first });
          }}
        />
      )}
    </div>
  );
});

interface ICellRowProps {
  readonly trans: TranslationBundle;
  readonly cell: SplitCell;
  readonly section: number;
  /** Does its section begin with it? */
  readonly begins: boolean;
  readonly active: boolean;
  readonly folded: boolean;
  readonly remark: SplitRemark['severity'] | null;
  readonly drop: boolean;
  readonly paint: Paint | null;
  readonly calls: ICalls;
}

const LINE = 17;

const CellRow = React.memo(function CellRow(props: ICellRowProps): React.JSX.Element {
  const { trans, cell, section, begins, active, remark, calls } = props;
  const { number, kind } = cell;
  const row: Row = { kind: 'cell', section, cell: number };
  const shown = foldedText(cell.text);
  const folded = props.folded && shown.left > 0;
  const text = folded ? shown.text : cell.text;
  const [line = ''] = cell.text.trimStart().split('\n');
  const lines = text.split('\n').length + (shown.left > 0 ? 1 : 0);
  return (
    <div
      className="jp-cauce-SplitCell"
      role="treeitem"
      aria-level={2}
      aria-selected={false}
      aria-label={
        kind === 'code'
          ? trans.__('Cell %1, code: %2', number + 1, line)
          : trans.__('Cell %1, text: %2', number + 1, line)
      }
      tabIndex={active ? 0 : -1}
      data-cauce-row={keyOf(row)}
      data-cauce-cell={number}
      data-kind={kind}
      data-heading={cell.heading ?? undefined}
      data-drop={props.drop}
      style={{ containIntrinsicHeight: `auto ${String(lines * LINE + 13)}px` }}
      onFocus={event => {
        if (event.target === event.currentTarget) {
          calls.onFocus(row);
        }
      }}
      onClick={() => {
        calls.onPress(row);
      }}
    >
      <span className="jp-cauce-SplitCell-number" aria-hidden="true">
        {number + 1}
      </span>
      <div className="jp-cauce-SplitCell-text">
        {cell.text.trim() === '' ? (
          <span className="jp-cauce-mod-dim">{trans.__('(empty)')}</span>
        ) : (
          <Code
            text={text}
            language={kind === 'code' ? 'text/x-ipython' : ''}
            paint={props.paint}
          />
        )}
        {shown.left === 0 ? null : (
          <button
            type="button"
            className="jp-cauce-Link"
            tabIndex={active ? 0 : -1}
            aria-expanded={!folded}
            onClick={event => {
              event.stopPropagation();
              calls.onStep({ do: 'fold', cell: number, folded: !folded });
            }}
          >
            {folded
              ? trans._n('%1 more line', '%1 more lines', shown.left)
              : trans.__('Show fewer')}
          </button>
        )}
      </div>
      {remark === null ? null : (
        <button
          type="button"
          className="jp-cauce-IconButton jp-cauce-SplitCell-remark"
          tabIndex={active ? 0 : -1}
          title={trans.__('Show what is said of this cell')}
          aria-label={trans.__('Show what is said of cell %1', number + 1)}
          onClick={event => {
            event.stopPropagation();
            calls.onRemarks(number);
          }}
        >
          <Severity severity={remark} />
        </button>
      )}
      {begins ? null : (
        <button
          type="button"
          className="jp-cauce-SplitCell-cut"
          tabIndex={active ? 0 : -1}
          title={trans.__('A task begins here (Enter)')}
          aria-label={trans.__('A task begins at cell %1', number + 1)}
          onClick={event => {
            event.stopPropagation();
            calls.onStep({ do: 'split', cell: number });
          }}
        >
          <span>
            <cutIcon.react tag="span" width="12px" height="12px" />
            {trans.__('Split here')}
          </span>
        </button>
      )}
    </div>
  );
});
