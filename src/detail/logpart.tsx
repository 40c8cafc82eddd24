/**
 * The log as a part of the detail: it is asked for while this is there.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { LogLines } from '../log/lines';
import { LogViewer } from '../log/viewer';

/** A log and how much of it is known. */
export interface IShownLog {
  readonly run: string;
  readonly lines: LogLines;
  readonly version: number;
  readonly known: boolean;
  readonly complete: boolean;
  readonly hasEarlier: boolean;
  readonly fetchingEarlier: boolean;
  /** Why it could not be read; '' when it could. */
  readonly error: string;
}

export interface ILogPartProps {
  readonly trans: TranslationBundle;
  readonly log: IShownLog;
  readonly running: boolean;
  readonly wrap: boolean;
  readonly onWrap: (wrap: boolean) => void;
  /** Begin to follow it; what is returned ends that. */
  readonly onWatch: () => () => void;
  readonly onEarlier: () => void;
  readonly onCopy: (text: string) => void;
}

export function LogPart(props: ILogPartProps): React.JSX.Element {
  const { trans, log, running, onWatch } = props;
  React.useEffect(() => onWatch(), [onWatch]);
  if (!log.known) {
    return log.error === '' ? (
      <p className="jp-cauce-mod-dim" role="status">
        {trans.__('Reading…')}
      </p>
    ) : (
      <p className="jp-cauce-mod-dim" role="alert">
        {log.error}
      </p>
    );
  }
  if (log.lines.length === 0) {
    return (
      <p className="jp-cauce-mod-dim">
        {running ? trans.__('Nothing printed yet.') : trans.__('Nothing was printed.')}
      </p>
    );
  }
  return (
    <LogViewer
      key={log.run}
      trans={trans}
      label={trans.__('Log')}
      lines={log.lines}
      version={log.version}
      live={!log.complete}
      hasEarlier={log.hasEarlier}
      fetchingEarlier={log.fetchingEarlier}
      wrap={props.wrap}
      onWrap={props.onWrap}
      onEarlier={props.onEarlier}
      onCopy={props.onCopy}
    />
  );
}
