/**
 * Tabs as the WAI-ARIA pattern has them: one stop for Tab, arrows go from one to the next.
 */
import * as React from 'react';

export interface ITabsProps<Id extends string> {
  readonly label: string;
  readonly tabs: readonly { readonly id: Id; readonly label: string }[];
  readonly current: string;
  readonly onChoose: (id: Id) => void;
  /** What stands in the same line at its end. */
  readonly aside?: React.ReactNode;
  /** What the current tab shows. */
  readonly children: React.ReactNode;
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  Home: -Infinity,
  End: Infinity
};

export function Tabs<Id extends string>(props: ITabsProps<Id>): React.JSX.Element {
  const { tabs, current, onChoose } = props;
  const own = React.useId();
  const bar = React.useRef<HTMLDivElement>(null);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const at = tabs.findIndex(tab => tab.id === current);
    const to = tabs[Math.max(0, Math.min(tabs.length - 1, at + step))];
    if (to !== undefined) {
      onChoose(to.id);
      bar.current?.querySelector<HTMLElement>(`[data-cauce-tab="${to.id}"]`)?.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <>
      <div className="jp-cauce-Tabs">
        <div
          className="jp-cauce-Tabs-bar"
          role="tablist"
          aria-label={props.label}
          ref={bar}
          onKeyDown={onKeyDown}
        >
          {tabs.map(tab => (
            <button
              key={tab.id}
              type="button"
              role="tab"
              id={`${own}-${tab.id}`}
              className="jp-cauce-Tabs-tab"
              data-cauce-tab={tab.id}
              aria-selected={tab.id === current}
              aria-controls={`${own}-panel`}
              tabIndex={tab.id === current ? 0 : -1}
              onClick={() => {
                onChoose(tab.id);
              }}
            >
              {tab.label}
            </button>
          ))}
        </div>
        {props.aside}
      </div>
      <div
        className="jp-cauce-Tabs-panel"
        role="tabpanel"
        id={`${own}-panel`}
        aria-labelledby={`${own}-${current}`}
      >
        {props.children}
      </div>
    </>
  );
}
