/**
 * What a product holds, by its kind. Always as data: nothing of it becomes part of the page.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { TerminalText } from '../components/terminal';
import type { Piece, Preview } from '../contract';
import type { IPreview } from '../taskmodel';
import { errorWords, number } from '../words';
import { JsonTree } from './jsontree';

export function PreviewBox(props: {
  readonly trans: TranslationBundle;
  readonly name: string;
  readonly shown: IPreview;
  readonly onAgain: () => void;
}): React.JSX.Element {
  const { trans, name, shown } = props;
  const { preview, error, state } = shown;
  return (
    <div className="jp-cauce-Preview" aria-busy={state === 'reading'}>
      {state === 'failed' ? (
        <p className="jp-cauce-Preview-note" role="alert">
          {error === null ? trans.__('It cannot be read.') : errorWords(trans, error)}{' '}
          <Again {...props} label={trans.__('Try again')} />
        </p>
      ) : null}
      {shown.outdated ? (
        <p className="jp-cauce-Preview-note">
          {trans.__('It was written again since.')}{' '}
          <Again {...props} label={trans.__('Read it again')} />
        </p>
      ) : null}
      {preview === null ? (
        state === 'reading' ? (
          <p className="jp-cauce-Preview-note" role="status">
            {trans.__('Reading…')}
          </p>
        ) : null
      ) : (
        <Content trans={trans} name={name} preview={preview} />
      )}
    </div>
  );
}

function Again(props: { readonly label: string; readonly onAgain: () => void }): React.JSX.Element {
  return (
    <button type="button" className="jp-cauce-Link" onClick={props.onAgain}>
      {props.label}
    </button>
  );
}

interface IContentProps {
  readonly trans: TranslationBundle;
  readonly name: string;
  readonly preview: Preview;
}

function Content(props: IContentProps): React.JSX.Element {
  const { trans, preview } = props;
  const note = noteOf(trans, preview);
  return (
    <>
      <Body {...props} />
      {note === '' ? null : <p className="jp-cauce-Preview-note">{note}</p>}
    </>
  );
}

function Body({ trans, name, preview }: IContentProps): React.JSX.Element | null {
  switch (preview.kind) {
    case 'table':
      return <Table trans={trans} name={name} preview={preview} />;
    case 'json':
      return <JsonTree trans={trans} text={preview.text} />;
    case 'text':
    case 'folder':
      return preview.text === '' ? (
        <p className="jp-cauce-Preview-note">{trans.__('It is empty.')}</p>
      ) : (
        <pre className="jp-cauce-Terminal" tabIndex={0} aria-label={name}>
          <TerminalText text={preview.text} />
        </pre>
      );
    case 'image':
      return <Picture trans={trans} name={name} type={preview.mediaType} content={preview.text} />;
    case 'html':
      return <Page name={name} text={preview.text} />;
    case 'notebook':
      return <Pieces trans={trans} pieces={preview.pieces} />;
    case 'code':
    case 'none':
      return null;
  }
}

function noteOf(trans: TranslationBundle, preview: Preview): string {
  const { rows, total } = preview;
  const parts: string[] = [];
  if (preview.kind === 'table') {
    parts.push(
      total === null
        ? preview.cut
          ? trans._n('The first row', 'The first %1 rows', rows.length)
          : trans._n('%2 row', '%2 rows', rows.length, number(rows.length))
        : rows.length < total
          ? trans._n('%2 of %3 row', '%2 of %3 rows', total, number(rows.length), number(total))
          : trans._n('%2 row', '%2 rows', total, number(total))
    );
  } else if (preview.cut) {
    parts.push(trans.__('This is its beginning: open it to see all.'));
  }
  if (preview.note !== '') {
    parts.push(preview.note);
  }
  if (preview.kind === 'notebook' && preview.pieces.length === 0) {
    parts.push(trans.__('Its cells show nothing.'));
  }
  return parts.join(' · ');
}

function Table({ trans, name, preview }: IContentProps): React.JSX.Element {
  const typed = preview.columns.some(column => column.type !== '');
  return (
    <div
      className="jp-cauce-Preview-scroll"
      tabIndex={0}
      role="group"
      aria-label={trans.__('Table %1', name)}
    >
      <table className="jp-cauce-Preview-table">
        <thead>
          <tr>
            {preview.columns.map((column, i) => (
              <th key={i} scope="col" title={column.name}>
                {column.name}
                {typed ? <span className="jp-cauce-Preview-type">{column.type}</span> : null}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {preview.rows.map((row, i) => (
            <tr key={i}>
              {row.map((value, j) =>
                value === null ? (
                  <td key={j} className="jp-cauce-mod-dim">
                    <span aria-hidden="true">·</span>
                    <span className="jp-cauce-mod-unseen">{trans.__('missing')}</span>
                  </td>
                ) : (
                  <td
                    key={j}
                    data-number={isNumber(value) || undefined}
                    title={value.length > 30 ? value : undefined}
                  >
                    {value}
                  </td>
                )
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function isNumber(value: string): boolean {
  return /^-?[\d.,]+(e[+-]?\d+)?$/i.test(value);
}

function Picture(props: {
  readonly trans: TranslationBundle;
  readonly name: string;
  readonly type: string;
  readonly content: string;
}): React.JSX.Element {
  const { trans, name, type, content } = props;
  const [broken, setBroken] = React.useState(false);
  // An image runs nothing and loads nothing, be it SVG.
  return broken ? (
    <p className="jp-cauce-Preview-note">{trans.__('The image cannot be drawn: it is damaged.')}</p>
  ) : (
    <img
      className="jp-cauce-Preview-image"
      src={`data:${type};base64,${content}`}
      alt={name}
      onError={() => {
        setBroken(true);
      }}
    />
  );
}

/** In front of a page: whatever it holds, it loads nothing, as the sandbox lets it run nothing. */
const LOADS_NOTHING =
  '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; ' +
  "style-src 'unsafe-inline'; font-src data:\">";

function Page({ name, text }: { readonly name: string; readonly text: string }): React.JSX.Element {
  return (
    <iframe
      className="jp-cauce-Preview-page"
      title={name}
      sandbox=""
      referrerPolicy="no-referrer"
      srcDoc={LOADS_NOTHING + text}
    />
  );
}

function Pieces(props: {
  readonly trans: TranslationBundle;
  readonly pieces: readonly Piece[];
}): React.JSX.Element | null {
  const { trans, pieces } = props;
  return pieces.length === 0 ? null : (
    <div
      className="jp-cauce-Preview-pieces"
      tabIndex={0}
      role="group"
      aria-label={trans.__('What the notebook shows')}
    >
      {pieces.map((piece, i) => (
        <div key={i} data-piece={piece.kind}>
          {piece.kind === 'image' ? (
            <Picture
              trans={trans}
              name={trans.__('Image %1', i + 1)}
              type={piece.mediaType}
              content={piece.text}
            />
          ) : piece.kind === 'heading' ? (
            piece.text
          ) : (
            <pre>
              <TerminalText text={piece.text} />
            </pre>
          )}
        </div>
      ))}
    </div>
  );
}
