/**
 * What the file browser shows, as the server knows it.
 */
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';

import { onServer } from '../paths';

/** The folder that the user looks at, relative to the server's root: the root where that is on another drive. */
export function folderOf(browser: IDefaultFileBrowser | null, drives: Contents.IManager): string {
  return browser === null ? '' : (pathOf(drives, browser.model.path) ?? '');
}

/** A path of the file browser's from the server's root; null for one on another drive. */
export function pathOf(drives: Contents.IManager, path: string): string | null {
  return onServer({ path, localPath: drives.localPath(path) });
}

/** What is selected in the file browser, from the server's root; nothing where some of it is on another drive. */
export function selectedIn(
  browser: IDefaultFileBrowser,
  drives: Contents.IManager
): readonly Contents.IModel[] {
  const items = [...browser.selectedItems()];
  const ours = items.flatMap(item => {
    const path = pathOf(drives, item.path);
    return path === null ? [] : [{ ...item, path }];
  });
  return ours.length === items.length ? ours : [];
}
