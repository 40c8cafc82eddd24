/**
 * What a task has made: each product with its size and age, and a look into it.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { fileIcon, folderIcon, notebookIcon, spreadsheetIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { More } from '../components/more';
import { PathName } from '../components/pathname';
import type { Product, Reason } from '../contract';
import type { IPreview } from '../taskmodel';
import { ago, moment, size } from '../words';
import { PreviewBox } from './preview';

export interface IProductsProps {
  readonly trans: TranslationBundle;
  readonly task: string;
  readonly products: readonly Product[];
  readonly reasons: readonly Reason[];
  /** Seconds since the epoch. */
  readonly now: number;
  readonly previewOf: (task: string, product: string) => IPreview | null;
  readonly onOpenProduct: (product: Product) => void;
  readonly onPreview: (task: string, product: Product) => void;
  readonly onClosePreview: (task: string, product: Product) => void;
}

/** More products than that are named on demand. */
const SHOWN = 20;

export function Products(props: IProductsProps): React.JSX.Element {
  const { trans, products } = props;
  const [all, setAll] = React.useState(false);
  return (
    <>
      <ul className="jp-cauce-Products">
        {(all ? products : products.slice(0, SHOWN)).map(product => (
          <One key={`${product.kind} ${product.path}`} {...props} product={product} />
        ))}
      </ul>
      <More trans={trans} count={products.length} shown={SHOWN} all={all} onChange={setAll} />
    </>
  );
}

function One(props: IProductsProps & { readonly product: Product }): React.JSX.Element {
  const { trans, task, product, now } = props;
  const own = React.useId();
  const shown = props.previewOf(task, product.path);
  const byHand = props.reasons.some(
    reason => reason.kind === 'product_changed' && reason.subject === product.path
  );
  const Icon = iconOf(product);
  const open = shown !== null;
  return (
    <li className="jp-cauce-Products-item" data-exists={product.exists}>
      <div className="jp-cauce-Products-line">
        <Icon.react tag="span" width="14px" height="14px" />
        {product.kind === 'file' ? (
          <button
            type="button"
            className="jp-cauce-Link jp-cauce-Products-name"
            disabled={!product.exists}
            title={trans.__('Open %1', product.path)}
            onClick={() => {
              props.onOpenProduct(product);
            }}
          >
            <PathName path={product.path} />
          </button>
        ) : (
          <span className="jp-cauce-Products-name jp-cauce-mod-code" title={product.path}>
            {product.path}
          </span>
        )}
        <span className="jp-cauce-Products-note">
          {product.modified !== null && product.exists ? (
            <>
              {product.size === null ? '' : `${size(product.size)} · `}
              <span title={moment(product.modified)}>{ago(trans, product.modified, now)}</span>
            </>
          ) : (
            noteOf(trans, product)
          )}
          {byHand ? (
            <em className="jp-cauce-Products-byHand"> · {trans.__('changed by hand')}</em>
          ) : null}
        </span>
        {product.exists ? (
          <button
            type="button"
            className="jp-cauce-Toggle"
            aria-expanded={open}
            aria-controls={open ? own : undefined}
            aria-label={
              open
                ? trans.__('Hide the preview of %1', product.path)
                : trans.__('Preview %1', product.path)
            }
            title={
              runsCode(product)
                ? trans.__(
                    'Read it in a process of its own. Reading it may run code: of a pickle whatever it holds, of a table the client of its database.'
                  )
                : trans.__('Show the beginning of it here')
            }
            onClick={() => {
              if (open) {
                props.onClosePreview(task, product);
              } else {
                props.onPreview(task, product);
              }
            }}
          >
            {open ? trans.__('Hide') : trans.__('Preview')}
          </button>
        ) : null}
      </div>
      {shown !== null ? (
        <div id={own}>
          <PreviewBox
            trans={trans}
            name={product.path}
            shown={shown}
            onAgain={() => {
              props.onPreview(task, product);
            }}
          />
        </div>
      ) : null}
    </li>
  );
}

function runsCode(product: Product): boolean {
  return product.kind !== 'file' || /\.(pkl|pickle|joblib)$/i.test(product.path);
}

function iconOf(product: Product): typeof fileIcon {
  if (product.notebook || product.path.endsWith('.ipynb')) {
    return notebookIcon;
  }
  if (product.kind !== 'file' || /\.(csv|tsv|parquet|pq|feather|xlsx?)$/i.test(product.path)) {
    return spreadsheetIcon;
  }
  return product.path.endsWith('/') ? folderIcon : fileIcon;
}

function noteOf(trans: TranslationBundle, product: Product): string {
  switch (product.kind) {
    case 'table':
      return product.exists ? trans.__('table') : trans.__('table, not made yet');
    case 'view':
      return product.exists ? trans.__('view') : trans.__('view, not made yet');
    case 'file':
      return product.exists ? '' : trans.__('missing');
  }
}
