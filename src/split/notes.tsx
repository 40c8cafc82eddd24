/**
 * What the user should know before the split is written, and ways out.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button } from '../components/button';
import { More } from '../components/more';
import type { SplitProposal, SplitRemark } from '../contract';
import { worstFirst } from './sections';
import { Severity } from './severity';
import { cellWord } from './splitwords';

const SHOWN = 50;

export interface INotesProps {
  readonly trans: TranslationBundle;
  readonly remarks: readonly SplitRemark[];
  /** What is said of this cell is marked; `null` for none. */
  readonly cell: number | null;
  readonly onGoTo: (cell: number) => void;
  readonly onFollow: (proposal: SplitProposal) => void;
}

export function Notes(props: INotesProps): React.JSX.Element {
  const { trans, remarks, cell } = props;
  const [all, setAll] = React.useState(false);
  const sorted = worstFirst(remarks);
  const marked = React.useRef<HTMLLIElement>(null);
  React.useEffect(() => {
    marked.current?.scrollIntoView({ block: 'nearest' });
  }, [cell]);
  if (remarks.length === 0) {
    return <p className="jp-cauce-mod-hint">{trans.__('Nothing stands in the way.')}</p>;
  }
  const words = {
    error: trans.__('Error'),
    warning: trans.__('Warning'),
    note: trans.__('Note')
  };
  const shown = all || cell !== null ? sorted : sorted.slice(0, SHOWN);
  const first = shown.findIndex(each => each.cell === cell);
  return (
    <div className="jp-cauce-SplitTab">
      <ul className="jp-cauce-SplitNotes">
        {shown.map((remark, i) => (
          <li
            key={`${remark.code} ${String(i)}`}
            ref={cell !== null && i === first ? marked : undefined}
            data-severity={remark.severity}
            data-marked={cell !== null && remark.cell === cell}
          >
            <Severity severity={remark.severity} />
            <div>
              <p>
                <span className="jp-cauce-SplitNotes-word">{words[remark.severity]}</span>{' '}
                {remark.message}
              </p>
              {remark.hint === '' ? null : <p className="jp-cauce-mod-dim">{remark.hint}</p>}
              <div className="jp-cauce-SplitNotes-ways">
                {remark.cell === null ? null : (
                  <CellLink {...props} cell={remark.cell} line={remark.line} />
                )}
                {remark.proposals.map(proposal => (
                  <Button
                    key={proposal.message}
                    label={proposal.message}
                    title={proposal.message}
                    action="split-proposal"
                    onPress={() => {
                      props.onFollow(proposal);
                    }}
                  />
                ))}
              </div>
            </div>
          </li>
        ))}
      </ul>
      <More trans={trans} count={sorted.length} shown={SHOWN} all={all} onChange={setAll} />
    </div>
  );
}

function CellLink(
  props: Pick<INotesProps, 'trans' | 'onGoTo'> & {
    readonly cell: number;
    readonly line: number | null;
  }
): React.JSX.Element {
  const { trans, cell, line } = props;
  return (
    <button
      type="button"
      className="jp-cauce-Link"
      onClick={() => {
        props.onGoTo(cell);
      }}
    >
      {line === null ? cellWord(trans, cell) : trans.__('cell %1, line %2', cell + 1, line)}
    </button>
  );
}
