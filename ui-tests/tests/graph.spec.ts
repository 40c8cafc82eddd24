/**
 * The graph: walking it by keys, groups, the neighbourhood of a task, pictures of it.
 */
import { expect, test } from '../support/fixtures';
import { GraphView } from '../support/graph';
import { OpenNotebook } from '../support/opennotebook';
import { pipelineYaml, script, type Files } from '../support/project';

/** load → clean → (fit-a, fit-b) → report */
const DIAMOND: Files = {
  'pipeline.yaml': pipelineYaml(['load', 'clean', 'fit-a', 'fit-b', 'report']),
  'load.py': script(),
  'clean.py': script({ upstream: ['load'] }),
  'fit-a.py': script({ upstream: ['clean'] }),
  'fit-b.py': script({ upstream: ['clean'] }),
  'report.py': script({ upstream: ['fit-a', 'fit-b'] })
};

test.describe('A graph', () => {
  test.use({ files: DIAMOND });

  test('is walked along its links by keys, and shows what hangs together', async ({
    page,
    panel
  }) => {
    const graph = new GraphView(page, panel.root);
    await graph.open();
    await graph.node('load').click();
    await page.keyboard.press('ArrowDown');
    await expect(graph.node('clean')).toBeFocused();
    await page.keyboard.press('End');
    await expect(graph.node('report')).toBeFocused();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await expect(graph.node('clean')).toBeFocused();
    await expect(graph.node('clean')).toHaveAttribute('aria-pressed', 'true');
    // load → clean, and all four links below it
    await expect(graph.kin).toHaveCount(5);
    await page.keyboard.press('Escape');
    await page.mouse.move(0, 0);
    await expect(graph.kin).toHaveCount(0);
  });

  test('opens a task by a slow double-click, though the first click takes room from it', async ({
    page,
    panel,
    project
  }) => {
    const graph = new GraphView(page, panel.root);
    await graph.open();
    await graph.node('report').dblclick({ delay: 150 });
    const notebook = new OpenNotebook(page, project, 'report.py');
    await expect(notebook.injected).toContainText('fit-a');
  });

  test('draws groups, which expand and collapse', async ({ page, panel }) => {
    const graph = new GraphView(page, panel.root);
    await graph.open();
    await graph.choose('Group by', 'beginning of the name');
    await expect.poll(() => graph.tasks()).toEqual(['clean', 'load', 'report']);
    await graph.group('fit').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => graph.tasks()).toContain('fit-a');
    await expect(graph.node('fit-a')).toBeFocused();
    await page.keyboard.press('c');
    await expect(graph.group('fit')).toBeVisible();
    await expect(graph.node('fit-a')).toHaveCount(0);
  });

  test('can be limited to what stands around a task', async ({ page, panel }) => {
    const graph = new GraphView(page, panel.root);
    await graph.open();
    await graph.node('fit-a').click();
    await graph.choose('Around the selection', '1 step');
    await expect.poll(() => graph.tasks()).toEqual(['clean', 'fit-a', 'report']);
    await graph.notice.getByRole('button', { name: 'Show all' }).click();
    await expect.poll(() => graph.tasks()).toHaveLength(5);
  });

  test('is saved as a picture, downloaded or beside pipeline.yaml', async ({
    page,
    panel,
    project
  }) => {
    const graph = new GraphView(page, panel.root);
    await graph.open();
    await graph.save('SVG');
    const coming = page.waitForEvent('download');
    await page.locator('.jp-Dialog .jp-mod-accept').click();
    const svg = await (await coming).createReadStream();
    let text = '';
    for await (const part of svg) {
      text += String(part);
    }
    for (const name of ['load', 'clean', 'fit-a', 'fit-b', 'report']) {
      expect(text).toContain(`>${name}</text>`);
    }

    await graph.save('Mermaid');
    await page.locator('.jp-Dialog select').selectOption({ label: 'Save beside pipeline.yaml' });
    await page.locator('.jp-Dialog .jp-mod-accept').click();
    const file = `${project.folder.split('/').at(-1) ?? ''}.mmd`;
    await expect.poll(() => project.content(file)).toContain('t0 --> t1');
  });

  test('has a task use another by a line drawn to it, and undoes that', async ({
    page,
    panel,
    project
  }) => {
    const graph = new GraphView(page, panel.root);
    await graph.open();
    const before = await project.read('fit-b.py');
    await graph.connect('load', 'fit-b');
    await expect.poll(() => project.read('fit-b.py')).toContain('upstream = ["clean", "load"]');
    await expect(graph.edges).toHaveCount(6);
    await expect(graph.root).toHaveAttribute('data-connecting', 'false');
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await expect.poll(() => project.read('fit-b.py')).toBe(before);
    await expect(graph.edges).toHaveCount(5);
  });

  test('is panned by the wheel and shown whole again by a key', async ({ page, panel }) => {
    const graph = new GraphView(page, panel.root);
    await graph.open();
    const before = await graph.place('load');
    await graph.root.hover({ position: { x: 5, y: 60 } });
    await page.mouse.wheel(0, 40);
    await expect.poll(async () => (await graph.place('load')).y).toBeLessThan(before.y - 20);
    await graph.root.focus();
    await page.keyboard.press('0');
    await expect.poll(async () => (await graph.place('load')).y).toBeGreaterThan(before.y - 20);
  });
});

function many(count: number): Files {
  const names = Array.from({ length: count }, (_, i) => `t${String(i)}`);
  const entries = names.map(
    (name, i) =>
      `  - source: part${String(i % 12)}/${name}.py\n    product: {nb: out/${name}.ipynb, data: out/${name}.txt}\n`
  );
  return {
    'pipeline.yaml': `tasks:\n${entries.join('')}`,
    ...Object.fromEntries(
      names.map((name, i) => [
        `part${String(i % 12)}/${name}.py`,
        script(i < 12 ? {} : { upstream: [`t${String(i - 12)}`] })
      ])
    )
  };
}

test.describe('A graph of many tasks', () => {
  test.use({ files: many(240) });

  test('is drawn in groups until somebody wants all of it', async ({ page, panel }) => {
    const graph = new GraphView(page, panel.root);
    await graph.open();
    await expect(graph.notice).toContainText('240 tasks in 12 boxes');
    await graph.notice.getByRole('button', { name: 'Show all' }).click();
    await graph.settled();
    await expect(graph.root.locator('[data-cauce-group]')).toHaveCount(0);
    await expect(graph.map).toBeVisible();
    await graph.root.focus();
    await page.keyboard.press('0');
    await expect(graph.root).toHaveAttribute('data-painted', 'true');
  });
});
