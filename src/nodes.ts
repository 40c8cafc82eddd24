/**
 * The tasks as the graph and the list show them.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Snapshot } from './contract';
import type { IGraphNode } from './graph/graph';
import type { IAsked } from './model';
import { flaws } from './problems';
import { canRun, stateOf } from './taskstate';
import { reasonWords, stateWord } from './words';

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
    const old = before.get(task.name);
    return old?.state === state &&
      old.word === word &&
      old.title === title &&
      old.runnable === runnable &&
      old.flawed === (flaw !== null)
      ? old
      : { name: task.name, state, word, title, runnable, flawed: flaw !== null };
  });
}
