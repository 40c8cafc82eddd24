/**
 * Whether the pipeline computes what the notebook does, task by task.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ProvedTask, SplitProof } from '../contract';

export interface IProofProps {
  readonly trans: TranslationBundle;
  readonly proof: SplitProof;
}

export function Proof(props: IProofProps): React.JSX.Element {
  const { trans, proof } = props;
  const differing = proof.tasks.filter(task => task.differs.length > 0);
  return (
    <div className="jp-cauce-Proof">
      <p>{proofWords(trans, proof)}</p>
      <div
        className="jp-cauce-Proof-scroll"
        tabIndex={0}
        role="group"
        aria-label={trans.__('Tasks')}
      >
        <table className="jp-cauce-Values jp-cauce-SplitTable">
          <thead>
            <tr>
              <th scope="col">{trans.__('Task')}</th>
              <th scope="col">{trans.__('Result')}</th>
              <th scope="col">{trans.__('Compared')}</th>
              <th scope="col">{trans.__('Cannot be compared')}</th>
            </tr>
          </thead>
          <tbody>
            {proof.tasks.map(task => (
              <tr key={task.task} data-state={task.state}>
                <th scope="row">{task.task}</th>
                <td>
                  <Result state={task.state} /> {stateWord(trans, task.state)}
                  {task.message === '' ? null : (
                    <div className="jp-cauce-mod-dim">{task.message}</div>
                  )}
                </td>
                <td>{task.compared}</td>
                <td>{task.uncompared.join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {differing.map(task => (
          <table key={task.task} className="jp-cauce-Values jp-cauce-SplitTable">
            <caption>{trans.__('What differs in %1', task.task)}</caption>
            <thead>
              <tr>
                <th scope="col">{trans.__('Variable')}</th>
                <th scope="col">{trans.__('In the notebook')}</th>
                <th scope="col">{trans.__('In the pipeline')}</th>
              </tr>
            </thead>
            <tbody>
              {task.differs.map(value => (
                <tr key={value.name}>
                  <th scope="row">
                    <code>{value.name}</code>
                  </th>
                  <td>{value.expected}</td>
                  <td>{value.found === '' ? trans.__('is not there') : value.found}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ))}
      </div>
    </div>
  );
}

/** What a proof has come to, in a sentence. */
export function proofWords(trans: TranslationBundle, proof: SplitProof): string {
  const compared = proof.tasks.reduce((sum, task) => sum + task.compared, 0);
  const differing = proof.tasks.flatMap(task =>
    task.differs.map(({ name }) => trans.__('%1 in %2', name, task.task))
  );
  if (proof.same) {
    return trans._n(
      'It behaves the same: %1 variable is equal in notebook and pipeline.',
      'It behaves the same: %1 variables are equal in notebook and pipeline.',
      compared
    );
  }
  if (differing.length > 0) {
    const [first = ''] = differing;
    return trans._n(
      'It behaves differently: %2 is another.',
      'It behaves differently: %1 variables are others, such as %2.',
      differing.length,
      first
    );
  }
  const failed = proof.tasks.filter(task => task.state === 'failed');
  return failed.length > 0
    ? trans._n(
        'It could not be proved: %2 failed.',
        'It could not be proved: %1 tasks failed, the first is %2.',
        failed.length,
        failed[0]?.task ?? ''
      )
    : proof.message;
}

function stateWord(trans: TranslationBundle, state: ProvedTask['state']): string {
  switch (state) {
    case 'same':
      return trans.__('the same');
    case 'differs':
      return trans.__('differs');
    case 'failed':
      return trans.__('failed');
    case 'unknown':
      return trans.__('not known');
  }
}

const SIGNS: Readonly<Record<ProvedTask['state'], string>> = {
  same: 'M1.9 6.4 4.8 9.3 10.2 3',
  differs: 'M2.5 4.2h7M2.5 7.8h7M8 1.8 4 10.2',
  failed: 'M2.6 2.6l6.8 6.8M9.4 2.6 2.6 9.4',
  unknown: 'M6 1.4a4.6 4.6 0 1 1 0 9.2 4.6 4.6 0 1 1 0-9.2Z'
};

function Result({ state }: { readonly state: ProvedTask['state'] }): React.JSX.Element {
  return (
    <svg className="jp-cauce-Proof-sign" viewBox="0 0 12 12" width="12" height="12" aria-hidden>
      <path d={SIGNS[state]} />
    </svg>
  );
}
