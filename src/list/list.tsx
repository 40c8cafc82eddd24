/**
 * The tasks as a list: the accessible view of the pipeline.
 *
 * To assistive technology it is a tree. JupyterLab's own, `TreeView` of @jupyter/react-components, draws
 * every item and places them itself; a thousand tasks need rows that are drawn only while in view, and
 * arcs need to know where rows are. So this one is our own: rows of one height, one of which is the stop
 * for Tab and always drawn, and with it the focus.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { gutterWidth } from './arcs';
import { arrange, rowEdges, rowsOf, type IArrangement, type IListed, type Place } from './arrange';
import type { IColumns } from './columns';
import { Gutter } from './gutter';
import { lanes as lanesOf, type ILanes, type RowEdge } from './lanes';
import { NoMatch } from './nomatch';
import { neighbours, reached, type Links } from '../related';
import {
  GroupRow,
  TaskRow,
  type IGroupRowProps,
  type ITaskRow,
  type ITaskRowProps,
  type Pressed
} from './row';
import { tally } from './tally';
import { between, nearestRow, typeahead, walk, type Step } from './walk';
import { scrollToRow, useRowWindow } from './window';

export interface ITaskListProps {
  readonly trans: TranslationBundle;
  /** In build order. */
  readonly tasks: readonly (ITaskRow & IListed)[];
  /** Pairs of names: used, user. */
  readonly edges: Links<string>;
  readonly arrangement: IArrangement;
  readonly columns: IColumns;
  /** The selected tasks; details are told of the last. */
  readonly selection: readonly string[];
  /** Seconds since the epoch. */
  readonly now: number;
  readonly onSelect: (tasks: readonly string[]) => void;
  readonly onOpen: (name: string) => void;
  readonly onRun: (name: string) => void;
  readonly onFold: (folder: string) => void;
  /** Go to where one says what to look for. */
  readonly onFind: () => void;
  readonly onClearFilter: () => void;
}

type ICalls = Pick<ITaskRowProps, 'onPress' | 'onMenu' | 'onOpen' | 'onRun'> &
  Pick<IGroupRowProps, 'onFold'>;

const ROW_HEIGHT = 26;
/** Letters typed within that time belong together. */
const TYPING_MS = 900;

export function TaskList(props: ITaskListProps): React.JSX.Element {
  const { trans, tasks, edges, arrangement, columns, selection, onSelect } = props;
  const box = React.useRef<HTMLDivElement>(null);

  const places = React.useMemo(() => arrange(tasks, arrangement), [tasks, arrangement]);
  // Where nothing matches there is no box, and the next one is another.
  const [shown, measure] = useRowWindow(box, ROW_HEIGHT, places.length > 0);
  const rows = React.useMemo(() => rowsOf(places), [places]);
  const byName = React.useMemo(() => new Map(tasks.map(task => [task.name, task])), [tasks]);
  const ways = React.useMemo(
    () => ({ up: neighbours(edges, true), down: neighbours(edges) }),
    [edges]
  );
  const arcs = useArcs(places, rows, edges, columns.lanes);
  const gutter = gutterWidth(arcs.lanes.count, columns.pitch);

  // The row with the focus, or that gets it: by its key, for rows come and go.
  const [active, setActive] = React.useState<string | null>(null);
  const [anchor, setAnchor] = React.useState<string | null>(null);
  const [hovered, setHovered] = React.useState<string | null>(null);
  const selected = selection[selection.length - 1] ?? null;
  const last = React.useRef<{ readonly row: number; readonly folder: string | null }>({
    row: 0,
    folder: null
  });
  const rowOf = (key: string | null): number => places.findIndex(place => place.key === key);
  const known = rowOf(active);
  const row =
    known >= 0
      ? known
      : ((selected === null ? undefined : rows.get(selected)) ?? nearestRow(places, last.current));
  const place = places[row];

  const hasFocus = React.useRef(false);
  const wantsFocus = React.useRef(false);
  React.useLayoutEffect(() => {
    const folder = place?.kind === 'task' ? (byName.get(place.name)?.folder ?? null) : null;
    last.current = { row, folder };
    const node = box.current;
    if (node === null || place === undefined) {
      return;
    }
    // A row that had the focus and went away took it along: React tells of no blur then.
    const lost = hasFocus.current && !node.contains(document.activeElement);
    if (wantsFocus.current || lost) {
      scrollToRow(node, row, ROW_HEIGHT);
      wantsFocus.current = true; // it is ours to give: nothing is selected by that
      node
        .querySelector<HTMLElement>(`[data-cauce-row="${String(row)}"]`)
        ?.focus({ preventScroll: true });
      wantsFocus.current = false;
    }
  });

  // What was selected elsewhere comes into view; the user may then look away.
  const own = React.useRef(false);
  React.useEffect(() => {
    const to = selected === null ? undefined : rows.get(selected);
    const key = to === undefined ? undefined : places[to]?.key;
    if (!own.current && to !== undefined && key !== undefined && box.current !== null) {
      setActive(key);
      setAnchor(key);
      scrollToRow(box.current, to, ROW_HEIGHT);
    }
    own.current = false;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when the selection changes
  }, [selected]);

  const select = (names: readonly string[]): void => {
    own.current = names[names.length - 1] !== selected;
    onSelect(names);
  };
  const toggle = (at: number): void => {
    const names = between(places, at, at);
    const others = selection.filter(name => !names.includes(name));
    const all = names.every(name => selection.includes(name));
    select(all ? others : [...others, ...names]);
  };
  /** Go to a row as was asked for, and take the selection along. */
  const go = (to: number, how: Pressed | 'keep'): void => {
    const target = places[to];
    if (target === undefined) {
      return;
    }
    wantsFocus.current = true;
    setActive(target.key);
    if (how === 'extend') {
      const from = rowOf(anchor) < 0 ? row : rowOf(anchor);
      const names = between(places, from, to);
      // Where one came to is where the details are told of.
      select(to < from ? [...names].reverse() : names);
      if (rowOf(anchor) < 0) {
        setAnchor(places[from]?.key ?? null);
      }
      return;
    }
    if (how !== 'keep') {
      setAnchor(target.key);
    }
    if (how === 'toggle') {
      toggle(to);
    } else if (how === 'alone' && target.kind === 'task') {
      select([target.name]);
    }
  };

  const [typed, setTyped] = React.useState('');
  React.useEffect(() => {
    const timer = setTimeout(() => {
      setTyped('');
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [typed]);

  const take = (step: Step): void => {
    switch (step.do) {
      case 'go':
        go(step.row, step.extend ? 'extend' : step.keep ? 'keep' : 'alone');
        break;
      case 'toggle':
        setAnchor(place?.key ?? null);
        toggle(row);
        break;
      case 'fold':
        props.onFold(step.folder);
        break;
      case 'all':
        select([
          ...between(places, 0, places.length - 1).filter(name => name !== selected),
          ...(selected !== null && rows.has(selected) ? [selected] : [])
        ]);
        break;
      case 'clear':
        select([]);
        break;
      case 'find':
        props.onFind();
        break;
      case 'type': {
        const to = typeahead(places, row, step.text);
        setTyped(step.text);
        if (to !== null) {
          go(to, 'alone');
        }
      }
    }
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const step = walk(
      {
        key: event.key,
        shift: event.shiftKey,
        accel: event.ctrlKey || event.metaKey,
        alt: event.altKey
      },
      { places, active: row, page: shown.page, neighbours: ways, typed }
    );
    // Escape is left to others when there is nothing to clear.
    if (step === null || (step.do === 'clear' && selection.length === 0)) {
      return;
    }
    take(step);
    event.preventDefault();
    event.stopPropagation();
  };

  const looked = hovered !== null && rows.has(hovered) ? hovered : selected;
  const kin = React.useMemo(
    () =>
      looked === null
        ? null
        : { up: reached(ways.up, [looked]), down: reached(ways.down, [looked]) },
    [ways, looked]
  );
  const lit = React.useMemo(() => {
    const near: number[] = [];
    const far: number[] = [];
    const at = looked === null ? undefined : rows.get(looked);
    if (kin !== null && at !== undefined) {
      const toRows = (names: ReadonlySet<string>): ReadonlySet<number | undefined> =>
        new Set([...names].map(name => rows.get(name)));
      const [up, down] = [toRows(kin.up), toRows(kin.down)];
      arcs.edges.forEach(([from, to], i) => {
        if (from === at || to === at) {
          near.push(i);
        } else if ((up.has(from) && up.has(to)) || (down.has(from) && down.has(to))) {
          far.push(i);
        }
      });
    }
    return { near, far };
  }, [arcs, kin, looked, rows]);
  const chosen = React.useMemo(() => new Set(selection), [selection]);
  const minute = Math.floor(props.now / 60) * 60;

  // Rows that are drawn keep their functions, so that those which are as they were stay as they are.
  const latest = React.useRef<ICalls>(null as never);
  latest.current = {
    onPress: (to: number, how: Pressed) => {
      go(to, how);
    },
    onMenu: (to: number) => {
      const target = places[to];
      if (target?.kind === 'task' && !chosen.has(target.name)) {
        go(to, 'alone');
      }
    },
    onOpen: props.onOpen,
    onRun: (name: string) => {
      // What it prints is seen in its details.
      if (!chosen.has(name)) {
        select([name]);
      }
      props.onRun(name);
    },
    onFold: (to: number, folder: string) => {
      go(to, 'keep');
      props.onFold(folder);
    }
  };
  const calls = React.useMemo(
    (): ICalls => ({
      onPress: (to, how) => {
        latest.current.onPress(to, how);
      },
      onMenu: to => {
        latest.current.onMenu(to);
      },
      onOpen: name => {
        latest.current.onOpen(name);
      },
      onRun: name => {
        latest.current.onRun(name);
      },
      onFold: (to, folder) => {
        latest.current.onFold(to, folder);
      }
    }),
    []
  );

  const first = Math.min(shown.first, Math.max(0, places.length - 1));
  const end = Math.min(shown.last, places.length);
  const range = React.useMemo(() => [first, end] as const, [first, end]);
  // Ascending, so that React moves no row that has the focus.
  const drawn = [
    ...(row < first ? [row] : []),
    ...Array.from({ length: end - first }, (_, i) => first + i),
    ...(row >= end ? [row] : [])
  ];
  const draw = (each: Place | undefined, at: number): React.JSX.Element | null => {
    if (each === undefined) {
      return null;
    }
    const common = {
      trans,
      row: at,
      height: ROW_HEIGHT,
      gutter,
      size: columns.size,
      level: each.level,
      position: each.position,
      siblings: each.siblings,
      tabStop: at === row
    };
    if (each.kind === 'group') {
      const states = each.members.flatMap(name => byName.get(name) ?? []);
      return (
        <GroupRow
          key={each.key}
          {...common}
          folder={each.folder}
          tally={tally(states.map(({ state }) => state))}
          expanded={each.expanded}
          fixed={!arrangement.filter.empty}
          onFold={calls.onFold}
        />
      );
    }
    const task = byName.get(each.name);
    return task === undefined ? null : (
      <TaskRow
        key={each.key}
        {...common}
        {...task}
        selected={chosen.has(each.name)}
        typing={at === row && typed !== ''}
        kin={
          each.name === looked
            ? 'self'
            : kin?.up.has(each.name) === true
              ? 'up'
              : kin?.down.has(each.name) === true
                ? 'down'
                : ''
        }
        now={minute}
        onPress={calls.onPress}
        onMenu={calls.onMenu}
        onOpen={calls.onOpen}
        onRun={calls.onRun}
        onHover={setHovered}
      />
    );
  };

  if (places.length === 0) {
    return <NoMatch trans={trans} onClearFilter={props.onClearFilter} />;
  }
  return (
    <div
      className="jp-cauce-List"
      ref={box}
      role="tree"
      aria-label={trans.__('Tasks')}
      aria-multiselectable="true"
      data-size={columns.size}
      onScroll={measure}
      onKeyDown={onKeyDown}
      onFocus={event => {
        hasFocus.current = true;
        const target =
          places[Number(event.target.closest<HTMLElement>('[data-cauce-row]')?.dataset.cauceRow)];
        if (target !== undefined && !wantsFocus.current) {
          setActive(target.key);
          if (selection.length === 0 && target.kind === 'task') {
            select([target.name]);
          }
        }
      }}
      onBlur={event => {
        hasFocus.current = event.currentTarget.contains(event.relatedTarget);
      }}
    >
      <div
        role="presentation"
        className="jp-cauce-List-rows"
        style={{ height: places.length * ROW_HEIGHT }}
      >
        <Gutter
          {...arcs}
          {...lit}
          rowHeight={ROW_HEIGHT}
          width={gutter}
          pitch={columns.pitch}
          window={range}
        />
        {drawn.map(at => draw(places[at], at))}
      </div>
    </div>
  );
}

/** The edges between rows, and lanes for them: new only when the rows or the edges are. */
function useArcs(
  places: readonly Place[],
  rows: ReadonlyMap<string, number>,
  edges: Links<string>,
  most: number
): { readonly edges: readonly RowEdge[]; readonly lanes: ILanes } {
  // States change often, rows do not: the same rows have the same arcs.
  const order = places.map(place => place.key).join('\n');
  return React.useMemo(() => {
    const between = rowEdges(rows, edges);
    return { edges: between, lanes: lanesOf(between, most) };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `order` stands for the rows
  }, [order, edges, most]);
}
