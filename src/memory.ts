/**
 * What is remembered from one visit to the next.
 */
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';

/** As much of JupyterLab's state database as we need. */
export interface IMemory {
  fetch(id: string): Promise<ReadonlyPartialJSONValue | undefined>;
  save(id: string, value: ReadonlyPartialJSONValue): Promise<unknown>;
}
