/**
 * The change of a text: old and new side by side where there is room for that, else one below the other.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { inOneColumn, sideBySide, tally, type ISide, type Line, type Row } from './sidebyside';

export interface ISideBySideProps {
  readonly trans: TranslationBundle;
  /** The change, as a unified diff. */
  readonly unified: string;
  /** What the old and the new text are: 'last success', 'now'. */
  readonly before: string;
  readonly after: string;
}

/** Pixels from which two columns can be read. */
const WIDE = 560;
/** So many lines are shown at first. */
const SHOWN = 300;

export function SideBySide(props: ISideBySideProps): React.JSX.Element {
  const { trans, unified } = props;
  const box = React.useRef<HTMLDivElement>(null);
  const wide = useIsWide(box);
  const [all, setAll] = React.useState(false);
  const rows = React.useMemo(() => sideBySide(unified), [unified]);
  const { removed, added } = React.useMemo(() => tally(rows), [rows]);
  const shown = all ? rows : rows.slice(0, SHOWN);
  const caption = [
    trans._n('%1 line removed', '%1 lines removed', removed),
    trans._n('%1 line added', '%1 lines added', added)
  ].join(', ');
  return (
    <div className="jp-cauce-SideBySide" ref={box} data-wide={wide}>
      <table className="jp-cauce-SideBySide-table">
        <caption>{caption}</caption>
        {wide ? <Columns {...props} rows={shown} /> : <Column {...props} rows={shown} />}
      </table>
      {shown.length < rows.length ? (
        <button
          type="button"
          className="jp-cauce-Link"
          onClick={() => {
            setAll(true);
          }}
        >
          {trans._n('Show %1 more line', 'Show %1 more lines', rows.length - shown.length)}
        </button>
      ) : null}
    </div>
  );
}

type TableProps = ISideBySideProps & { readonly rows: readonly Row[] };

function Columns({ trans, rows, before, after }: TableProps): React.JSX.Element {
  return (
    <>
      <colgroup>
        <col className="jp-cauce-SideBySide-numberColumn" />
        <col />
        <col className="jp-cauce-SideBySide-numberColumn" />
        <col />
      </colgroup>
      <thead>
        <tr>
          <th scope="col" colSpan={2}>
            {before}
          </th>
          <th scope="col" colSpan={2}>
            {after}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, i) =>
          row.kind === 'gap' ? (
            <Gap key={i} trans={trans} line={row.after} columns={4} />
          ) : (
            <tr key={i} data-change={row.kind}>
              <Side trans={trans} kind={'left' in row ? old(row.kind) : 'none'} side={left(row)} />
              <Side
                trans={trans}
                kind={'right' in row ? fresh(row.kind) : 'none'}
                side={right(row)}
              />
            </tr>
          )
        )}
      </tbody>
    </>
  );
}

function Column({ trans, rows, before, after }: TableProps): React.JSX.Element {
  const lines = React.useMemo(() => inOneColumn(rows), [rows]);
  return (
    <>
      <colgroup>
        <col className="jp-cauce-SideBySide-numberColumn" />
        <col />
      </colgroup>
      <thead>
        <tr>
          <th scope="col" colSpan={2}>
            {trans.__('%1 → %2', before, after)}
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line, i) =>
          line.kind === 'gap' ? (
            <Gap key={i} trans={trans} line={line.after} columns={2} />
          ) : (
            <tr key={i} data-change={line.kind}>
              <Side trans={trans} kind={line.kind} side={line.side} />
            </tr>
          )
        )}
      </tbody>
    </>
  );
}

function Gap(props: {
  readonly trans: TranslationBundle;
  readonly line: number;
  readonly columns: number;
}): React.JSX.Element {
  return (
    <tr className="jp-cauce-SideBySide-gap">
      <td colSpan={props.columns}>{props.trans.__('from line %1', props.line)}</td>
    </tr>
  );
}

type Kind = Exclude<Line['kind'], 'gap'> | 'none';

function old(kind: 'same' | 'changed' | 'removed' | 'added'): Kind {
  return kind === 'same' ? 'same' : 'removed';
}

function fresh(kind: 'same' | 'changed' | 'removed' | 'added'): Kind {
  return kind === 'same' ? 'same' : 'added';
}

function left(row: Exclude<Row, { kind: 'gap' }>): ISide | null {
  return 'left' in row ? row.left : null;
}

function right(row: Exclude<Row, { kind: 'gap' }>): ISide | null {
  return 'right' in row ? row.right : null;
}

/** The number of a line, and the line: what was added or removed is told by a sign as well. */
function Side(props: {
  readonly trans: TranslationBundle;
  readonly kind: Kind;
  readonly side: ISide | null;
}): React.JSX.Element {
  const { trans, kind, side } = props;
  if (side === null) {
    return <td colSpan={2} className="jp-cauce-SideBySide-none" />;
  }
  return (
    <>
      <td className="jp-cauce-SideBySide-number" data-diff={kind}>
        {side.number}
      </td>
      <td className="jp-cauce-SideBySide-text" data-diff={kind}>
        {kind === 'removed' ? (
          <span className="jp-cauce-mod-unseen">{trans.__('removed:')}</span>
        ) : null}
        {kind === 'added' ? (
          <span className="jp-cauce-mod-unseen">{trans.__('added:')}</span>
        ) : null}
        {marked(side)}
      </td>
    </>
  );
}

function marked({ text, marks }: ISide): React.ReactNode {
  return marks.length === 0
    ? text
    : marks.map(({ from, to }, i) => (
        <React.Fragment key={from}>
          {text.slice(marks[i - 1]?.to ?? 0, from)}
          <span className="jp-cauce-SideBySide-word">{text.slice(from, to)}</span>
          {i === marks.length - 1 ? text.slice(to) : null}
        </React.Fragment>
      ));
}

/** Is there room for two columns? */
function useIsWide(box: React.RefObject<HTMLElement>): boolean {
  const [wide, setWide] = React.useState(false);
  React.useLayoutEffect(() => {
    const node = box.current;
    if (node === null) {
      return undefined;
    }
    const look = (): void => {
      setWide(node.clientWidth >= WIDE);
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(node);
    return () => {
      observer.disconnect();
    };
  }, [box]);
  return wide;
}
