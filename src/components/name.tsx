/**
 * A name that is cut in its middle where it does not fit: names of tasks differ at their ends.
 */
import * as React from 'react';

/** So many letters at the end are never cut. */
const TAIL = 8;
/** A beginning as short as this is no longer than the dots in its place. */
const SHORT = 2;

export function ShortName({ name }: { readonly name: string }): React.JSX.Element {
  const letters = Array.from(name);
  const head = letters.length - TAIL > SHORT ? letters.length - TAIL : 0;
  return (
    <span className="jp-cauce-ShortName">
      <span className="jp-cauce-ShortName-head">{letters.slice(0, head).join('')}</span>
      <span className="jp-cauce-ShortName-tail">{letters.slice(head).join('')}</span>
    </span>
  );
}
