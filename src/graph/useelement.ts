/**
 * What is known of an element on the page: its size, its font, its colours.
 */
import * as React from 'react';

import { STATES } from '../filter';
import type { TaskState } from '../taskstate';
import { measureIn, type Measure } from './label';
import { NAME_SIZE } from './sizes';
import type { ISize } from './viewport';

/** The size of an element, followed. Null until it is known. */
export function useSize(element: React.RefObject<HTMLElement>): ISize | null {
  const [size, setSize] = React.useState<ISize | null>(null);
  React.useLayoutEffect(() => {
    const node = element.current;
    if (node === null) {
      return undefined;
    }
    const measure = (): void => {
      // Nothing is laid out while the panel is hidden: keep what was.
      if (node.clientWidth > 0 && node.clientHeight > 0) {
        setSize({ width: node.clientWidth, height: node.clientHeight });
      }
    };
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    return () => {
      observer.disconnect();
    };
  }, [element]);
  return size;
}

/** Measures names as they are drawn in an element. */
export function useMeasure(element: React.RefObject<HTMLElement>, ready: boolean): Measure | null {
  return React.useMemo(() => {
    if (!ready || element.current === null) {
      return null;
    }
    const family = getComputedStyle(element.current).fontFamily;
    return measureIn(`500 ${String(NAME_SIZE)}px ${family}`);
  }, [element, ready]);
}

/** Colours for what is no element. */
export interface IPalette {
  readonly states: Readonly<Record<TaskState, string>>;
  readonly edge: string;
  readonly kin: string;
  readonly selected: string;
  readonly ground: string;
}

/** The colours of the theme, as they are inside of an element; null until they are known. */
export function usePalette(element: React.RefObject<HTMLElement>): IPalette | null {
  const [palette, setPalette] = React.useState<IPalette | null>(null);
  React.useEffect(() => {
    const node = element.current;
    if (node === null) {
      return undefined;
    }
    const read = (): void => {
      setPalette(paletteIn(node));
    };
    read();
    // JupyterLab names its theme here, before and after the style sheet has come.
    const observer = new MutationObserver(() => {
      setTimeout(read, 200);
      read();
    });
    observer.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-name'] });
    return () => {
      observer.disconnect();
    };
  }, [element]);
  return palette;
}

function paletteIn(node: HTMLElement): IPalette {
  const probe = document.createElement('i');
  probe.style.display = 'none';
  node.append(probe);
  const colour = (variable: string): string => {
    probe.style.color = `var(${variable})`;
    return getComputedStyle(probe).color;
  };
  const states = Object.fromEntries(
    STATES.map(state => {
      probe.dataset.state = state;
      return [state, colour('--jp-cauce-state')];
    })
  ) as Record<TaskState, string>;
  const palette = {
    states,
    edge: colour('--jp-cauce-edge'),
    kin: colour('--jp-brand-color1'),
    selected: colour('--jp-brand-color1'),
    ground: colour('--jp-layout-color0')
  };
  probe.remove();
  return palette;
}
