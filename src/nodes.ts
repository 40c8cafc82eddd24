/**
 * The tasks as the graph and the list show them.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Snapshot, Task } from './contract';
import { folderOf } from './filter';
import type { IGraphNode } from './graph/graph';
import type { IAsked } from './model';
import { flaws } from './problems';
import { canRun, stateOf } from './taskstate';
import { duration, reasonWords, stateWord } from './words';

export type TaskNode = IGraphNode;

export type TaskNodes = (snapshot: Snapshot | null, asked: IAsked | null) => readonly IGraphNode[];

/**
 * Makes the nodes of a snapshot once, for whoever asks for them. A node that is as it was in the
 * last one is the same object, so that what shows it need not be drawn again.
 */
export function taskNodes(trans: TranslationBundle): TaskNodes {
  let of: readonly [Snapshot | null, IAsked | null] = [null, null];
  let made: readonly IGraphNode[] = [];
  return (snapshot, asked) => {
    if (of[0] !== snapshot || of[1] !== asked) {
      of = [snapshot, asked];
      made = nodesOf(trans, snapshot, asked, made);
    }
    return made;
  };
}

function nodesOf(
  trans: TranslationBundle,
  snapshot: Snapshot | null,
  asked: IAsked | null,
  last: readonly IGraphNode[]
): readonly IGraphNode[] {
  const before = new Map(last.map(node => [node.name, node]));
  const flawed = snapshot === null ? null : flaws(snapshot);
  const grids = new Map<string, number>();
  for (const task of snapshot?.tasks ?? []) {
    grids.set(entryOf(task), (grids.get(entryOf(task)) ?? 0) + 1);
  }
  return (snapshot?.tasks ?? []).map((task): IGraphNode => {
    const state = stateOf(task, snapshot?.run ?? null, asked);
    const word = stateWord(trans, task, state);
    const flaw = flawed?.get(task.name) ?? null;
    const title = [
      trans.__('%1: %2', task.name, word),
      ...(flaw === null ? [] : [flaw]),
      ...task.freshness.reasons.map(reason => reasonWords(trans, reason))
    ].join('\n');
    const runnable = canRun(task, snapshot?.run ?? null, asked);
    const node: IGraphNode = {
      name: task.name,
      state,
      word,
      aside:
        state === 'fresh' && task.lastDuration !== null ? duration(trans, task.lastDuration) : '',
      progress: progressOf(task),
      title,
      runnable,
      flawed: flaw !== null,
      folder: folderOf(task),
      kind: task.kind,
      grid: grids.get(entryOf(task)) === 1 ? '' : entryOf(task)
    };
    const old = before.get(task.name);
    return old !== undefined && isSame(old, node) ? old : node;
  });
}

function isSame(a: IGraphNode, b: IGraphNode): boolean {
  return (Object.keys(b) as (keyof IGraphNode)[]).every(key => a[key] === b[key]);
}

/** Where pipeline.yaml declares it: tasks that are declared at one place are made by a grid. */
function entryOf({ where }: Task): string {
  return `${where.path} ${String(where.line)} ${String(where.column)}`;
}

/** How much of its cells is done; null when nothing runs or nobody knows. */
function progressOf({ activity }: Task): number | null {
  const cells = activity.state === 'running' ? activity.progress : null;
  return cells === null || cells.total === 0 ? null : cells.done / cells.total;
}
