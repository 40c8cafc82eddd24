/**
 * Galata's own helpers give JupyterLab 15 seconds to start, a menu to open, a sidebar to close, and nothing
 * configures that: on a busy machine the first of these takes longer. Here they wait as all else does.
 */
import * as utils from '@jupyterlab/galata/lib/utils';

/** Milliseconds; a test that is over its own time ends all the same. */
const PATIENCE = 120_000;

Object.assign(utils, {
  // One that fails, as a page does that is being left, rejects: Galata's would end the worker.
  waitForCondition: async (
    condition: () => Promise<boolean> | boolean,
    timeout = PATIENCE
  ): Promise<void> => {
    const end = Date.now() + timeout;
    while (!(await condition())) {
      if (Date.now() > end) {
        throw new Error(`Galata waited ${String(timeout)} ms for ${String(condition)}`);
      }
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }
});
