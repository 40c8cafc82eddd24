/**
 * A name that is edited where it stands.
 */
import * as React from 'react';

/** Enter or leaving takes what was typed, Escape does not. */
export function NameField(props: {
  readonly label: string;
  readonly name: string;
  /** `null`: it stays as it was. `pressed`: by a key, so that the focus is nowhere yet. */
  readonly onDone: (name: string | null, pressed: boolean) => void;
}): React.JSX.Element {
  const field = React.useRef<HTMLInputElement>(null);
  const done = React.useRef(false);
  React.useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const end = (name: string | null, pressed: boolean): void => {
    if (!done.current) {
      done.current = true;
      props.onDone(name === props.name ? null : name, pressed);
    }
  };
  return (
    <input
      ref={field}
      type="text"
      className="jp-cauce-NameField"
      aria-label={props.label}
      defaultValue={props.name}
      spellCheck={false}
      data-cauce-escape="own"
      onClick={event => {
        event.stopPropagation();
      }}
      onDoubleClick={event => {
        event.stopPropagation();
      }}
      onKeyDown={event => {
        event.stopPropagation();
        if (event.key === 'Enter') {
          event.preventDefault();
          end(event.currentTarget.value, true);
        } else if (event.key === 'Escape') {
          event.preventDefault();
          end(null, true);
        }
      }}
      onBlur={event => {
        end(event.currentTarget.value, false);
      }}
    />
  );
}
