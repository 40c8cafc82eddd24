/**
 * The dialog that tells whether the pipeline computes what the notebook does.
 */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import * as React from 'react';

import { Proof, type IProofProps } from './proof';

export async function showProof(props: IProofProps): Promise<void> {
  const { trans, proof } = props;
  const dialog = new Dialog({
    title: proof.same ? trans.__('It behaves the same') : trans.__('It does not behave the same'),
    body: ReactWidget.create(<Proof {...props} />),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
  await dialog.launch();
}
