/**
 * The folder that the user looks at.
 */
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';

/** The file browser's folder, relative to the server's root, without the name of a drive. */
export function folderOf(browser: IDefaultFileBrowser | null): string {
  return browser?.model.path.replace(/^[^/]*:/, '') ?? '';
}
