/**
 * Lays out small graphs at once and large ones in a Web Worker.
 */
import { layout, type ILayout, type ILayoutInput } from './layout';
import { startWorker } from './startworker';

/** Below this many nodes a layout is quicker than starting a worker. */
const ASIDE = 200;

/**
 * Lay out a graph; `done` is called once, at once for a small one. What is returned calls it off.
 *
 * Where workers are forbidden (by a strict content security policy) the page does the work.
 */
export function requestLayout(input: ILayoutInput, done: (result: ILayout) => void): () => void {
  if (input.count <= ASIDE) {
    done(layout(input));
    return () => undefined;
  }
  let worker: Worker | null = null;
  let over = false;
  const stop = (): void => {
    over = true;
    worker?.terminate();
  };
  const here = (): void => {
    if (!over) {
      stop();
      done(layout(input));
    }
  };
  try {
    worker = startWorker();
  } catch {
    here();
    return stop;
  }
  worker.onmessage = (event: MessageEvent<ILayout>) => {
    if (!over) {
      stop();
      done(event.data);
    }
  };
  worker.onerror = here;
  worker.postMessage(input);
  return stop;
}
