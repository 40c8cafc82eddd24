/**
 * The graph as a file: an SVG or the text of a Mermaid flowchart, of everything that is arranged, whether
 * it is in sight or not. It looks as the graph does in a light theme, wherever it is shown.
 */
import { STATES } from '../filter';
import { MARKS, type TaskState } from '../taskstate';
import type { IArrangement, IItem } from './arrange';
import { shorten, type Measure } from './label';
import type { Direction, ILayout } from './layout';
import { arrowHead, edgePath } from './path';
import {
  MARK_AT,
  NAME_LEFT,
  NAME_SIZE,
  NAME_TOP,
  NODE_HEIGHT,
  PADDING,
  WORD_SIZE,
  WORD_TOP
} from './sizes';

/** What of a task is in the picture. */
export interface IPictured {
  readonly name: string;
  readonly state: TaskState;
  readonly word: string;
  readonly title: string;
}

export interface IPicture {
  readonly tasks: readonly IPictured[];
  readonly arrangement: IArrangement;
  readonly layout: ILayout;
  readonly direction: Direction;
  readonly nodeWidth: number;
  readonly measure: Measure;
  /** What the picture shows, in a sentence. */
  readonly title: string;
}

const FONTS = 'system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif';
const MARGIN = 16;
const [INK, QUIET, EDGE] = ['#212121', '#616161', '#757575'] as const;
const GREY = '#757575';
const COLOURS: Readonly<Record<TaskState, string>> = {
  asked: '#1976d2',
  running: '#1976d2',
  waiting: GREY,
  broken: '#d32f2f',
  blocked: GREY,
  failed: '#d32f2f',
  cancelled: '#b45309',
  skipped: GREY,
  never: GREY,
  stale: '#b45309',
  fresh: '#2e7d32'
};
const DASHED: ReadonlySet<TaskState> = new Set(['never', 'skipped', 'blocked']);

/** The picture as SVG, with names as text and nothing that it would have to load. */
export function svgPicture(picture: IPicture): string {
  const { layout, direction, nodeWidth, arrangement, title } = picture;
  const trim = direction === 'down' ? NODE_HEIGHT / 2 : nodeWidth / 2;
  const [width, height] = [layout.width + 2 * MARGIN, layout.height + 2 * MARGIN].map(Math.ceil);
  const lines = layout.edges.map((points, i) => {
    const dashed = arrangement.edges[i]?.indirect === true ? ' stroke-dasharray="5 4"' : '';
    const path = edgePath(points, trim, direction) + arrowHead(points, trim, direction);
    return `<path d="${path}"${dashed}/>`;
  });
  const boxes = arrangement.items.map((item, i) => {
    const [x, y] = layout.nodes[i] ?? [0, 0];
    const at = `translate(${number(x - nodeWidth / 2)} ${number(y - NODE_HEIGHT / 2)})`;
    return `<g transform="${at}">${item.group ? group(item, picture) : task(item, picture)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${String(width)}" height="${String(height)}"`,
    ` viewBox="${String(-MARGIN)} ${String(-MARGIN)} ${String(width)} ${String(height)}"`,
    ` role="img" font-family="${escaped(FONTS)}"><title>${escaped(title)}</title>`,
    `<rect x="${String(-MARGIN)}" y="${String(-MARGIN)}" width="100%" height="100%" fill="#fff"/>`,
    `<g fill="none" stroke="${EDGE}" stroke-width="1.3">${lines.join('')}</g>`,
    `${boxes.join('')}</svg>\n`
  ].join('');
}

/** The picture as a Mermaid flowchart: names stand in labels alone. */
export function mermaidPicture({ tasks, arrangement, direction }: IPicture): string {
  const lines = [direction === 'down' ? 'flowchart TD' : 'flowchart LR'];
  const used = new Set<TaskState>();
  arrangement.items.forEach((item, i) => {
    const { state, words } = told(item, tasks);
    used.add(state);
    const [open, close] = item.group ? ['[[', ']]'] : ['(', ')'];
    const label = `<b>${mermaidText(item.label)}</b><br/>${mermaidText(words)}`;
    lines.push(`    t${String(i)}${open}"${label}"${close}:::${state}`);
  });
  for (const { from, to, indirect } of arrangement.edges) {
    lines.push(`    t${String(from)} ${indirect ? '-.->' : '-->'} t${String(to)}`);
  }
  for (const state of STATES.filter(each => used.has(each))) {
    const dash = DASHED.has(state) ? ',stroke-dasharray:4 3' : '';
    lines.push(
      `    classDef ${state} fill:#fff,stroke:${COLOURS[state]},stroke-width:1.5px,color:${INK}${dash}`
    );
  }
  return `${lines.join('\n')}\n`;
}

function task(item: IItem, { tasks, nodeWidth, measure }: IPicture): string {
  const [member = -1] = item.members;
  const { state, words } = told(item, tasks);
  const room = nodeWidth - NAME_LEFT - PADDING;
  return [
    `<title>${escaped(tasks[member]?.title ?? item.label)}</title>`,
    box(0, nodeWidth, state),
    sign(state, ...MARK_AT),
    text(shorten(item.label, room, measure), NAME_LEFT, NAME_TOP, NAME_SIZE),
    text(
      shorten(words, room, each => (measure(each) * WORD_SIZE) / NAME_SIZE),
      NAME_LEFT,
      WORD_TOP,
      WORD_SIZE
    )
  ].join('');
}

function group(item: IItem, { tasks, nodeWidth, measure }: IPicture): string {
  let at = PADDING + 1;
  const counts = countsOf(item, tasks).map(([state, count]) => {
    const x = at;
    at += 22 + measure(String(count));
    return at > nodeWidth
      ? ''
      : sign(state, x, 20) + text(String(count), x + 15, WORD_TOP, WORD_SIZE);
  });
  const { state } = told(item, tasks);
  return [
    `<title>${escaped(item.label)}</title>`,
    box(5, nodeWidth, 'waiting'),
    box(2.5, nodeWidth, 'waiting'),
    box(0, nodeWidth, state),
    text(shorten(item.label, nodeWidth - 2 * PADDING, measure), PADDING + 1, NAME_TOP, NAME_SIZE),
    ...counts
  ].join('');
}

function box(at: number, width: number, state: TaskState): string {
  const dash = DASHED.has(state) ? ' stroke-dasharray="4 3"' : '';
  return (
    `<rect x="${String(at)}" y="${String(at)}" width="${number(width)}" height="${String(NODE_HEIGHT)}"` +
    ` rx="5" fill="#fff" stroke="${COLOURS[state]}" stroke-width="1.2"${dash}/>`
  );
}

function sign(state: TaskState, x: number, y: number): string {
  const { line, fill } = MARKS[state];
  const filled = fill === undefined ? '' : `<path d="${fill}" fill="${COLOURS[state]}"/>`;
  return (
    `<g transform="translate(${number(x)} ${number(y)})">${filled}<path d="${line}" fill="none"` +
    ` stroke="${COLOURS[state]}" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"/></g>`
  );
}

function text(words: string, x: number, y: number, size: number): string {
  const how = size === NAME_SIZE ? `fill="${INK}" font-weight="500"` : `fill="${QUIET}"`;
  return `<text x="${number(x)}" y="${number(y)}" font-size="${String(size)}" ${how}>${escaped(words)}</text>`;
}

/** The state of an item, and its words: of a group how many tasks it has. */
function told(item: IItem, tasks: readonly IPictured[]): { state: TaskState; words: string } {
  const [first = -1] = item.members;
  return item.group
    ? { state: countsOf(item, tasks)[0]?.[0] ?? 'fresh', words: `× ${String(item.members.length)}` }
    : { state: tasks[first]?.state ?? 'fresh', words: tasks[first]?.word ?? '' };
}

function countsOf(
  item: IItem,
  tasks: readonly IPictured[]
): readonly (readonly [TaskState, number])[] {
  return STATES.flatMap(state => {
    const count = item.members.filter(member => tasks[member]?.state === state).length;
    return count === 0 ? [] : [[state, count] as const];
  });
}

function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Text as it may stand in XML: without the letters that XML has no place for. */
function escaped(words: string): string {
  return words
    .replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, each => (each === '\n' ? each : '\ufffd'))
    .replace(/[&<>"]/gu, each => `&#${String(each.charCodeAt(0))};`);
}

/** Text in which Mermaid, or the Markdown around it, finds nothing of its own. */
function mermaidText(words: string): string {
  return words.replace(/[^\p{L}\p{N} /.-]/gu, each => `#${String(each.codePointAt(0))};`);
}
