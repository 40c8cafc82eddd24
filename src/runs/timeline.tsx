/**
 * One run in time: a bar for each attempt, thin lines where a task waited, an axis of seconds.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ShortName } from '../components/name';
import type { RunDetail } from '../contract';
import { duration } from '../words';
import { ganttOf, ticksOf, type IBar, type IGantt } from './gantt';
import { rangeOf, useView } from './range';
import { SignMark } from './sign';
import { endingWord, signOf, tickLabel } from './words';

export interface ITimelineProps {
  readonly trans: TranslationBundle;
  readonly detail: RunDetail;
  readonly task: string | null;
  /** Seconds since the epoch. */
  readonly now: number;
  readonly onTask: (task: string) => void;
}

const ROW = 24;
const AXIS = 24;
/** Pixels that a mark of the axis takes with its words. */
const TICK = 58;

export function Timeline(props: ITimelineProps): React.JSX.Element {
  const { trans, detail, task, now } = props;
  const box = React.useRef<HTMLDivElement>(null);
  const [view, onScroll] = useView(box, ROW);
  const gantt = React.useMemo(() => ganttOf(detail, now), [detail, now]);
  const { bars } = gantt;
  const names = Math.round(Math.max(110, Math.min(220, view.width * 0.36)));
  const length = gantt.to - gantt.from;
  const ticks = ticksOf(length, Math.floor((view.width - names) / TICK));
  const at = Math.max(
    0,
    bars.findIndex(bar => bar.task === task)
  );
  const [first, last] = rangeOf(view.top, Math.max(0, view.height - AXIS), ROW, bars.length);

  const go = (to: number): void => {
    const bar = bars[Math.max(0, Math.min(bars.length - 1, to))];
    const node = box.current;
    if (bar === undefined || node === null) {
      return;
    }
    const top = bars.indexOf(bar) * ROW;
    node.scrollTop = Math.min(node.scrollTop, top);
    node.scrollTop = Math.max(node.scrollTop, top + ROW + AXIS - node.clientHeight);
    props.onTask(bar.task);
    requestAnimationFrame(() => {
      box.current
        ?.querySelector<HTMLElement>(`[data-cauce-bar="${CSS.escape(bar.task)}"]`)
        ?.focus({ preventScroll: true });
    });
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const page = Math.max(1, Math.floor((view.height - AXIS) / ROW) - 2);
    const steps: Readonly<Record<string, number>> = {
      ArrowUp: -1,
      ArrowDown: 1,
      PageUp: -page,
      PageDown: page,
      Home: -bars.length,
      End: bars.length
    };
    const step = steps[event.key];
    if (step !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      go(at + step);
      event.preventDefault();
      event.stopPropagation();
    }
  };
  const percent = (seconds: number): string =>
    `${String(length === 0 ? 0 : (seconds / length) * 100)}%`;
  return (
    <div className="jp-cauce-Timeline" ref={box} onScroll={onScroll}>
      <div className="jp-cauce-Timeline-axis" aria-hidden="true" style={{ height: AXIS }}>
        <div style={{ width: names }}>
          {bars.some(bar => bar.critical) ? (
            <span className="jp-cauce-Timeline-legend">{trans.__('critical path')}</span>
          ) : null}
        </div>
        <div className="jp-cauce-Timeline-ticks">
          {ticks.map(tick => (
            <span key={tick} style={{ left: percent(tick) }}>
              {tickLabel(trans, tick)}
            </span>
          ))}
        </div>
      </div>
      <div
        className="jp-cauce-Timeline-rows"
        role="listbox"
        aria-label={trans.__('Tasks of the run in time')}
        style={{ height: bars.length * ROW }}
        onKeyDown={onKeyDown}
      >
        {bars.map((bar, i) =>
          (i >= first && i < last) || i === at ? (
            <BarRow
              key={bar.task}
              trans={trans}
              bar={bar}
              gantt={gantt}
              names={names}
              index={i}
              count={bars.length}
              ticks={ticks}
              selected={bar.task === task}
              tabStop={i === at}
              onTask={props.onTask}
            />
          ) : null
        )}
      </div>
    </div>
  );
}

function BarRow(props: {
  readonly trans: TranslationBundle;
  readonly bar: IBar;
  readonly gantt: IGantt;
  readonly names: number;
  readonly index: number;
  readonly count: number;
  readonly ticks: readonly number[];
  readonly selected: boolean;
  readonly tabStop: boolean;
  readonly onTask: (task: string) => void;
}): React.JSX.Element {
  const { trans, bar, gantt } = props;
  const length = gantt.to - gantt.from;
  const percent = (seconds: number): string =>
    `${String(length === 0 ? 0 : (seconds / length) * 100)}%`;
  const title = barWords(trans, bar, gantt.from);
  return (
    <div
      role="option"
      aria-selected={props.selected}
      aria-label={title}
      aria-posinset={props.index + 1}
      aria-setsize={props.count}
      title={title}
      className="jp-cauce-Timeline-row"
      data-cauce-bar={bar.task}
      data-critical={bar.critical}
      tabIndex={props.tabStop ? 0 : -1}
      style={{ top: props.index * ROW, height: ROW }}
      onClick={() => {
        props.onTask(bar.task);
      }}
      onFocus={() => {
        props.onTask(bar.task);
      }}
    >
      <div className="jp-cauce-Timeline-name" style={{ width: props.names }}>
        <SignMark ending={bar.ending} />
        <ShortName name={bar.task} />
      </div>
      <div className="jp-cauce-Timeline-track">
        {props.ticks.map(tick => (
          <span key={tick} className="jp-cauce-Timeline-line" style={{ left: percent(tick) }} />
        ))}
        {bar.spans.map((span, i) => (
          <span
            key={i}
            className="jp-cauce-Timeline-span"
            data-kind={span.kind}
            data-state={span.outcome === null ? undefined : signOf(span.outcome)}
            style={{
              left: percent(span.from - gantt.from),
              width: percent(span.to - span.from)
            }}
          />
        ))}
        {bar.spans.length === 0 ? (
          <span className="jp-cauce-Timeline-word">{endingWord(trans, bar.ending)}</span>
        ) : null}
      </div>
    </div>
  );
}

/** All that a bar shows, in words. */
function barWords(trans: TranslationBundle, bar: IBar, from: number): string {
  const ran = bar.spans.filter(span => span.kind === 'ran');
  const [first, last] = [ran[0], ran.at(-1)];
  const word = endingWord(trans, bar.ending);
  const said =
    first === undefined || last === undefined
      ? trans.__('%1: %2', bar.task, word)
      : trans.__(
          '%1: %2, began after %3, took %4',
          bar.task,
          word,
          duration(trans, first.from - from),
          duration(trans, last.to - first.from)
        );
  return [
    said,
    bar.attempts > 1 ? trans._n('%1 attempt', '%1 attempts', bar.attempts) : '',
    bar.critical ? trans.__('on the critical path') : '',
    bar.cause
  ]
    .filter(part => part !== '')
    .join('. ');
}
