/**
 * What a change would write, or why it cannot be made: the lower half of the dialogs that change a pipeline.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Diff } from '../components/diff';
import type { Changed, FileEdit } from '../contract';

/** What is known of a change. */
export type Outlook =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'refused'; readonly message: string; readonly hint: string }
  | { readonly kind: 'known'; readonly changed: Changed };

interface IPreviewProps {
  readonly trans: TranslationBundle;
  readonly outlook: Outlook;
}

export function Preview({ trans, outlook }: IPreviewProps): React.JSX.Element {
  const files = outlook.kind === 'known' ? outlook.changed.files : [];
  return (
    <div className="jp-cauce-Outlook" data-kind={outlook.kind}>
      {/* Said aloud is what changes, and not each line of it. */}
      <div aria-live="polite">
        <Words trans={trans} outlook={outlook} />
      </div>
      {files.map(file => (
        <details key={file.path} open={files.length === 1}>
          <summary>
            <code>{file.path}</code> <FileWord trans={trans} kind={file.kind} />
          </summary>
          {file.diff === '' ? null : <Diff text={file.diff} />}
        </details>
      ))}
    </div>
  );
}

function Words({ trans, outlook }: IPreviewProps): React.JSX.Element | null {
  switch (outlook.kind) {
    case 'nothing':
      return null;
    case 'asking':
      return <p className="jp-cauce-mod-dim">{trans.__('Looking what that changes…')}</p>;
    case 'refused':
      return (
        <p className="jp-cauce-Outlook-refused">
          <strong>{outlook.message}</strong> {outlook.hint}
        </p>
      );
    case 'known': {
      const { said, problems } = outlook.changed;
      return (
        <ul className="jp-cauce-Outlook-said">
          {said.map(line => (
            <li key={line}>{line}</li>
          ))}
          {problems.map(problem => (
            <li key={problem.message} data-severity={problem.severity}>
              {trans.__('To be mended then: %1', problem.message)} {problem.hint}
            </li>
          ))}
        </ul>
      );
    }
  }
}

function FileWord(props: {
  readonly trans: TranslationBundle;
  readonly kind: FileEdit['kind'];
}): React.JSX.Element {
  const { trans, kind } = props;
  const words = {
    created: trans.__('is created'),
    edited: trans.__('is edited'),
    removed: trans.__('is removed')
  };
  return <span className="jp-cauce-mod-dim">{words[kind]}</span>;
}
