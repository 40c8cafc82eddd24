/**
 * The plugin for pipeline.yaml and env.yaml in the editor.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICompletionProviderManager } from '@jupyterlab/completer';
import { ITranslator } from '@jupyterlab/translation';

import { FileEditors } from '../editing/editors';
import { FileCompletions } from '../editing/provider';
import { Schemas } from '../editing/schemas';
import { IPipelines } from '../tokens';
import { bundle } from './translation';

export const editing: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-cauce:editing',
  description:
    'Helps to write pipeline.yaml and env.yaml: marks what is wrong, completes, explains.',
  autoStart: true,
  requires: [IPipelines],
  optional: [ICompletionProviderManager, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    completions: ICompletionProviderManager | null,
    translator: ITranslator | null
  ): void => {
    const { client, model } = pipelines;
    const schemas = new Schemas(client);
    const trans = bundle(translator);
    app.docRegistry.addWidgetExtension(
      'Editor',
      new FileEditors({ client, model, schemas, trans })
    );
    completions?.registerProvider(new FileCompletions(schemas, model));
  }
};
