/**
 * What stands above the drawing: zoom, and how the graph is shown.
 */
import * as React from 'react';

import { GROUPINGS } from './groups';
import { DIRECTIONS, FORMATS, LEVELS, type Format, type IGraphView } from './look';

export interface IControlWords {
  readonly zoomIn: string;
  readonly zoomOut: string;
  readonly fit: string;
  readonly options: string;
  readonly grouping: string;
  readonly groupings: Readonly<Record<IGraphView['grouping'], string>>;
  readonly levels: string;
  readonly level: (count: number) => string;
  readonly direction: string;
  readonly directions: Readonly<Record<IGraphView['direction'], string>>;
  readonly hideOthers: string;
  readonly hideLinks: string;
  readonly map: string;
  readonly export: string;
  readonly formats: Readonly<Record<Format, string>>;
}

export interface IControlsProps {
  readonly words: IControlWords;
  readonly view: IGraphView;
  readonly onView: (parts: Partial<IGraphView>) => void;
  readonly onZoom: (way: 1 | -1) => void;
  readonly onFit: () => void;
  readonly onExport: ((format: Format) => void) | null;
}

const SIGNS = {
  out: 'M3.5 8h9',
  in: 'M8 3.5v9M3.5 8h9',
  fit: 'M3 6.5V3h3.5M9.5 3H13v3.5M13 9.5V13H9.5M6.5 13H3V9.5',
  options: 'M2.5 4.5h6M12.5 4.5h1M2.5 11.5h1M7.5 11.5h6M10.5 2.8v3.4M5.5 9.8v3.4'
} as const;

export function Controls(props: IControlsProps): React.JSX.Element {
  const { words, onZoom, onFit } = props;
  const [open, setOpen] = React.useState(false);
  const box = React.useRef<HTMLDivElement>(null);
  const own = React.useId();
  React.useEffect(() => {
    if (!open) {
      return undefined;
    }
    const onPress = (event: PointerEvent): void => {
      if (event.target instanceof Node && box.current?.contains(event.target) === false) {
        setOpen(false);
      }
    };
    document.addEventListener('pointerdown', onPress, true);
    return () => {
      document.removeEventListener('pointerdown', onPress, true);
    };
  }, [open]);
  return (
    <div
      className="jp-cauce-Graph-controls jp-cauce-Graph-above"
      ref={box}
      data-scrolls
      onKeyDown={event => {
        if (event.key === 'Escape' && open) {
          setOpen(false);
          box.current?.querySelector<HTMLElement>('[aria-expanded]')?.focus();
        }
        // Keys of the drawing are not keys of the controls.
        event.stopPropagation();
      }}
    >
      {open ? (
        <Options
          {...props}
          id={own}
          onExport={
            props.onExport === null
              ? null
              : format => {
                  setOpen(false);
                  props.onExport?.(format);
                }
          }
        />
      ) : null}
      <div className="jp-cauce-Graph-zoom">
        <Press
          title={words.zoomOut}
          sign={SIGNS.out}
          onClick={() => {
            onZoom(-1);
          }}
        />
        <Press title={words.fit} sign={SIGNS.fit} onClick={onFit} />
        <Press
          title={words.zoomIn}
          sign={SIGNS.in}
          onClick={() => {
            onZoom(1);
          }}
        />
        <Press
          title={words.options}
          sign={SIGNS.options}
          expanded={open}
          controls={own}
          onClick={() => {
            setOpen(!open);
          }}
        />
      </div>
    </div>
  );
}

function Press(props: {
  readonly title: string;
  readonly sign: string;
  readonly expanded?: boolean;
  readonly controls?: string;
  readonly onClick: () => void;
}): React.JSX.Element {
  return (
    <button
      type="button"
      title={props.title}
      aria-label={props.title}
      aria-expanded={props.expanded}
      aria-controls={props.expanded === true ? props.controls : undefined}
      onClick={props.onClick}
    >
      <svg width={16} height={16} viewBox="0 0 16 16" aria-hidden="true">
        <path d={props.sign} />
      </svg>
    </button>
  );
}

function Options(props: IControlsProps & { readonly id: string }): React.JSX.Element {
  const { id, words, view, onView, onExport } = props;
  const first = React.useRef<HTMLSelectElement>(null);
  React.useEffect(() => {
    first.current?.focus();
  }, []);
  return (
    <div className="jp-cauce-Graph-options" role="group" aria-label={words.options} id={id}>
      <label>
        <span>{words.grouping}</span>
        <select
          ref={first}
          value={view.grouping}
          onChange={event => {
            const grouping = event.target.value as IGraphView['grouping'];
            onView({ grouping, expanded: [] });
          }}
        >
          {(['auto', 'none', ...GROUPINGS] as const).map(each => (
            <option key={each} value={each}>
              {words.groupings[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{words.levels}</span>
        <select
          value={view.levels}
          onChange={event => {
            onView({ levels: Number(event.target.value) });
          }}
        >
          {LEVELS.map(each => (
            <option key={each} value={each}>
              {words.level(each)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{words.direction}</span>
        <select
          value={view.direction}
          onChange={event => {
            onView({ direction: event.target.value as IGraphView['direction'] });
          }}
        >
          {DIRECTIONS.map(each => (
            <option key={each} value={each}>
              {words.directions[each]}
            </option>
          ))}
        </select>
      </label>
      {(['hideOthers', 'hideLinks', 'map'] as const).map(each => (
        <label key={each} className="jp-cauce-Graph-check">
          <input
            type="checkbox"
            checked={view[each]}
            onChange={event => {
              onView({ [each]: event.target.checked });
            }}
          />
          <span>{words[each]}</span>
        </label>
      ))}
      {onExport === null ? null : (
        <div className="jp-cauce-Graph-export">
          <span>{words.export}</span>
          {FORMATS.map(format => (
            <button
              key={format}
              type="button"
              onClick={() => {
                onExport(format);
              }}
            >
              {words.formats[format]}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
