/**
 * How long laying out takes in Chromium, beside ELK on the same graphs, and how long frames take in the
 * graph of a large pipeline. `make bench` reads what is written to CAUCE_BENCH_OUT.
 */
import * as fs from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import * as path from 'node:path';

import { expect, test } from '../support/fixtures';
import { script, type Files } from '../support/project';

const ROOT = path.resolve(__dirname, '../..');
const ELK = process.env['CAUCE_BENCH_ELK'] ?? '';
const OUT = process.env['CAUCE_BENCH_OUT'] ?? '';
const TASKS = 1000;
const PAGE = '<!doctype html><title>bench</title>';

type Point = readonly [number, number];

/** What `scripts/bench/drawing/graphs.js` exports. */
interface IGraphs {
  pipeline(count: number, seed: number): [number, number][];
  crossings(lines: readonly (readonly (readonly number[])[])[]): number;
}

interface IElkPoint {
  readonly x: number;
  readonly y: number;
}

/** What ELK makes of a graph, as far as it is looked at here. */
interface IElkDrawing {
  readonly edges: readonly {
    readonly sections: readonly [
      {
        readonly startPoint: IElkPoint;
        readonly bendPoints?: readonly IElkPoint[];
        readonly endPoint: IElkPoint;
      }
    ];
  }[];
}

/** ELK, once its script is in the page. */
interface IElkWindow {
  readonly ELK: new (options: { readonly workerUrl: string }) => {
    layout(graph: object): Promise<IElkDrawing>;
    terminateWorker(): void;
  };
}

/** JupyterLab, where it exposes itself. */
interface ILabWindow {
  readonly jupyterapp: {
    readonly commands: { execute(id: string): Promise<unknown> };
  };
}

test.skip(OUT === '', 'It is run by `make bench`.');

/** A script that finds d3-dag, as a bundler would; import maps do not hold in workers. */
function resolved(text: Buffer): string {
  return text.toString().replace("from 'd3-dag'", "from '/d3-dag/d3-dag.esm.min.mjs'");
}

/** The compiled layout, the graphs and ELK, as a page of their own can load them. */
async function serve(): Promise<{ url: string; close: () => void }> {
  const places: Readonly<Record<string, string>> = {
    lib: path.join(ROOT, 'lib'),
    drawing: path.join(ROOT, 'scripts/bench/drawing'),
    elk: ELK,
    'd3-dag': path.join(ROOT, 'node_modules/d3-dag/dist')
  };
  const server = http.createServer((request, response) => {
    const [, place = '', ...rest] = (request.url ?? '').split('/');
    if (place === '') {
      response.setHeader('Content-Type', 'text/html').end(PAGE);
      return;
    }
    const file = path.join(places[place] ?? ROOT, ...rest);
    fs.readFile(/\.m?js$/.test(file) ? file : `${file}.js`).then(
      text => response.setHeader('Content-Type', 'text/javascript').end(resolved(text)),
      () => response.writeHead(404).end()
    );
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${String(port)}`, close: () => server.close() };
}

async function report(what: string, found: unknown): Promise<void> {
  const before = await fs.readFile(OUT, 'utf-8').catch(() => '{}');
  const told = { ...(JSON.parse(before) as object), [what]: found };
  await fs.writeFile(OUT, JSON.stringify(told));
}

test('layouts', async ({ browser }) => {
  const { url, close } = await serve();
  const page = await browser.newPage();
  await page.goto(url);
  const found: Record<string, unknown> = {};
  for (const count of [50, 200, 1000, 5000]) {
    found[String(count)] = await page.evaluate(
      async ([count, elk]) => {
        const sizes = { nodeWidth: 160, nodeHeight: 40, gapX: 24, gapY: 48 };
        const here = location.origin;
        const graphs = (await import(`${here}/drawing/graphs.js`)) as IGraphs;
        const worker = new Worker(`${here}/lib/graph/worker.js`, { type: 'module' });
        const ask = (input: unknown): Promise<{ edges: number[][][] }> =>
          new Promise((resolve, reject) => {
            worker.onmessage = (event: MessageEvent<{ edges: number[][][] }>) => {
              resolve(event.data);
            };
            worker.onerror = event => {
              reject(new Error(event.message));
            };
            worker.postMessage(input);
          });
        const told = {
          ours: [] as number[],
          peer: [] as number[],
          crossings: [0, 0] as [number, number]
        };
        await ask({ count: 200, edges: graphs.pipeline(200, 9), ...sizes });
        const seeds = count > 1000 ? [1] : [1, 2, 3];
        for (const seed of seeds) {
          const edges = graphs.pipeline(count, seed);
          for (let round = 0; round < 3; round++) {
            const began = performance.now();
            const drawing = await ask({ count, edges, ...sizes });
            told.ours.push((performance.now() - began) / 1000);
            if (round === 0) {
              told.crossings[0] += graphs.crossings(drawing.edges);
            }
          }
          if (elk !== '') {
            await new Promise(resolve => {
              const tag = document.createElement('script');
              tag.src = `${here}/elk/elk-api.js`;
              tag.onload = resolve;
              document.head.append(tag);
            });
            const peer = new (window as unknown as IElkWindow).ELK({
              workerUrl: `${here}/elk/elk-worker.min.js`
            });
            const graph = {
              id: 'root',
              layoutOptions: {
                'elk.algorithm': 'layered',
                'elk.direction': 'DOWN',
                'elk.edgeRouting': 'POLYLINE',
                'elk.spacing.nodeNode': '24',
                'elk.layered.spacing.nodeNodeBetweenLayers': '48'
              },
              children: Array.from({ length: count }, (_, i) => ({
                id: String(i),
                width: 160,
                height: 40
              })),
              edges: edges.map(([a, b], i) => ({
                id: `e${String(i)}`,
                sources: [String(a)],
                targets: [String(b)]
              }))
            };
            await peer.layout({ ...graph, children: graph.children.slice(0, 2), edges: [] });
            const began = performance.now();
            const drawing = await peer.layout(graph);
            told.peer.push((performance.now() - began) / 1000);
            told.crossings[1] += graphs.crossings(
              drawing.edges.map(edge => {
                const [{ startPoint, bendPoints = [], endPoint }] = edge.sections;
                return [startPoint, ...bendPoints, endPoint].map(({ x, y }): Point => [x, y]);
              })
            );
            peer.terminateWorker();
          }
        }
        worker.terminate();
        return { ...told, graphs: seeds.length };
      },
      [count, ELK] as const
    );
  }
  await page.close();
  close();
  await report('layouts', found);
});

function large(): Files {
  const files: Record<string, string> = {};
  const entries: string[] = [];
  for (let i = 0; i < TASKS; i++) {
    const name = `t${String(i)}`;
    const upstream = i < 40 ? [] : [`t${String(i - 40 + (i % 3))}`, `t${String(i - 39)}`];
    files[`${name}.py`] = script({ upstream: [...new Set(upstream)] });
    entries.push(
      `  - source: ${name}.py\n    product: {nb: out/${name}.ipynb, data: out/${name}.txt}`
    );
  }
  return { ...files, 'pipeline.yaml': `tasks:\n${entries.join('\n')}\n` };
}

test.describe('a large pipeline', () => {
  test.use({ files: large() });

  test('frames', async ({ page, panel }) => {
    await panel.open();
    await page.evaluate(async () => {
      await (window as unknown as ILabWindow).jupyterapp.commands.execute('cauce:open-main');
    });
    const graph = page.locator('#cauce-main-panel .jp-cauce-Graph');
    await expect(graph).toHaveAttribute('data-ready', 'true', { timeout: 120_000 });
    const frames = (way: 'pan' | 'zoom' | 'overview'): Promise<number[]> =>
      graph.evaluate(async (node, way) => {
        const frame = (): Promise<number> => new Promise(requestAnimationFrame);
        const { left, top, width, height } = node.getBoundingClientRect();
        const found: number[] = [];
        let last = await frame();
        for (let i = 0; i < 90; i++) {
          const zooms = way === 'zoom';
          node.dispatchEvent(
            new WheelEvent('wheel', {
              bubbles: true,
              cancelable: true,
              clientX: left + width / 2,
              clientY: top + height / 2,
              ctrlKey: zooms,
              deltaX: zooms ? 0 : i < 45 ? 14 : -14,
              deltaY: zooms ? (i < 45 ? 3 : -3) : i < 45 ? 9 : -9
            })
          );
          const now = await frame();
          found.push((now - last) / 1000);
          last = now;
        }
        return found;
      }, way);
    const pan = await frames('pan');
    const zoom = await frames('zoom');
    await graph.focus();
    await page.keyboard.press('0');
    await expect(graph).toHaveAttribute('data-painted', 'true');
    await report('frames', { pan, zoom, overview: await frames('overview') });
  });
});
