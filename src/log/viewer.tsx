/**
 * A log, however long: only the rows in sight are drawn. Follows its end until somebody scrolls up.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, caretUpIcon, copyIcon, searchIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton } from '../components/iconbutton';
import { MOST_MATCHES, pieces, RowIndex, type IMatch, type LogLines } from './lines';

export interface ILogViewerProps {
  readonly trans: TranslationBundle;
  readonly label: string;
  readonly lines: LogLines;
  /** `lines.version`: when to draw again. */
  readonly version: number;
  /** Does more come? */
  readonly live: boolean;
  readonly hasEarlier: boolean;
  readonly fetchingEarlier: boolean;
  readonly wrap: boolean;
  readonly onWrap: (wrap: boolean) => void;
  readonly onEarlier: () => void;
  readonly onCopy: (text: string) => void;
}

/** Where nothing can be measured, a row is that high and a character that wide. */
const FALLBACK = { row: 16, character: 7.2 };
/** Rows that are drawn beyond what is in sight. */
const BEYOND = 20;
/** So near to the beginning what was before is asked for. */
const NEAR_PX = 120;
const PADDING_PX = 16;

export function LogViewer(props: ILogViewerProps): React.JSX.Element {
  const { trans, lines, version, wrap, live } = props;
  const box = React.useRef<HTMLDivElement>(null);
  const probe = React.useRef<HTMLSpanElement>(null);
  const size = useMeasures(box, probe);
  const columns = wrap ? Math.max(8, Math.floor((size.width - PADDING_PX) / size.character)) : null;
  const rows = React.useMemo(() => new RowIndex(lines, columns), [lines, columns]);
  rows.update();
  const [top, setTop] = React.useState(0);
  const [following, setFollowing] = React.useState(true);
  const search = useSearch(lines, version);

  const scrollTo = (y: number): void => {
    if (box.current !== null) {
      box.current.scrollTop = y;
      setTop(box.current.scrollTop);
    }
  };
  const follow = (): void => {
    setFollowing(true);
    scrollTo(rows.length * size.row);
  };

  // What was in sight stays where it is when lines come before it, and when lines are broken otherwise.
  const anchor = React.useRef({ line: 0, first: lines.first });
  React.useLayoutEffect(() => {
    if (following) {
      scrollTo(rows.length * size.row);
    } else {
      const line = anchor.current.line + anchor.current.first - lines.first;
      const within = top % size.row;
      scrollTo(rows.rowOf(Math.max(0, line)) * size.row + within);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- when these change, and not when it is scrolled
  }, [version, columns, size.row, size.height, lines]);

  React.useLayoutEffect(() => {
    const y = box.current?.scrollTop ?? 0;
    anchor.current = { line: rows.at(Math.floor(y / size.row)).line, first: lines.first };
  });

  const from = Math.max(0, Math.floor(top / size.row) - BEYOND);
  const to = Math.min(rows.length, Math.ceil((top + size.height) / size.row) + BEYOND);

  const show = (match: IMatch | null): void => {
    if (match === null) {
      return;
    }
    setFollowing(false);
    const row = rows.rowOf(match.line);
    const y = row * size.row;
    if (y < top || y > top + size.height - 2 * size.row) {
      scrollTo(Math.max(0, y - size.height / 2));
    }
  };

  const marksByLine = search.byLine;
  const drawn: React.ReactNode[] = [];
  for (let i = from; i < to; i++) {
    const row = rows.at(i);
    const marks = marksByLine.get(row.line)?.map(match => ({
      ...match,
      current: match === search.current
    }));
    drawn.push(
      <div key={i} className="jp-cauce-Log-row" data-continued={row.continued || undefined}>
        {pieces(lines.raw(row.line), lines.style(row.line), row.from, row.to, marks).map(
          (piece, j) => (
            <span
              key={j}
              data-ansi={piece.colour ?? undefined}
              data-bold={piece.bold || undefined}
              data-mark={piece.mark ?? undefined}
            >
              {piece.text}
            </span>
          )
        )}
      </div>
    );
  }

  return (
    <div
      className="jp-cauce-Log"
      onKeyDown={event => {
        if ((event.ctrlKey || event.metaKey) && event.key === 'f') {
          event.preventDefault();
          event.stopPropagation();
          search.open();
        }
      }}
    >
      <div className="jp-cauce-Log-bar" role="toolbar" aria-label={trans.__('Log')}>
        <Toggle
          label={trans.__('Follow')}
          title={trans.__('Stay at the end as lines come')}
          on={following}
          onPress={() => {
            if (following) {
              setFollowing(false);
            } else {
              follow();
            }
          }}
        />
        <Toggle
          label={trans.__('Wrap')}
          title={trans.__('Break long lines')}
          on={wrap}
          onPress={() => {
            props.onWrap(!wrap);
          }}
        />
        <span className="jp-cauce-Log-count">{trans._n('%1 line', '%1 lines', lines.length)}</span>
        <IconButton
          icon={searchIcon}
          title={trans.__('Search in the log (Ctrl+F)')}
          expanded={search.shown}
          onPress={() => {
            if (search.shown) {
              search.close();
            } else {
              search.open();
            }
          }}
        />
        <IconButton
          icon={copyIcon}
          title={trans.__('Copy the log')}
          onPress={() => {
            props.onCopy(lines.whole());
          }}
        />
      </div>
      {search.shown ? (
        <div className="jp-cauce-Log-search" role="search">
          <input
            type="text"
            ref={search.field}
            className="jp-cauce-Log-field"
            aria-label={trans.__('Search in the log')}
            placeholder={trans.__('Search')}
            value={search.query}
            spellCheck={false}
            onChange={event => {
              show(search.ask(event.target.value));
            }}
            onKeyDown={event => {
              if (event.key === 'Enter') {
                show(search.step(event.shiftKey ? -1 : 1));
                event.preventDefault();
              } else if (event.key === 'Escape') {
                search.close();
                box.current?.focus();
                event.stopPropagation();
              }
            }}
          />
          <span className="jp-cauce-Log-found" role="status">
            {search.query === ''
              ? ''
              : search.count === 0
                ? trans.__('none')
                : search.count >= MOST_MATCHES
                  ? trans.__('%1 of many', search.at + 1)
                  : trans.__('%1 of %2', search.at + 1, search.count)}
          </span>
          <IconButton
            icon={caretUpIcon}
            title={trans.__('Previous (Shift+Enter)')}
            onPress={() => {
              show(search.step(-1));
            }}
          />
          <IconButton
            icon={caretDownIcon}
            title={trans.__('Next (Enter)')}
            onPress={() => {
              show(search.step(1));
            }}
          />
        </div>
      ) : null}
      {lines.dropped ? (
        <p className="jp-cauce-Log-note">
          {trans.__('Its beginning is too long ago to be shown.')}
        </p>
      ) : props.fetchingEarlier ? (
        <p className="jp-cauce-Log-note">{trans.__('Reading what was before…')}</p>
      ) : props.hasEarlier ? (
        <button type="button" className="jp-cauce-Link" onClick={props.onEarlier}>
          {trans.__('Show what was before')}
        </button>
      ) : null}
      <div
        ref={box}
        className="jp-cauce-Log-box jp-cauce-Terminal"
        role="log"
        // Each line would be read out: who wants that goes through them.
        aria-live="off"
        aria-label={props.label}
        aria-busy={live}
        tabIndex={0}
        data-wrap={wrap}
        onScroll={event => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          setTop(scrollTop);
          setFollowing(scrollTop + clientHeight >= scrollHeight - size.row);
          if (scrollTop < NEAR_PX && props.hasEarlier && !props.fetchingEarlier) {
            props.onEarlier();
          }
        }}
      >
        <div className="jp-cauce-Log-all" style={{ height: rows.length * size.row }}>
          <div className="jp-cauce-Log-rows" style={{ top: from * size.row }}>
            {drawn}
          </div>
          <span ref={probe} className="jp-cauce-Log-probe" aria-hidden="true">
            {'0'.repeat(40)}
          </span>
        </div>
      </div>
    </div>
  );
}

interface IMeasures {
  readonly row: number;
  readonly character: number;
  readonly width: number;
  readonly height: number;
}

/** How large the box, a row and a character are, followed. */
function useMeasures(
  box: React.RefObject<HTMLElement>,
  probe: React.RefObject<HTMLElement>
): IMeasures {
  const [measures, setMeasures] = React.useState<IMeasures>({ ...FALLBACK, width: 0, height: 0 });
  React.useLayoutEffect(() => {
    const node = box.current;
    const sample = probe.current;
    if (node === null || sample === null) {
      return undefined;
    }
    const measure = (): void => {
      const { width, height } = sample.getBoundingClientRect();
      const next = {
        row: height > 0 ? height : FALLBACK.row,
        character: width > 0 ? width / 40 : FALLBACK.character,
        width: node.clientWidth,
        height: node.clientHeight
      };
      setMeasures(last => (JSON.stringify(last) === JSON.stringify(next) ? last : next));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    observer.observe(sample);
    return () => {
      observer.disconnect();
    };
  }, [box, probe]);
  return measures;
}

interface ISearch {
  readonly shown: boolean;
  readonly query: string;
  readonly field: React.RefObject<HTMLInputElement>;
  readonly count: number;
  /** Which of them is the current one. */
  readonly at: number;
  readonly current: IMatch | null;
  readonly byLine: ReadonlyMap<number, readonly IMatch[]>;
  readonly open: () => void;
  readonly close: () => void;
  /** Look for something; the match to show. */
  readonly ask: (query: string) => IMatch | null;
  readonly step: (by: number) => IMatch | null;
}

function useSearch(lines: LogLines, version: number): ISearch {
  const [shown, setShown] = React.useState(false);
  const [query, setQuery] = React.useState('');
  // From the end: what went wrong is there.
  const [at, setAt] = React.useState(-1);
  const field = React.useRef<HTMLInputElement>(null);
  const asked = shown ? query : '';
  const matches = React.useMemo(
    () => lines.find(asked),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the lines change in place: the version tells
    [lines, version, asked]
  );
  const byLine = React.useMemo(() => {
    const found = new Map<number, IMatch[]>();
    for (const match of matches) {
      const there = found.get(match.line);
      if (there === undefined) {
        found.set(match.line, [match]);
      } else {
        there.push(match);
      }
    }
    return found;
  }, [matches]);
  const index =
    matches.length === 0 ? -1 : at < 0 || at >= matches.length ? matches.length - 1 : at;
  React.useEffect(() => {
    if (shown) {
      field.current?.focus();
      field.current?.select();
    }
  }, [shown]);
  return {
    shown,
    query,
    field,
    count: matches.length,
    at: index,
    current: matches[index] ?? null,
    byLine,
    open: () => {
      setShown(true);
      field.current?.focus();
      field.current?.select();
    },
    close: () => {
      setShown(false);
    },
    ask: text => {
      setQuery(text);
      setAt(-1);
      return lines.find(text).at(-1) ?? null;
    },
    step: by => {
      if (matches.length === 0) {
        return null;
      }
      const to = (index + by + matches.length) % matches.length;
      setAt(to);
      return matches[to] ?? null;
    }
  };
}

function Toggle(props: {
  readonly label: string;
  readonly title: string;
  readonly on: boolean;
  readonly onPress: () => void;
}): React.JSX.Element {
  return (
    <button
      type="button"
      className="jp-cauce-Toggle"
      aria-pressed={props.on}
      title={props.title}
      onClick={props.onPress}
    >
      {props.label}
    </button>
  );
}
