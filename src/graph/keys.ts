/**
 * Which key of the graph does what: what it has no use for goes on to JupyterLab.
 */
import type { Arrow } from './viewport';

const KEYS: Readonly<Record<string, Arrow>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right'
};

/** What is read of an event, and done to it. */
type Press = Pick<
  KeyboardEvent,
  'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'preventDefault' | 'stopPropagation'
>;

export type Keys = Readonly<Record<string, (() => void) | undefined>>;

export function onKeys(
  keys: Keys,
  goTo: (arrow: Arrow) => void,
  selectAll: () => void
): (event: Press) => void {
  return (event: Press): void => {
    const arrow = KEYS[event.key];
    const meta = event.ctrlKey || event.metaKey;
    if (event.altKey) {
      return;
    }
    if (meta && event.key === 'a') {
      selectAll();
    } else if (meta) {
      return;
    } else if (arrow !== undefined) {
      goTo(arrow);
    } else {
      const act = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
      if (act === undefined) {
        return;
      }
      act();
    }
    event.preventDefault();
    event.stopPropagation();
  };
}
