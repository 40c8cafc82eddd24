/**
 * The line below the split: seeing what the notebook does when it runs, undo, and the buttons that end it.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { redoIcon, runIcon, stopIcon, undoIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Button } from '../components/button';
import { IconButton } from '../components/iconbutton';
import type { SplitRemark, SplitRun } from '../contract';
import { Severity } from './severity';
import { traceWord } from './splitwords';

/** What the line asks instead of showing its buttons. */
export type Question = 'trace' | 'discard' | null;

export interface IBarProps {
  readonly trans: TranslationBundle;
  readonly notebook: string;
  readonly question: Question;
  readonly trace: SplitRun | null;
  /** Is the plan made with what a run has shown? */
  readonly traced: boolean;
  readonly counts: Readonly<Record<SplitRemark['severity'], number>>;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  readonly applying: boolean;
  /** Why it cannot be written; '' when it can. */
  readonly whyNot: string;
  readonly onQuestion: (question: Question) => void;
  readonly onTrace: () => void;
  readonly onStopTrace: () => void;
  readonly onUndo: () => void;
  readonly onRedo: () => void;
  readonly onNotes: () => void;
  readonly onCancel: () => void;
  readonly onDiscard: () => void;
  readonly onApply: () => void;
}

export function Bar(props: IBarProps): React.JSX.Element {
  const { trans, question, onQuestion } = props;
  if (question === 'discard') {
    return (
      <Asking
        text={trans.__('Your changes of this split would be lost.')}
        no={trans.__('Keep Editing')}
        yes={trans.__('Discard')}
        action="discard"
        onNo={() => {
          onQuestion(null);
        }}
        onYes={props.onDiscard}
      />
    );
  }
  if (question === 'trace') {
    return (
      <Asking
        text={trans.__(
          'All cells of %1 are run once, in a new kernel and in the notebook’s folder: files that they write are written. Your own kernel and the notebook stay as they are.',
          props.notebook
        )}
        no={trans.__('Not Now')}
        yes={trans.__('Run the Notebook')}
        action="trace-run"
        onNo={() => {
          onQuestion(null);
        }}
        onYes={() => {
          onQuestion(null);
          props.onTrace();
        }}
      />
    );
  }
  return <Actions {...props} />;
}

function Actions(props: IBarProps): React.JSX.Element {
  const { trans, counts, whyNot } = props;
  return (
    <div className="jp-cauce-SplitBar">
      <Trace {...props} />
      <span className="jp-cauce-SplitBar-space" />
      <IconButton
        icon={undoIcon}
        size={16}
        title={trans.__('Undo (Ctrl+Z)')}
        enabled={props.canUndo}
        onPress={props.onUndo}
      />
      <IconButton
        icon={redoIcon}
        size={16}
        title={trans.__('Redo (Ctrl+Shift+Z)')}
        enabled={props.canRedo}
        onPress={props.onRedo}
      />
      {counts.error + counts.warning === 0 ? null : (
        <button type="button" className="jp-cauce-SplitBar-counts" onClick={props.onNotes}>
          {counts.error === 0 ? null : (
            <span>
              <Severity severity="error" />
              {trans._n('%1 error', '%1 errors', counts.error)}
            </span>
          )}
          {counts.warning === 0 ? null : (
            <span>
              <Severity severity="warning" />
              {trans._n('%1 warning', '%1 warnings', counts.warning)}
            </span>
          )}
        </button>
      )}
      <Button
        label={trans.__('Cancel')}
        title={trans.__('Write nothing (Escape)')}
        whyNot={props.applying ? trans.__('The files are being written.') : ''}
        action="split-cancel"
        onPress={props.onCancel}
      />
      <Button
        main
        label={props.applying ? trans.__('Writing…') : trans.__('Apply')}
        title={trans.__('Write these files; the notebook stays as it is')}
        whyNot={whyNot}
        action="split-apply"
        onPress={props.onApply}
      />
    </div>
  );
}

function Trace(props: IBarProps): React.JSX.Element {
  const { trans, trace, traced } = props;
  const ask = (): void => {
    props.onQuestion('trace');
  };
  if (trace?.state === 'running') {
    const { done, total } = trace;
    return (
      <div className="jp-cauce-SplitTrace" data-state="running">
        <progress
          max={Math.max(total, 1)}
          value={total === 0 ? undefined : done}
          aria-label={trans.__('Cells that have run')}
        />
        <span role="status">{traceWord(trans, trace)}</span>
        <Button
          icon={stopIcon}
          label={trans.__('Stop')}
          title={trans.__('Stop running the notebook')}
          action="trace-stop"
          onPress={props.onStopTrace}
        />
      </div>
    );
  }
  const ended = trace !== null && (trace.state === 'failed' || trace.state === 'cancelled');
  if (traced && !ended) {
    return (
      <div className="jp-cauce-SplitTrace" data-state="traced">
        <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
          <path d="M1.9 6.4 4.8 9.3 10.2 3" />
        </svg>
        <span role="status" title={trace?.message}>
          {trans.__('Traced: types and changes are as seen when it ran')}
        </span>
        <button type="button" className="jp-cauce-Link" onClick={ask}>
          {trans.__('Again')}
        </button>
      </div>
    );
  }
  return (
    <div className="jp-cauce-SplitTrace" data-state={trace?.state ?? 'none'}>
      <Button
        icon={runIcon}
        label={trans.__('Trace by Running…')}
        title={trans.__(
          'Run the notebook once, to see types, sizes, files, and what its cells change in place'
        )}
        action="trace"
        onPress={ask}
      />
      {ended ? (
        <span role="status" className="jp-cauce-SplitTrace-said" title={trace.message}>
          {traceWord(trans, trace)} {trace.message}
        </span>
      ) : (
        <span className="jp-cauce-SplitTrace-said jp-cauce-mod-dim">
          {trans.__('What is shown was read in the code.')}
        </span>
      )}
    </div>
  );
}

function Asking(props: {
  readonly text: string;
  readonly no: string;
  readonly yes: string;
  readonly action: string;
  readonly onNo: () => void;
  readonly onYes: () => void;
}): React.JSX.Element {
  const box = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    const before = document.activeElement;
    box.current?.querySelector('button')?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) {
        before.focus();
      }
    };
  }, []);
  return (
    <div
      className="jp-cauce-SplitBar"
      ref={box}
      role="alertdialog"
      aria-label={props.text}
      data-asking={true}
    >
      <span className="jp-cauce-SplitBar-question">{props.text}</span>
      <span className="jp-cauce-SplitBar-space" />
      <Button label={props.no} title={props.no} action="split-no" onPress={props.onNo} />
      <Button
        main
        label={props.yes}
        title={props.yes}
        action={props.action}
        onPress={props.onYes}
      />
    </div>
  );
}
