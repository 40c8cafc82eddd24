/**
 * What ended a task: the error, where it was, and what one can do about it.
 */
import { bugIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button } from '../components/button';
import { TerminalText } from '../components/terminal';
import { WhereLink } from '../components/where';
import type { CellError, Task, Where } from '../contract';

export interface IErrorProps {
  readonly trans: TranslationBundle;
  readonly task: Task;
  readonly error: CellError;
  /** Why it cannot be debugged; '' when it can. */
  readonly whyNotDebug: string;
  readonly onOpenFailing: (task: Task) => void;
  readonly onDebug: (task: Task) => void;
  readonly onOpenPartial: (task: Task) => void;
  readonly onOpenWhere: (where: Where) => void;
}

/** Which cell and line, as a title. */
export function errorTitle(trans: TranslationBundle, error: CellError): string {
  return error.number === null
    ? trans.__('Error')
    : error.line === null
      ? trans.__('Error in cell [%1]', error.number)
      : trans.__('Error in cell [%1], line %2', error.number, error.line);
}

export function ErrorPart(props: IErrorProps): React.JSX.Element {
  const { trans, task, error, whyNotDebug } = props;
  const [whole, setWhole] = React.useState(false);
  const { notebook, where } = error;
  const inCell = error.cell !== null || error.number !== null;
  return (
    <>
      <p className="jp-cauce-Detail-error">
        <strong>{error.name}</strong>
        {error.message === '' ? '' : `: ${error.message}`}
      </p>
      <div className="jp-cauce-Detail-actions">
        {inCell || where !== null ? (
          <Button
            action="open-failing"
            label={
              inCell ? trans.__('Open at the failing cell') : trans.__('Open at the failing line')
            }
            title={
              inCell
                ? trans.__('Open the source as a notebook, and go to the cell that failed')
                : trans.__('Open the source, and go to the line that failed')
            }
            onPress={() => {
              props.onOpenFailing(task);
            }}
          />
        ) : null}
        <Button
          action="debug"
          icon={bugIcon}
          label={trans.__('Debug')}
          whyNot={whyNotDebug}
          title={trans.__(
            'Open the source as a notebook, and run in its kernel every cell before the one that failed'
          )}
          onPress={() => {
            props.onDebug(task);
          }}
        />
      </div>
      <div className="jp-cauce-Detail-links">
        {where !== null ? (
          <WhereLink where={where} trans={trans} onOpen={props.onOpenWhere} />
        ) : null}
        {notebook !== null ? (
          <button
            type="button"
            className="jp-cauce-Link"
            title={notebook}
            onClick={() => {
              props.onOpenPartial(task);
            }}
          >
            {trans.__('Open partial notebook')}
          </button>
        ) : null}
        {error.traceback !== '' ? (
          <button
            type="button"
            className="jp-cauce-Link"
            aria-expanded={whole}
            onClick={() => {
              setWhole(!whole);
            }}
          >
            {whole ? trans.__('Hide traceback') : trans.__('Show traceback')}
          </button>
        ) : null}
      </div>
      {whole ? (
        <pre className="jp-cauce-Terminal" tabIndex={0} aria-label={trans.__('Traceback')}>
          <TerminalText text={error.traceback} />
        </pre>
      ) : null}
    </>
  );
}
