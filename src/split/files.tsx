/**
 * The files that would be written, each with its text.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Diff } from '../components/diff';
import type { SplitFile } from '../contract';
import { Code, type Paint } from './code';
import { cellsOf } from './notebookcells';
import { fileWord } from './splitwords';

export interface IFilesProps {
  readonly trans: TranslationBundle;
  readonly files: readonly SplitFile[];
  /** The path of the one that is shown; `null` for the first. */
  readonly chosen: string | null;
  /** The media type of a file by its path. */
  readonly language: (path: string) => string;
  readonly paint: Paint | null;
  readonly onChoose: (path: string) => void;
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowUp: -1,
  ArrowDown: 1,
  Home: -Infinity,
  End: Infinity
};

export function Files(props: IFilesProps): React.JSX.Element {
  const { trans, files, chosen, language, paint, onChoose } = props;
  const list = React.useRef<HTMLDivElement>(null);
  const shown = files.find(file => file.path === chosen) ?? files[0];
  const panel = React.useId();
  if (shown === undefined) {
    return <p className="jp-cauce-mod-hint">{trans.__('No file would be written.')}</p>;
  }
  return (
    <div className="jp-cauce-SplitFiles">
      <div
        className="jp-cauce-SplitFiles-list"
        ref={list}
        role="listbox"
        aria-label={trans.__('Files')}
        onKeyDown={event => {
          const step = STEPS[event.key];
          if (step !== undefined) {
            event.preventDefault();
            const at = files.indexOf(shown) + step;
            const to = Math.max(0, Math.min(files.length - 1, at));
            onChoose(files[to]?.path ?? shown.path);
            (list.current?.children[to] as HTMLElement | undefined)?.focus();
          }
        }}
      >
        {files.map(file => (
          <div
            key={file.path}
            role="option"
            className="jp-cauce-SplitFiles-file"
            aria-selected={file === shown}
            aria-controls={panel}
            tabIndex={file === shown ? 0 : -1}
            data-kind={file.kind}
            title={file.path}
            onClick={() => {
              onChoose(file.path);
            }}
          >
            <span className="jp-cauce-SplitFiles-path">{file.path}</span>
            <span className="jp-cauce-SplitFiles-kind">{fileWord(trans, file.kind)}</span>
          </div>
        ))}
      </div>
      <div
        className="jp-cauce-SplitFiles-text"
        id={panel}
        role="region"
        aria-label={shown.path}
        tabIndex={0}
      >
        {shown.diff !== '' ? (
          <Diff text={shown.diff} />
        ) : (
          <Text key={shown.path} file={shown} language={language} paint={paint} />
        )}
      </div>
    </div>
  );
}

/** A file's text; of a notebook, what a reader of it sees: its cells. */
function Text(
  props: Pick<IFilesProps, 'language' | 'paint'> & { readonly file: SplitFile }
): React.JSX.Element {
  const { file, language, paint } = props;
  const cells = React.useMemo(
    () => (file.path.endsWith('.ipynb') ? cellsOf(file.text) : null),
    [file]
  );
  if (cells === null) {
    return (
      <pre>
        <Code text={file.text} language={language(file.path)} paint={paint} />
      </pre>
    );
  }
  return (
    <div className="jp-cauce-SplitFiles-cells">
      {cells.map((cell, i) => (
        <pre key={i} data-kind={cell.kind}>
          <Code
            text={cell.text}
            language={cell.kind === 'code' ? 'text/x-ipython' : ''}
            paint={paint}
          />
        </pre>
      ))}
    </div>
  );
}
