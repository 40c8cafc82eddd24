/**
 * Stands in for `graph/startworker` where there are no workers: the page does the work then.
 */
export function startWorker(): Worker {
  throw new Error('There are no workers here.');
}
