/**
 * What the list tells of a task beside its state: how long, how far, when, from what, to what.
 */
import type { Snapshot, Task } from '../contract';
import { folderOf } from '../filter';
import type { IListed } from './arrange';

/** All of it plain values, so that a row that is as it was is not drawn again. */
export interface IFacts {
  readonly kind: Task['kind'];
  readonly folder: string;
  readonly source: string;
  /** The paths of its products, the executed notebook last. */
  readonly products: string;
  /** Of the last success, in seconds. */
  readonly duration: number | null;
  /** When the last attempt ended. */
  readonly ended: number | null;
  /** When the attempt began that runs now. */
  readonly started: number | null;
  /** Cells done, from 0 to 1; null while nothing runs or nobody knows. */
  readonly progress: number | null;
}

export type IListTask<Node> = Node & IFacts & IListed;

export function factsOf(task: Task): IFacts {
  const { activity, lastAttempt } = task;
  const running = activity.state === 'running';
  const cells = running ? activity.progress : null;
  const products = [...task.products].sort((a, b) => Number(a.notebook) - Number(b.notebook));
  return {
    kind: task.kind,
    folder: folderOf(task),
    source: task.source,
    products: products.map(product => product.path).join(', '),
    duration: task.lastDuration,
    ended: lastAttempt?.ended ?? null,
    started: running ? activity.started : null,
    progress: cells === null || cells.total === 0 ? null : cells.done / cells.total
  };
}

/** The nodes with the facts of their tasks, in the same order: both are made of one snapshot. */
export function withFacts<Node extends Omit<IListed, 'folder' | 'kind' | 'duration'>>(
  nodes: readonly Node[],
  snapshot: Snapshot | null
): readonly IListTask<Node>[] {
  const tasks = snapshot?.tasks ?? [];
  return nodes.flatMap((node, i) => {
    const task = tasks[i];
    return task === undefined ? [] : [{ ...node, ...factsOf(task) }];
  });
}
