/**
 * The grid tasks × runs, newest run first. Only what is in view is drawn, and the place that Tab leads to.
 *
 * Rows and columns are counted with the line of runs above and the names at the side: [0, 0] is the
 * corner, [0, 1] the newest run, [1, 0] the first task.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ShortName } from '../components/name';
import type { Run } from '../contract';
import { duration, moment, runWords } from '../words';
import { stepTo, tookOf, type IMatrix, type IMatrixRow } from './matrix';
import { rangeOf, useView, type Range } from './range';
import { SignMark } from './sign';
import { dayLabel, endingWord, runWord, signOf } from './words';

export interface IGridProps {
  readonly trans: TranslationBundle;
  readonly matrix: IMatrix;
  /** Run → task → seconds. */
  readonly durations: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** The selected task and the chosen run. */
  readonly task: string | null;
  readonly run: string | null;
  /** Are there older runs? */
  readonly more: boolean;
  /** Seconds since the epoch. */
  readonly now: number;
  readonly onTask: (task: string) => void;
  readonly onRun: (run: string) => void;
  readonly onOpen: (run: string) => void;
  readonly onMore: () => void;
  /** Go to where one says what to look for. */
  readonly onFind: () => void;
}

const ROW = 24;
const COLUMN = 24;
const HEAD = 62;
/** The tallest bar of the line of runs. */
const BAR = 26;
/** So near to the end older runs are fetched. */
const NEAR = 4 * COLUMN;

type Place = readonly [row: number, column: number];

export function Grid(props: IGridProps): React.JSX.Element {
  const { trans, matrix, task, run, more, onMore } = props;
  const { rows, runs } = matrix;
  const box = React.useRef<HTMLDivElement>(null);
  const [view, onScroll] = useView(box, ROW);
  const [place, setPlace] = React.useState<Place>([0, Math.min(1, runs.length)]);
  const names = Math.round(Math.max(84, Math.min(220, view.width * 0.38)));
  const size: Place = [rows.length + 1, runs.length + 1];
  const at: Place = [Math.min(place[0], size[0] - 1), Math.min(place[1], size[1] - 1)];
  const rowRange = rangeOf(view.top, Math.max(0, view.height - HEAD), ROW, rows.length);
  const columnRange = rangeOf(view.left, Math.max(0, view.width - names), COLUMN, runs.length);

  const width = names + runs.length * COLUMN;
  const nearEnd = view.left + view.width >= width - NEAR;
  React.useEffect(() => {
    if (more && nearEnd) {
      onMore();
    }
  }, [more, nearEnd, runs.length, onMore]);

  /** Bring a place into view: the names and the line of runs cover what is below them. */
  const reveal = (to: Place): void => {
    const node = box.current;
    if (node === null) {
      return;
    }
    if (to[0] > 0) {
      const top = (to[0] - 1) * ROW;
      node.scrollTop = Math.min(node.scrollTop, top);
      node.scrollTop = Math.max(node.scrollTop, top + ROW + HEAD - node.clientHeight);
    }
    if (to[1] > 0) {
      const left = (to[1] - 1) * COLUMN;
      node.scrollLeft = Math.min(node.scrollLeft, left);
      node.scrollLeft = Math.max(node.scrollLeft, left + COLUMN + names - node.clientWidth);
    }
  };
  const visit = (to: Place): void => {
    setPlace(to);
    const [toTask, toRun] = [rows[to[0] - 1], runs[to[1] - 1]];
    if (toTask !== undefined) {
      props.onTask(toTask.task);
    }
    if (toRun !== undefined) {
      props.onRun(toRun.id);
    }
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.altKey || event.metaKey) {
      return;
    }
    const chosen = runs[at[1] - 1];
    if ((event.key === 'Enter' || event.key === ' ') && chosen !== undefined) {
      props.onOpen(chosen.id);
    } else if (event.key === '/' && !event.ctrlKey) {
      props.onFind();
    } else {
      const page = Math.max(1, Math.floor((view.height - HEAD) / ROW) - 2);
      const to = stepTo(event.key, at, size, page, event.ctrlKey);
      if (to === null) {
        return;
      }
      reveal(to);
      visit(to);
      // After it is drawn.
      requestAnimationFrame(() => {
        box.current
          ?.querySelector<HTMLElement>(`[data-cauce-place="${to.join(' ')}"]`)
          ?.focus({ preventScroll: true });
      });
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const onClick = (event: React.MouseEvent): void => {
    const to = placeOf(event.target);
    if (to !== null) {
      visit(to);
      (event.target as Element).closest<HTMLElement>('[data-cauce-place]')?.focus();
    }
  };
  const onDoubleClick = (event: React.MouseEvent): void => {
    const chosen = runs[(placeOf(event.target)?.[1] ?? 0) - 1];
    if (chosen !== undefined) {
      props.onOpen(chosen.id);
    }
  };

  const dates = React.useMemo(() => runs.map(each => moment(each.started)), [runs]);
  const chosenColumn = runs.findIndex(each => each.id === run);
  const shownRows = indices(rowRange, at[0] - 1, rows.length);
  const shownColumns = indices(columnRange, at[1] - 1, runs.length);
  return (
    <div
      className="jp-cauce-Grid"
      ref={box}
      role="grid"
      aria-label={trans.__('Tasks by runs, the newest run first')}
      aria-rowcount={size[0]}
      aria-colcount={size[1]}
      aria-multiselectable={false}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
      onClick={onClick}
      onDoubleClick={onDoubleClick}
    >
      <div
        role="presentation"
        className="jp-cauce-Grid-sheet"
        style={{ width, height: HEAD + rows.length * ROW }}
      >
        <div role="row" aria-rowindex={1} className="jp-cauce-Grid-head" style={{ height: HEAD }}>
          <div
            role="columnheader"
            aria-colindex={1}
            className="jp-cauce-Grid-corner"
            style={{ width: names }}
            data-cauce-place="0 0"
            tabIndex={at[0] === 0 && at[1] === 0 ? 0 : -1}
          >
            {more ? trans.__('%1+ runs', runs.length) : trans._n('%1 run', '%1 runs', runs.length)}
          </div>
          {matrix.days.map(day =>
            day.first < columnRange[1] && day.first + day.count > columnRange[0] ? (
              <span
                key={day.first}
                className="jp-cauce-Grid-day"
                aria-hidden="true"
                style={{
                  left: names + day.first * COLUMN,
                  width: day.count * COLUMN,
                  // It stays in view while its runs do.
                  textIndent: Math.max(0, view.left - day.first * COLUMN)
                }}
              >
                {dayLabel(day.time, day.count)}
              </span>
            ) : null
          )}
          {shownColumns.map(i => {
            const each = runs[i];
            return each === undefined ? null : (
              <HeadCell
                key={each.id}
                trans={trans}
                run={each}
                column={i}
                left={names + i * COLUMN}
                height={barHeight(each, matrix.longest, props.now)}
                took={tookOf(each, props.now)}
                chosen={i === chosenColumn}
                tabStop={at[0] === 0 && at[1] === i + 1}
              />
            );
          })}
        </div>
        {shownRows.map(i => {
          const row = rows[i];
          return row === undefined ? null : (
            <GridRow
              key={row.task}
              trans={trans}
              row={row}
              index={i}
              names={names}
              runs={runs}
              dates={dates}
              first={columnRange[0]}
              last={columnRange[1]}
              durations={props.durations}
              selected={row.task === task}
              chosenColumn={chosenColumn}
              stop={at[0] === i + 1 ? at[1] : -1}
            />
          );
        })}
      </div>
    </div>
  );
}

/** What is in view, and what Tab leads to. */
function indices([first, last]: Range, stop: number, count: number): readonly number[] {
  const shown = Array.from({ length: last - first }, (_, i) => first + i);
  return stop < 0 || stop >= count || (stop >= first && stop < last) ? shown : [...shown, stop];
}

function placeOf(target: EventTarget): Place | null {
  const place =
    target instanceof Element
      ? target.closest<HTMLElement>('[data-cauce-place]')?.dataset.caucePlace?.split(' ')
      : undefined;
  return place === undefined ? null : [Number(place[0]), Number(place[1])];
}

function barHeight(run: Run, longest: number, now: number): number {
  return longest === 0 ? 3 : Math.max(3, Math.round((tookOf(run, now) / longest) * BAR));
}

/** Only the attempts of a run that was opened are known. */
const noCause = (): string => '';

const HeadCell = React.memo(function HeadCell(props: {
  readonly trans: TranslationBundle;
  readonly run: Run;
  readonly column: number;
  readonly left: number;
  readonly height: number;
  readonly took: number;
  readonly chosen: boolean;
  readonly tabStop: boolean;
}): React.JSX.Element {
  const { trans, run } = props;
  const words = runWords(trans, run, null, noCause);
  const title =
    run.state === 'ok'
      ? trans.__('Run of %1: %2', moment(run.started), words)
      : trans.__(
          'Run of %1: %2 in %3. %4',
          moment(run.started),
          runWord(trans, run.state),
          duration(trans, props.took),
          words
        );
  return (
    <div
      role="columnheader"
      aria-colindex={props.column + 2}
      aria-label={title}
      aria-selected={props.chosen}
      title={title}
      className="jp-cauce-Grid-run"
      data-state={signOf(run.state)}
      data-cauce-run={run.id}
      data-cauce-place={`0 ${String(props.column + 1)}`}
      tabIndex={props.tabStop ? 0 : -1}
      style={{ left: props.left, width: COLUMN }}
    >
      <span className="jp-cauce-Grid-bar" style={{ height: props.height }} />
      <SignMark ending={run.state} />
    </div>
  );
});

const GridRow = React.memo(function GridRow(props: {
  readonly trans: TranslationBundle;
  readonly row: IMatrixRow;
  readonly index: number;
  readonly names: number;
  readonly runs: readonly Run[];
  /** When they began, in words: making these is slow. */
  readonly dates: readonly string[];
  /** The columns in view; as numbers, so that a row that stays as it was is not drawn anew. */
  readonly first: number;
  readonly last: number;
  readonly durations: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly selected: boolean;
  readonly chosenColumn: number;
  /** The column that Tab leads to, counted with the names; -1 where it is in another row. */
  readonly stop: number;
}): React.JSX.Element {
  const { trans, row, index, names, runs, stop } = props;
  const { task } = row;
  const nameTitle = row.gone ? trans.__('%1, no longer in the pipeline', task) : task;
  const at = String(index + 1);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className="jp-cauce-Grid-row"
      data-selected={props.selected}
      data-gone={row.gone}
      style={{ top: HEAD + index * ROW, height: ROW }}
    >
      <div
        role="rowheader"
        aria-colindex={1}
        aria-label={nameTitle}
        aria-selected={props.selected}
        title={nameTitle}
        className="jp-cauce-Grid-name"
        data-cauce-place={`${at} 0`}
        tabIndex={stop === 0 ? 0 : -1}
        style={{ width: names }}
      >
        <ShortName name={task} />
      </div>
      {indices([props.first, props.last], stop - 1, runs.length).map(i => {
        const run = runs[i];
        if (run === undefined) {
          return null;
        }
        const ending = run.tasks[task];
        const took = props.durations[run.id]?.[task];
        const date = props.dates[i] ?? '';
        const title =
          ending === undefined
            ? trans.__('%1, run of %2: not part of it', task, date)
            : took === undefined
              ? trans.__('%1, run of %2: %3', task, date, endingWord(trans, ending))
              : trans.__(
                  '%1, run of %2: %3 in %4',
                  task,
                  date,
                  endingWord(trans, ending),
                  duration(trans, took)
                );
        return (
          <div
            key={run.id}
            role="gridcell"
            aria-colindex={i + 2}
            aria-label={title}
            aria-selected={props.selected && i === props.chosenColumn}
            title={title}
            className="jp-cauce-Grid-cell"
            data-chosen={i === props.chosenColumn}
            data-cauce-ending={ending ?? 'none'}
            data-cauce-place={`${at} ${String(i + 1)}`}
            tabIndex={stop === i + 1 ? 0 : -1}
            style={{ left: names + i * COLUMN, width: COLUMN }}
          >
            {ending === undefined ? null : <SignMark ending={ending} />}
          </div>
        );
      })}
    </div>
  );
});
