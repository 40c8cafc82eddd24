/**
 * What a task needs: each task with its state, and what it has made.
 */
import * as React from 'react';

import { More } from '../components/more';
import { Mark } from '../components/mark';
import type { Task } from '../contract';
import type { TaskState } from '../taskstate';
import { Products, type IProductsProps } from './products';

/** A task that is needed. */
export interface INeed {
  readonly task: Task;
  readonly state: TaskState;
  readonly word: string;
}

/** More tasks than that are named on demand. */
const NAMED = 12;

export function Needs(
  props: Omit<IProductsProps, 'task' | 'products' | 'reasons'> & {
    readonly needs: readonly INeed[];
    readonly onSelect: (task: string) => void;
  }
): React.JSX.Element {
  const { trans, needs } = props;
  const [all, setAll] = React.useState(false);
  return (
    <>
      <ul className="jp-cauce-Needs">
        {(all ? needs : needs.slice(0, NAMED)).map(({ task, state, word }) => (
          <li key={task.name}>
            <div className="jp-cauce-Needs-task" data-state={state}>
              <Mark state={state} />
              <button
                type="button"
                className="jp-cauce-Link"
                title={trans.__('Select %1', task.name)}
                onClick={() => {
                  props.onSelect(task.name);
                }}
              >
                {task.name}
              </button>
              <span className="jp-cauce-mod-dim">{word}</span>
            </div>
            <Products
              {...props}
              task={task.name}
              products={task.products}
              reasons={task.freshness.reasons}
            />
          </li>
        ))}
      </ul>
      <More trans={trans} count={needs.length} shown={NAMED} all={all} onChange={setAll} />
    </>
  );
}
