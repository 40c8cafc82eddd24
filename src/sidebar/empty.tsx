/**
 * What the panel says when there is no pipeline to show.
 */
import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { cauceIcon } from '../icons';
import { STARTER_PIPELINE } from '../starter';

export type Emptiness =
  | { readonly kind: 'loading' }
  | { readonly kind: 'server-missing' }
  | { readonly kind: 'error'; readonly message: string; readonly hint: string }
  | { readonly kind: 'no-pipeline' }
  | { readonly kind: 'unevaluated'; readonly busy: boolean }
  | { readonly kind: 'no-tasks'; readonly broken: boolean };

export interface IEmptyProps {
  readonly trans: TranslationBundle;
  readonly what: Emptiness;
  readonly folder: string;
  readonly onCreate: () => void;
  readonly onAddTask: () => void;
  readonly onEvaluate: () => void;
  readonly onRetry: () => void;
}

export function Empty(props: IEmptyProps): React.JSX.Element {
  const { trans, what, folder, onCreate, onRetry } = props;
  switch (what.kind) {
    case 'loading':
      return (
        <div className="jp-cauce-Empty" aria-busy="true">
          <p className="jp-cauce-mod-hint">{trans.__('Looking for pipelines…')}</p>
          <div className="jp-cauce-Skeleton" aria-hidden="true">
            <span />
            <span />
            <span />
          </div>
        </div>
      );
    case 'server-missing':
      return (
        <div className="jp-cauce-Empty">
          <Sign />
          <h3>{trans.__('The server part is not running')}</h3>
          <p>
            {trans.__(
              'This panel is only the half of Cauce that runs in the browser. The other half is the Python package of the same name, and JupyterLab’s server does not have it enabled.'
            )}
          </p>
          <p>{trans.__('In the environment that starts JupyterLab, run:')}</p>
          <pre className="jp-cauce-Terminal" tabIndex={0}>
            {'pip install cauce\njupyter server extension enable cauce'}
          </pre>
          <p>{trans.__('Then start JupyterLab again.')}</p>
          <Retry trans={trans} onRetry={onRetry} />
        </div>
      );
    case 'error':
      return (
        <div className="jp-cauce-Empty" role="alert">
          <h3>{trans.__('The pipelines cannot be shown')}</h3>
          <p>{what.message}</p>
          {what.hint === '' ? null : <p>{what.hint}</p>}
          <Retry trans={trans} onRetry={onRetry} />
        </div>
      );
    case 'unevaluated':
      return (
        <div className="jp-cauce-Empty">
          <Sign />
          <h3>{trans.__('This pipeline is made by code')}</h3>
          <p>
            {trans.__(
              'Its tasks are known once that code has run. Looking at a project runs nothing of it, so this waits for you.'
            )}
          </p>
          <div className="jp-cauce-Empty-actions">
            <button
              type="button"
              className="jp-cauce-Button jp-mod-styled jp-mod-accept"
              data-cauce-action="evaluate"
              disabled={what.busy}
              onClick={props.onEvaluate}
            >
              {what.busy ? trans.__('Evaluating…') : trans.__('Evaluate')}
            </button>
          </div>
        </div>
      );
    case 'no-tasks':
      return (
        <div className="jp-cauce-Empty">
          <Sign />
          <h3>{trans.__('No task to show')}</h3>
          {what.broken ? (
            <p>{trans.__('Mend what is listed above. The panel follows when you save.')}</p>
          ) : (
            <>
              <p>
                {trans.__(
                  'The pipeline lists no task yet. Add one here, or in the file; the panel follows when you save.'
                )}
              </p>
              <Sample trans={trans}>
                <button
                  type="button"
                  className="jp-cauce-Button jp-mod-styled jp-mod-accept"
                  data-cauce-action="add-task"
                  onClick={props.onAddTask}
                >
                  {trans.__('Add Task…')}
                </button>
              </Sample>
            </>
          )}
        </div>
      );
    case 'no-pipeline':
      return (
        <div className="jp-cauce-Empty">
          <Sign />
          <h3>{trans.__('No pipeline here yet')}</h3>
          <ol>
            <li>{trans.__('Put each step into a script or a notebook.')}</li>
            <li>
              {trans.__('List them in a file named pipeline.yaml, with what each of them makes.')}
            </li>
            <li>{trans.__('Press Build: what changed runs, the rest is left alone.')}</li>
          </ol>
          <Sample trans={trans}>
            <button
              type="button"
              className="jp-cauce-Button jp-mod-styled jp-mod-accept"
              data-cauce-action="create-example"
              onClick={onCreate}
            >
              {trans.__('Create an example here')}
            </button>
          </Sample>
          <p className="jp-cauce-mod-dim">
            {folder === ''
              ? trans.__('Writes pipeline.yaml and two small scripts into the top folder.')
              : trans.__('Writes pipeline.yaml and two small scripts into %1.', folder)}
          </p>
        </div>
      );
  }
}

/** What it is all about, so that an empty panel is not taken for a broken one. */
function Sign(): React.JSX.Element {
  return (
    <div className="jp-cauce-Empty-sign" aria-hidden="true">
      <cauceIcon.react tag="span" width="36px" height="36px" />
    </div>
  );
}

function Retry(props: {
  readonly trans: TranslationBundle;
  readonly onRetry: () => void;
}): React.JSX.Element {
  return (
    <p>
      <button type="button" className="jp-cauce-Button" onClick={props.onRetry}>
        {props.trans.__('Try again')}
      </button>
    </p>
  );
}

function Sample(props: {
  readonly trans: TranslationBundle;
  readonly children?: React.ReactNode;
}): React.JSX.Element {
  const { trans } = props;
  const [copied, setCopied] = React.useState(false);
  return (
    <>
      <pre className="jp-cauce-Terminal" tabIndex={0} aria-label="pipeline.yaml">
        {STARTER_PIPELINE}
      </pre>
      <div className="jp-cauce-Empty-actions">
        {props.children}
        <button
          type="button"
          className="jp-cauce-Button"
          title={trans.__('Copy this pipeline.yaml')}
          onClick={() => {
            // The browser's own clipboard is not to be had on pages that came over plain http.
            Clipboard.copyToSystem(STARTER_PIPELINE);
            setCopied(true);
          }}
        >
          {copied ? trans.__('Copied') : trans.__('Copy')}
        </button>
      </div>
    </>
  );
}
