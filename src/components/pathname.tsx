/**
 * A path to read: broken before its last part, if at all.
 */
import * as React from 'react';

/** The folder is dim: the last part is what one reads. */
export function PathName({ path }: { readonly path: string }): React.JSX.Element {
  const at = path.lastIndexOf('/') + 1;
  return (
    <>
      {at === 0 ? null : <span className="jp-cauce-PathName-folder">{path.slice(0, at)}</span>}
      {at === 0 ? null : <wbr />}
      {path.slice(at)}
    </>
  );
}
