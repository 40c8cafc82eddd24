/**
 * All variables that pass between tasks, and all functions and classes, as tables.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { More } from '../components/more';
import type { Split, SplitDefinition } from '../contract';
import { Named, TypeOf } from './cards';
import type { SplitFormat, SplitWish } from './edits';
import { Evidence } from './evidence';
import { ProductKey } from './key';
import { passingOf } from './passing';
import { Severity } from './severity';
import { cellWord, goesWord } from './splitwords';
import { Storing } from './storing';

/** So many rows at first. */
const SHOWN = 100;

interface IVariablesProps {
  readonly trans: TranslationBundle;
  readonly plan: Split;
  readonly request: SplitWish;
  readonly onStore: (product: string, format: SplitFormat | null) => void;
  readonly onCall: (product: string, key: string) => void;
}

export function Variables(props: IVariablesProps): React.JSX.Element {
  const { trans, plan, request } = props;
  const [all, setAll] = React.useState(false);
  const rows = React.useMemo(() => passingOf(plan), [plan]);
  if (rows.length === 0) {
    return <p className="jp-cauce-mod-hint">{trans.__('Nothing passes between the tasks.')}</p>;
  }
  return (
    <div className="jp-cauce-SplitTab">
      <table className="jp-cauce-Values jp-cauce-SplitTable">
        <thead>
          <tr>
            <th scope="col">{trans.__('Variable')}</th>
            <th scope="col">{trans.__('From')}</th>
            <th scope="col">{trans.__('To')}</th>
            <th scope="col">{trans.__('Type')}</th>
            <th scope="col">{trans.__('Stored as')}</th>
            <th scope="col">{trans.__('Product')}</th>
            <th scope="col">{trans.__('Known')}</th>
          </tr>
        </thead>
        <tbody>
          {(all ? rows : rows.slice(0, SHOWN)).map(row => (
            <tr key={row.key}>
              <th scope="row">
                <code>{row.variable.name}</code>
                {row.product === null || row.product.names.length < 2 ? null : (
                  <span className="jp-cauce-mod-dim">
                    {' '}
                    {trans.__('with %1', others(row.product.names, row.variable.name))}
                  </span>
                )}
              </th>
              <td>
                <Named plan={plan} name={row.source} />
              </td>
              <td>
                {row.targets.map(target => (
                  <Named key={target} plan={plan} name={target} />
                ))}
              </td>
              <td>
                {row.product === null ? (
                  <span className="jp-cauce-mod-dim">{trans.__('a file')}</span>
                ) : (
                  <TypeOf trans={trans} {...row.product} />
                )}
              </td>
              <td>
                {row.product === null ? (
                  <span className="jp-cauce-mod-dim">{trans.__('by the code itself')}</span>
                ) : (
                  <>
                    <Storing
                      trans={trans}
                      product={row.product}
                      chosen={row.product.id in request.formats}
                      onStore={props.onStore}
                    />
                    {row.product.trouble === '' ? null : (
                      <span className="jp-cauce-SplitCard-trouble" title={row.product.trouble}>
                        <Severity severity="warning" /> {row.product.trouble}
                      </span>
                    )}
                  </>
                )}
              </td>
              <td>
                {row.product === null ? null : (
                  <ProductKey trans={trans} product={row.product} onCall={props.onCall} />
                )}
              </td>
              <td>
                <Evidence trans={trans} evidence={row.variable.evidence} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <More trans={trans} count={rows.length} shown={SHOWN} all={all} onChange={setAll} />
    </div>
  );
}

function others(names: readonly string[], name: string): string {
  return names.filter(each => each !== name).join(', ');
}

interface IFunctionsProps {
  readonly trans: TranslationBundle;
  readonly plan: Split;
  readonly onGoes: (name: string, goes: SplitDefinition['goes']) => void;
  readonly onGoTo: (cell: number) => void;
}

export function Functions(props: IFunctionsProps): React.JSX.Element {
  const { trans, plan } = props;
  const { definitions } = plan;
  if (definitions.length === 0) {
    return (
      <p className="jp-cauce-mod-hint">
        {trans.__('The notebook defines no functions and no classes.')}
      </p>
    );
  }
  return (
    <div className="jp-cauce-SplitTab">
      <table className="jp-cauce-Values jp-cauce-SplitTable">
        <thead>
          <tr>
            <th scope="col">{trans.__('Name')}</th>
            <th scope="col">{trans.__('Defined in')}</th>
            <th scope="col">{trans.__('Goes')}</th>
            <th scope="col">{trans.__('Why')}</th>
          </tr>
        </thead>
        <tbody>
          {definitions.map(each => (
            <tr key={`${String(each.cell)} ${each.name}`}>
              <th scope="row">
                <code>{each.name}</code>
              </th>
              <td>
                <button
                  type="button"
                  className="jp-cauce-Link"
                  onClick={() => {
                    props.onGoTo(each.cell);
                  }}
                >
                  {cellWord(trans, each.cell)}
                </button>
              </td>
              <td>
                {each.choices.length < 2 ? (
                  goesWord(trans, each.goes)
                ) : (
                  <select
                    className="jp-cauce-Select jp-cauce-mod-wide"
                    aria-label={trans.__('Where %1 goes', each.name)}
                    value={each.goes}
                    onChange={event => {
                      const goes = each.choices.find(choice => choice === event.target.value);
                      if (goes !== undefined) {
                        props.onGoes(each.name, goes);
                      }
                    }}
                  >
                    {each.choices.map(choice => (
                      <option key={choice} value={choice}>
                        {goesWord(trans, choice)}
                      </option>
                    ))}
                  </select>
                )}
              </td>
              <td>
                {each.why}
                {each.parameters.length === 0 ? null : (
                  <div className="jp-cauce-mod-dim">
                    {trans._n(
                      'New parameter: %2',
                      'New parameters: %2',
                      each.parameters.length,
                      each.parameters.join(', ')
                    )}
                  </div>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
