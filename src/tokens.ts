/**
 * What other extensions may ask for.
 */
import { Token } from '@lumino/coreutils';

import type { IClient } from './client';
import type { PipelineModel } from './model';

/** The pipelines of this JupyterLab, for whoever wants to show or start them. */
export interface IPipelines {
  /** What is known of them, with signals. */
  readonly model: PipelineModel;
  /** The server's API. */
  readonly client: IClient;
}

export const IPipelines = new Token<IPipelines>(
  'jupyterlab-cauce:IPipelines',
  'The pipelines of this JupyterLab: what is known of them, and the API to start them.'
);
