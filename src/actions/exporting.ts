/**
 * Pictures of the graph: drawn from what is known, not from what is on the screen.
 */
import type { Contents } from '@jupyterlab/services';
import { InputDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { parseFilter } from '../filter';
import { arrange } from '../graph/arrange';
import { measureIn } from '../graph/label';
import { layouter } from '../graph/layouter';
import type { ILayout } from '../graph/layout';
import type { Format, IGraphView } from '../graph/look';
import { mermaidPicture, svgPicture, type IPicture } from '../graph/picture';
import {
  GAPS,
  MAX_WIDTH,
  MIN_WIDTH,
  NAME_LEFT,
  NAME_SIZE,
  NODE_HEIGHT,
  PADDING
} from '../graph/sizes';
import type { PipelineModel } from '../model';
import { taskNodes } from '../nodes';

const SUFFIXES: Readonly<Record<Format, string>> = { svg: '.svg', png: '.png', mermaid: '.mmd' };
/** Browsers refuse canvases that are larger, or give empty ones. */
const [MOST_PIXELS, MOST_SIDE] = [50_000_000, 16_000];

/** Where a picture goes: to the browser's downloads, or beside pipeline.yaml. */
export type Place = 'download' | 'project';

interface IOptions {
  readonly model: PipelineModel;
  readonly contents: Contents.IManager;
  readonly trans: TranslationBundle;
  readonly format: Format;
  /** How somebody looks at the graph; the whole of it as it is without. */
  readonly look: IGraphView;
  readonly filter: string;
  /** Asked for when it is null. */
  readonly place: Place | null;
}

/** Save a picture. Answers where it is in the project; null for a download, or when nothing was saved. */
export async function exportGraph(options: IOptions): Promise<string | null> {
  const { model, contents, trans, format } = options;
  const path = model.path;
  if (path === null || model.snapshot === null || model.snapshot.tasks.length === 0) {
    return null;
  }
  const name = `${model.snapshot.name.replace(/[^\p{L}\p{N} ._-]+/gu, '_')}${SUFFIXES[format]}`;
  const place = options.place ?? (await askPlace(trans, name));
  if (place === null) {
    return null;
  }
  const picture = await draw(options);
  const svg = format === 'mermaid' ? null : svgPicture(picture);
  const content =
    svg === null
      ? new Blob([mermaidPicture(picture)], { type: 'text/plain' })
      : format === 'svg'
        ? new Blob([svg], { type: 'image/svg+xml' })
        : await png(svg, picture.layout, trans);
  if (place === 'download') {
    download(content, name);
    return null;
  }
  const target = PathExt.join(PathExt.dirname(path), name);
  await contents.save(target, {
    name,
    path: target,
    type: 'file',
    ...(format === 'png'
      ? { format: 'base64', content: await base64(content) }
      : { format: 'text', content: await content.text() })
  });
  return target;
}

async function askPlace(trans: TranslationBundle, name: string): Promise<Place | null> {
  const places = [trans.__('Download'), trans.__('Save beside pipeline.yaml')];
  const { button, value } = await InputDialog.getItem({
    title: trans.__('Where is %1 to go?', name),
    label: trans.__('A file of that name in the project is replaced.'),
    items: places,
    okLabel: trans.__('Save')
  });
  return !button.accept || value === null ? null : value === places[0] ? 'download' : 'project';
}

async function draw({ model, trans, look, filter }: IOptions): Promise<IPicture> {
  const tasks = taskNodes(trans)(model.snapshot, null);
  const number = new Map(tasks.map(({ name }, i) => [name, i]));
  const links = (model.snapshot?.edges ?? []).map(
    ({ source, target }) => [number.get(source) ?? -1, number.get(target) ?? -1] as const
  );
  const { matches, empty } = parseFilter(filter);
  const arrangement = arrange(tasks, links, {
    ...look,
    centre: model.selection,
    only:
      look.hideOthers && !empty
        ? i => {
            const node = tasks[i];
            return node !== undefined && matches(node);
          }
        : null
  });
  const measure = measureIn(`500 ${String(NAME_SIZE)}px Helvetica, Arial, sans-serif`);
  const longest = arrangement.items.reduce((most, { label }) => Math.max(most, measure(label)), 0);
  // Fonts differ from one machine to the next: a little more room.
  const wanted = Math.ceil(longest * 1.08) + NAME_LEFT + PADDING;
  const nodeWidth = Math.min(1.5 * MAX_WIDTH, Math.max(1.2 * MIN_WIDTH, wanted));
  const direction = look.direction === 'right' ? 'right' : 'down';
  const gaps = GAPS[direction];
  const layout = await new Promise<ILayout>(resolve => {
    layouter.request(
      {
        count: arrangement.items.length,
        edges: arrangement.edges.map(({ from, to }) => [from, to] as const),
        nodeWidth,
        nodeHeight: NODE_HEIGHT,
        gapX: direction === 'down' ? gaps.across : gaps.along,
        gapY: direction === 'down' ? gaps.along : gaps.across,
        direction
      },
      resolve
    );
  });
  const title = trans.__('The pipeline %1', model.snapshot?.name ?? '');
  return { tasks, arrangement, layout, direction, nodeWidth, measure, title };
}

/** The picture in pixels: twice as many as it has units, unless there would be too many. */
async function png(
  svg: string,
  { width, height }: ILayout,
  trans: TranslationBundle
): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const zoom = Math.min(
      2,
      Math.sqrt(MOST_PIXELS / Math.max(width * height, 1)),
      MOST_SIDE / Math.max(width, height, 1)
    );
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(image.width * zoom));
    canvas.height = Math.max(1, Math.round(image.height * zoom));
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise<Blob>((resolve, reject) => {
      canvas.toBlob(blob => {
        if (blob === null) {
          reject(
            new Error(trans.__('The browser cannot make a picture of that size: save it as SVG.'))
          );
        } else {
          resolve(blob);
        }
      }, 'image/png');
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}

function download(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => {
    URL.revokeObjectURL(link.href);
  }, 10_000);
}

async function base64(content: Blob): Promise<string> {
  const bytes = new Uint8Array(await content.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}
