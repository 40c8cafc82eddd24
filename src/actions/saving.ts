/**
 * Saving what is open of a pipeline before its files are read by others.
 */
import type { DocumentRegistry } from '@jupyterlab/docregistry';

import type { Snapshot } from '../contract';
import { fromServerRoot, onServer } from '../paths';
import type { Actions } from './actions';

/**
 * Save the open documents that the current pipeline is made of. Resolves with the path of one that
 * stayed unsaved, or with null.
 */
export async function saveSources(options: Where): Promise<string | null> {
  for (const context of unsaved(options)) {
    await context.save().catch(() => undefined); // JupyterLab tells why; we see that it is dirty
    if (context.model.dirty) {
      return context.path;
    }
  }
  return null;
}

/** The paths of open documents that the current pipeline is made of and that have changes. */
export function unsavedSources(options: Where): readonly string[] {
  return [...unsaved(options)].map(context => context.localPath);
}

type Where = Pick<Actions.IOptions, 'model' | 'documents' | 'widgets'>;

function unsaved({ model, documents, widgets }: Where): ReadonlySet<DocumentRegistry.Context> {
  const sources = sourcePaths(model.snapshot);
  const contexts = new Set<DocumentRegistry.Context>();
  for (const widget of widgets()) {
    const context = documents.contextForWidget(widget);
    if (context?.model.dirty === true && sources.has(onServer(context) ?? '')) {
      contexts.add(context);
    }
  }
  return contexts;
}

/** The files that a pipeline is made of, seen from the server's root. */
function sourcePaths(snapshot: Snapshot | null): ReadonlySet<string> {
  if (snapshot === null) {
    return new Set();
  }
  const files = [
    ...snapshot.files,
    ...snapshot.tasks.flatMap(task => [
      task.source,
      task.definition?.path ?? task.source,
      task.notebookPath ?? task.source
    ])
  ];
  return new Set(files.flatMap(file => fromServerRoot(snapshot, file) ?? []));
}
