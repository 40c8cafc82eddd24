/**
 * Whose task an open notebook is, and which of its cells are ours.
 *
 * The server writes both into the metadata of what it opens. They live in memory only and are
 * taken out when the notebook is saved.
 */
import type { ICellModel } from '@jupyterlab/cells';
import type { INotebookModel } from '@jupyterlab/notebook';

/** Whose task a notebook is. */
export interface ITaskNotebook {
  /** The pipeline file, relative to the server's root. */
  readonly pipeline: string;
  readonly task: string;
}

/** The pipeline that a notebook belongs to; the task is null when the pipeline could not be read. */
export interface IPipelineNotebook {
  readonly pipeline: string;
  readonly task: string | null;
}

export function pipelineOf(model: INotebookModel | null | undefined): IPipelineNotebook | null {
  const said: unknown = model?.getMetadata('cauce');
  if (
    typeof said !== 'object' ||
    said === null ||
    !('pipeline' in said) ||
    typeof said.pipeline !== 'string'
  ) {
    return null;
  }
  const task = 'task' in said && typeof said.task === 'string' ? said.task : null;
  return { pipeline: said.pipeline, task };
}

/** Whose task the notebook is, or null when it is none. */
export function taskOf(model: INotebookModel | null | undefined): ITaskNotebook | null {
  const { pipeline, task } = pipelineOf(model) ?? {};
  return pipeline === undefined || task == null ? null : { pipeline, task };
}

/** Does the cell carry the server's mark? */
export function isInjected(cell: ICellModel): boolean {
  const said: unknown = cell.getMetadata('cauce');
  return typeof said === 'object' && said !== null && 'injected' in said && said.injected === true;
}

/** The file that a document is part of: of a function's notebook, the module. */
export function fileOf(path: string): string {
  return /^(.+\.py) \(functions\)\/[^/]+\.ipynb$/.exec(path)?.[1] ?? path;
}
