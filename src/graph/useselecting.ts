/**
 * What becomes of a press, a key or the focus on a box of the graph: tasks are selected, groups opened
 * and closed.
 */
import * as React from 'react';

import type { IItem } from './arrange';
import type { IBoxProps } from './node';
import { focusSoon } from './placing';
import type { IGraphProps } from './props';

export interface ISelecting {
  readonly namesOf: (item: IItem | undefined) => readonly string[];
  readonly byKey: (key: string) => IItem | undefined;
  /** Select an item, and give it the focus. */
  readonly focusItem: (item: IItem | undefined) => void;
  readonly expand: (key: string) => void;
  readonly collapse: (id: string) => void;
  readonly handlers: IHandlers;
}

/** They stay the same, so that nodes need not be drawn again. */
export interface IHandlers extends Pick<IBoxProps, 'onHover' | 'onPress' | 'onPort' | 'onFocus'> {
  readonly onExpand: (key: string) => void;
}

interface IOptions extends Pick<
  IGraphProps,
  'nodes' | 'selection' | 'view' | 'onView' | 'onSelect' | 'onSelectMany'
> {
  readonly frame: React.RefObject<HTMLElement>;
  readonly items: readonly IItem[];
  /** By number, those that have a selected task. */
  readonly selectedItems: ReadonlySet<number>;
  /** Something else than an edge was chosen. */
  readonly onChoose: () => void;
  readonly onHover: (key: string | null) => void;
  readonly onPort: (key: string, event: React.PointerEvent) => void;
}

export function useSelecting(options: IOptions): ISelecting {
  const { nodes, selection, view, frame, items, onSelect, onSelectMany, onView } = options;
  const namesOf = (item: IItem | undefined): readonly string[] =>
    item?.members.map(member => nodes[member]?.name ?? '') ?? [];
  const byKey = (key: string): IItem | undefined => items.find(item => item.key === key);
  const select = (item: IItem | undefined): void => {
    options.onChoose();
    if (item?.group === false) {
      onSelect(item.label);
    } else {
      onSelectMany(namesOf(item));
    }
  };
  const toggle = (item: IItem | undefined): void => {
    const names = namesOf(item);
    const others = selection.filter(name => !names.includes(name));
    onSelectMany(others.length < selection.length ? others : [...others, ...names]);
  };
  const focusItem = (item: IItem | undefined): void => {
    if (item !== undefined) {
      select(item);
      focusSoon(frame.current, item.key);
    }
  };
  const expand = (key: string): void => {
    const item = byKey(key);
    if (item?.group === true) {
      onView({ expanded: [...view.expanded, item.of] });
      const [first = ''] = namesOf(item);
      if (options.selectedItems.has(items.indexOf(item))) {
        onSelect(first);
      }
    }
  };
  const collapse = (id: string): void => {
    onView({ expanded: view.expanded.filter(each => each !== id) });
    focusSoon(frame.current, `group:${id}`);
  };

  const now: IHandlers = {
    onHover: options.onHover,
    onPort: options.onPort,
    onExpand: expand,
    onPress: (key, event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) {
        toggle(byKey(key));
      } else {
        select(byKey(key));
      }
      (event.currentTarget as SVGGElement).focus();
    },
    onFocus: key => {
      const item = byKey(key);
      if (!namesOf(item).some(name => selection.includes(name))) {
        select(item);
      }
    }
  };
  const latest = React.useRef(now);
  latest.current = now;
  const handlers = React.useMemo(
    (): IHandlers => ({
      onHover: key => {
        latest.current.onHover(key);
      },
      onPort: (key, event) => {
        latest.current.onPort(key, event);
      },
      onExpand: key => {
        latest.current.onExpand(key);
      },
      onPress: (key, event) => {
        latest.current.onPress(key, event);
      },
      onFocus: key => {
        latest.current.onFocus(key);
      }
    }),
    []
  );
  return { namesOf, byKey, focusItem, expand, collapse, handlers };
}
