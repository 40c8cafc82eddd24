/**
 * What is said below the graph of the task, or of the link, that is chosen there.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { IconButton } from '../components/iconbutton';
import type { Split, SplitTask, SplitVariable } from '../contract';
import { size } from '../words';
import { isTaken, type SplitFormat, type SplitWish } from './edits';
import { Evidence } from './evidence';
import { ProductKey } from './key';
import { edgeBetween, isBefore, offered, productsById, taskOf } from './passing';
import { Severity } from './severity';
import { Sign } from './sign';
import { cellWord, typeWord } from './splitwords';
import { Storing } from './storing';

export interface ICardCalls {
  readonly onStore: (product: string, format: SplitFormat | null) => void;
  /** Call a product so; '' as it is called by itself. */
  readonly onCall: (product: string, key: string) => void;
  /** Let a task take a variable from another; `null`: from nowhere. */
  readonly onTake: (target: string, name: string, source: string | null) => void;
  /** Leave that to the code again. */
  readonly onUntake: (target: string, name: string) => void;
  readonly onGoTo: (cell: number) => void;
}

interface IEdgeCardProps extends ICardCalls {
  readonly trans: TranslationBundle;
  readonly plan: Split;
  readonly request: SplitWish;
  readonly source: string;
  readonly target: string;
}

/** What passes from one task to another. */
export function EdgeCard(props: IEdgeCardProps): React.JSX.Element {
  const { trans, plan, request, source, target } = props;
  const edge = edgeBetween(plan, source, target);
  const products = productsById(plan);
  const user = taskOf(plan, target)?.first ?? -1;
  const reset = request.edges.filter(each => each.target === user && each.source === null);
  return (
    <section className="jp-cauce-SplitCard" aria-label={trans.__('From %1 to %2', source, target)}>
      <h3>
        <Named plan={plan} name={source} /> <span aria-hidden="true">→</span>{' '}
        <Named plan={plan} name={target} />
      </h3>
      {edge === null || edge.variables.length === 0 ? (
        <p className="jp-cauce-mod-dim">
          {trans.__('%1 takes no variable from %2.', target, source)}
        </p>
      ) : (
        <table className="jp-cauce-Values jp-cauce-SplitTable">
          <thead>
            <tr>
              <th scope="col">{trans.__('Variable')}</th>
              <th scope="col">{trans.__('Type')}</th>
              <th scope="col">{trans.__('Stored as')}</th>
              <th scope="col">{trans.__('Known')}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {edge.variables.map(variable => {
              const product = products.get(variable.id) ?? null;
              return (
                <tr key={`${variable.id} ${variable.name}`}>
                  <th scope="row">
                    <code>{variable.name}</code>
                  </th>
                  <td>
                    {product === null ? (
                      <span className="jp-cauce-mod-dim">{trans.__('a file')}</span>
                    ) : (
                      <TypeOf trans={trans} {...product} />
                    )}
                  </td>
                  <td>
                    {product === null ? (
                      <span className="jp-cauce-mod-dim">{trans.__('by the code itself')}</span>
                    ) : (
                      <Storing
                        trans={trans}
                        product={product}
                        chosen={product.id in request.formats}
                        onStore={props.onStore}
                      />
                    )}
                  </td>
                  <td>
                    <Evidence trans={trans} evidence={variable.evidence} />
                  </td>
                  <td className="jp-cauce-SplitTable-end">
                    {product === null ? null : (
                      <RemoveButton {...props} variable={variable} user={user} />
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      {isBefore(plan, source, target) ? <AddField {...props} /> : null}
      {reset.length === 0 ? null : (
        <p className="jp-cauce-SplitCard-removed">
          <span className="jp-cauce-mod-dim">{trans.__('Removed by you:')}</span>
          {reset.map(({ name }) => (
            <button
              key={name}
              type="button"
              className="jp-cauce-Link"
              title={trans.__('Take %1 as the code says', name)}
              onClick={() => {
                props.onUntake(target, name);
              }}
            >
              {name}
            </button>
          ))}
        </p>
      )}
    </section>
  );
}

function RemoveButton(
  props: Pick<IEdgeCardProps, 'trans' | 'request' | 'target' | 'onTake' | 'onUntake'> & {
    readonly variable: SplitVariable;
    readonly user: number;
  }
): React.JSX.Element {
  const { trans, request, target, variable, user } = props;
  const { name, evidence } = variable;
  return (
    <IconButton
      icon={closeIcon}
      size={13}
      title={trans.__('%1 does not need it', target)}
      label={trans.__('%1 does not need %2', target, name)}
      onPress={() => {
        if (evidence === 'user' && isTaken(request, user, name)) {
          props.onUntake(target, name);
        } else {
          props.onTake(target, name, null);
        }
      }}
    />
  );
}

function AddField(
  props: Pick<IEdgeCardProps, 'trans' | 'plan' | 'source' | 'target' | 'onTake'>
): React.JSX.Element {
  const { trans, plan, source, target, onTake } = props;
  const [name, setName] = React.useState('');
  const id = React.useId();
  const add = (): void => {
    const wanted = name.trim();
    if (wanted !== '') {
      onTake(target, wanted, source);
      setName('');
    }
  };
  return (
    <div className="jp-cauce-SplitCard-add">
      <label htmlFor={id}>{trans.__('Also take')}</label>
      <input
        id={id}
        type="text"
        className="jp-cauce-Field-input jp-mod-styled"
        list={`${id}-names`}
        value={name}
        placeholder={trans.__('variable')}
        spellCheck={false}
        autoComplete="off"
        onChange={event => {
          setName(event.target.value);
        }}
        onKeyDown={event => {
          if (event.key === 'Enter') {
            add();
          }
        }}
      />
      <datalist id={`${id}-names`}>
        {offered(plan, source, target).map(each => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <IconButton
        icon={addIcon}
        title={trans.__('Add the variable')}
        enabled={name.trim() !== ''}
        onPress={add}
      />
    </div>
  );
}

interface ITaskCardProps extends ICardCalls {
  readonly trans: TranslationBundle;
  readonly plan: Split;
  readonly request: SplitWish;
  readonly task: SplitTask;
}

/** What a task is, needs and makes. */
export function TaskCard(props: ITaskCardProps): React.JSX.Element {
  const { trans, plan, request, task } = props;
  const takes = plan.edges.filter(edge => edge.target === task.name);
  return (
    <section className="jp-cauce-SplitCard" aria-label={task.name}>
      <h3>
        <Named plan={plan} name={task.name} />
        <button
          type="button"
          className="jp-cauce-Link"
          onClick={() => {
            props.onGoTo(task.first);
          }}
        >
          {task.end - task.first === 1
            ? cellWord(trans, task.first)
            : trans.__('cells %1 to %2', task.first + 1, task.end)}
        </button>
        <code className="jp-cauce-mod-dim">{task.source}</code>
      </h3>
      <dl>
        <dt>{trans.__('Takes')}</dt>
        <dd>
          {takes.length === 0 ? (
            <span className="jp-cauce-mod-dim">{trans.__('nothing')}</span>
          ) : (
            takes.map(edge => (
              <div key={edge.source}>
                <code>{edge.variables.map(each => each.name).join(', ')}</code>{' '}
                {trans.__('from %1', edge.source)}
              </div>
            ))
          )}
        </dd>
        <dt>{trans.__('Stores')}</dt>
        <dd className="jp-cauce-SplitCard-products">
          {task.products.length + task.files.length === 0 ? (
            <span className="jp-cauce-mod-dim jp-cauce-mod-wide">
              {trans.__('its executed notebook alone')}
            </span>
          ) : null}
          {task.products.map(product => (
            <React.Fragment key={product.id}>
              <code>{product.names.join(', ')}</code>
              <TypeOf trans={trans} {...product} />
              <span className="jp-cauce-SplitCard-stored">
                <Storing
                  trans={trans}
                  product={product}
                  chosen={product.id in request.formats}
                  onStore={props.onStore}
                />
                <ProductKey trans={trans} product={product} inCode onCall={props.onCall} />
              </span>
              {product.trouble === '' ? null : (
                <span className="jp-cauce-SplitCard-trouble jp-cauce-mod-wide">
                  <Severity severity="warning" /> {product.trouble}
                </span>
              )}
            </React.Fragment>
          ))}
          {task.files.map(file => (
            <div key={file} className="jp-cauce-mod-wide">
              <code>{file}</code>{' '}
              <span className="jp-cauce-mod-dim">{trans.__('by the code itself')}</span>
            </div>
          ))}
        </dd>
        {task.repeated.length === 0 ? null : (
          <>
            <dt>{trans.__('Repeats')}</dt>
            <dd>
              {task.repeated.map((text, i) => (
                <code key={i} className="jp-cauce-SplitCard-repeated" title={text}>
                  {text.split('\n', 1)[0]}
                </code>
              ))}
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

/** A task's name with its sign. */
export function Named(props: { readonly plan: Split; readonly name: string }): React.JSX.Element {
  const section = props.plan.tasks.findIndex(task => task.name === props.name);
  return (
    <span className="jp-cauce-SplitNamed">
      {section < 0 ? null : <Sign section={section} />}
      <span title={props.name}>{props.name}</span>
    </span>
  );
}

/** What a variable is, as far as that is known. */
export function TypeOf(props: {
  readonly trans: TranslationBundle;
  readonly type: string;
  readonly summary: string;
  readonly size: number | null;
}): React.JSX.Element {
  const { trans, type, summary } = props;
  return type === '' ? (
    <span className="jp-cauce-mod-dim">{trans.__('not known')}</span>
  ) : (
    <span className="jp-cauce-SplitType" title={summary === '' ? type : `${type} ${summary}`}>
      <code>{typeWord(type)}</code>{' '}
      <span className="jp-cauce-mod-dim">
        {summary}
        {props.size === null ? null : ` · ${size(props.size)}`}
      </span>
    </span>
  );
}
