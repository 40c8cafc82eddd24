/**
 * Starts the layout's worker: what only a bundler understands, in a module of its own.
 */

/** Throws where workers are forbidden. */
export function startWorker(): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}
