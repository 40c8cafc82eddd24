/**
 * Paths of a project: what the contract names relative to the project's root, and where that is
 * for JupyterLab.
 */
import type { Product, Snapshot, Task } from './contract';

/**
 * A path relative to the project's root, seen from the server's root; null when it leads outside
 * of what JupyterLab can open.
 */
export function fromServerRoot(snapshot: Pick<Snapshot, 'root'>, path: string): string | null {
  if (path.startsWith('/')) {
    return null;
  }
  const parts: string[] = [];
  for (const part of `${snapshot.root}/${path}`.split('/')) {
    if (part === '..') {
      if (parts.pop() === undefined) {
        return null;
      }
    } else if (part !== '' && part !== '.') {
      parts.push(part);
    }
  }
  return parts.join('/');
}

/** A document as JupyterLab names it: with the drive that it is on, and without. */
interface IPlaced {
  readonly path: string;
  readonly localPath: string;
}

/**
 * The path of a document from the server's root; null for one on another drive, of which the server knows nothing:
 * a file of ours may be called the same.
 */
export function onServer({ path, localPath }: IPlaced): string | null {
  // That of collaboration, where it is a drive, is the server's own.
  return path === localPath || path === `RTC:${localPath}` ? localPath : null;
}

/** The product that is the task's executed notebook. */
export function executedNotebook(task: Task): Product | null {
  return task.products.find(product => product.notebook) ?? null;
}

/** Is the task's source a text or notebook that opens as a notebook? */
export function opensAsNotebook(task: Task): boolean {
  return task.kind === 'notebook' || task.kind === 'script';
}

const BINARY =
  /\.(parquet|feather|arrow|orc|avro|pkl|pickle|joblib|npy|npz|h5|hdf5|nc|zarr|pt|pth|onnx|safetensors|keras|xlsx?|ods|db|sqlite3?|duckdb|rds|rdata|bin|gz|bz2|xz|zst|zip|tar)$/i;

/** Does a file called so hold no text? */
export function isBinary(path: string): boolean {
  return BINARY.test(path);
}
