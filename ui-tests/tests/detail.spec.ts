/**
 * The detail of a task: what changed, what it made, what it printed, and what to do once it failed.
 */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';

import type { Locator } from '@playwright/test';

import { Detail } from '../support/detail';
import { expect, test } from '../support/fixtures';
import { expectRemembered } from '../support/memory';
import type { Files } from '../support/project';

const MAKES = `# %% tags=["parameters"]
upstream = None
product = None
size = 3
names = ["a", "b"]

# %%
import base64, json, pickle
from pathlib import Path

print("\\x1b[31mred\\x1b[0m and plain")

# %%
table = "name,value\\n" + "".join(f"row {i},{i * i}\\n" for i in range(size * 100))
Path(product["table"]).write_text(table)
Path(product["facts"]).write_text(json.dumps({"loss": float("nan"), "names": names, "deep": {"n": size}}))
Path(product["page"]).write_text("<h1>A page</h1><script>document.title = 'run'</script>")
Path(product["picture"]).write_bytes(base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
))
Path(product["model"]).write_bytes(pickle.dumps({"weights": [1, 2, size]}))
`;

const FAILS = `# %% tags=["parameters"]
upstream = ["make"]
product = None

# %%
from pathlib import Path

rows = Path(upstream["make"]["table"]).read_text().splitlines()

# %%
print(len(rows), "rows")

# %%
total = 0
mean = len(rows) / total

# %%
Path(product["data"]).write_text(str(mean))
`;

const FILES: Files = {
  'pipeline.yaml': `tasks:
  - source: make.py
    product:
      nb: output/make.ipynb
      table: output/table.csv
      facts: output/facts.json
      page: output/page.html
      picture: output/picture.png
      model: output/model.pkl
    params:
      size: 3
      names: [a, b]

  - source: fail.py
    product:
      nb: output/fail.ipynb
      data: output/mean.txt
`,
  'make.py': MAKES,
  'fail.py': FAILS
};

/** Where pictures for looking at go, in either theme. */
async function picture(page: IJupyterLabPageFixture, name: string): Promise<void> {
  if (process.env.CAUCE_UI_PICTURES === undefined) {
    return;
  }
  await page.screenshot({ path: `${process.env.CAUCE_UI_PICTURES}/${name}.png` });
  await page.evaluate(() =>
    window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })
  );
  await page.waitForFunction(() => document.body.dataset.jpThemeLight === 'false');
  await expect(page.locator('#jupyterlab-splash, .jp-Splash, .splash')).toHaveCount(0);
  await page.screenshot({ path: `${process.env.CAUCE_UI_PICTURES}/${name}-dark.png` });
  await page.evaluate(() =>
    window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' })
  );
  await page.waitForFunction(() => document.body.dataset.jpThemeLight === 'true');
}

/** What is told in the corner. */
function toast(page: IJupyterLabPageFixture, text: string): Locator {
  return page.locator('.Toastify__toast-body').filter({ hasText: text });
}

test.describe('The detail of a task', () => {
  test.use({ files: FILES });

  test('looks into what it has made, each kind in its own way', async ({
    page,
    panel,
    project
  }) => {
    await project.cauce('build', 'make');
    await panel.expectState('make', 'fresh');
    await panel.select('make');
    const detail = new Detail(panel.detail);

    const table = await detail.preview('output/table.csv');
    await expect(table.getByRole('columnheader', { name: 'value' })).toBeVisible();
    await expect(table).toContainText('100 of 300 rows');

    const facts = await detail.preview('output/facts.json');
    await expect(facts).toContainText('NaN');
    await facts.getByRole('button', { name: /names/ }).click();
    await expect(facts).toContainText('"b"');

    const image = await detail.preview('output/picture.png');
    await expect(image.getByRole('img')).toHaveJSProperty('naturalWidth', 1);

    const shown = await detail.preview('output/page.html');
    await expect(shown.frameLocator('iframe').getByRole('heading')).toHaveText('A page');
    await expect(page).not.toHaveTitle('run');

    const model = await detail.preview('output/model.pkl');
    await expect(model).toContainText("{'weights': [1, 2, 3]}", { timeout: 60_000 });

    const book = await detail.preview('output/make.ipynb');
    await expect(book).toContainText('red and plain');
    await picture(page, 'previews');

    await detail.root.getByRole('button', { name: 'Hide the preview of output/page.html' }).click();
    await expect(detail.root.locator('iframe')).toHaveCount(0);
  });

  test('shows what changed since the last success', async ({ page, panel, project }) => {
    await project.cauce('build', 'make');
    await project.edit('make.py', 'i * i', 'i * i * i');
    await project.edit('pipeline.yaml', 'size: 3', 'size: 30');
    await panel.expectState('make', 'stale');
    await panel.select('make');
    const changes = new Detail(panel.detail).part('Changes since the last success');
    await expect(changes).toContainText('size = 30');
    await expect(changes.locator('.jp-cauce-SideBySide-word').first()).toBeVisible();
    await expect(changes).toContainText('i * i * i');
    await picture(page, 'changes');
  });

  test('opens the notebook of each attempt', async ({ page, panel, project }) => {
    await project.cauce('build', 'make');
    await project.edit('pipeline.yaml', 'size: 3', 'size: 30');
    await project.cauce('build', 'make');
    await panel.expectState('make', 'fresh');
    await panel.select('make');
    const attempts = await new Detail(panel.detail).unfold('Attempts');
    const books = attempts.getByRole('button', { name: 'Open the notebook of the run of' });
    await expect(books).toHaveCount(2);
    await attempts.scrollIntoViewIfNeeded();
    await picture(page, 'attempts');
    await books.last().click();
    const notebook = page.locator('.jp-NotebookPanel:visible');
    await expect(notebook).toContainText('size = 3');
    await expect(notebook).not.toContainText('size = 30');
  });

  test('remembers what was folded up', async ({ page, panel, project }) => {
    await panel.select('make');
    const detail = new Detail(panel.detail);
    const facts = detail.part('Facts');
    await facts.getByRole('button', { name: 'Facts' }).click();
    await expect(facts).not.toContainText('pipeline.yaml');
    await panel.select('fail');
    await expect(detail.part('Facts')).not.toContainText('pipeline.yaml');
    const pipeline = `${project.folder}/pipeline.yaml`;
    await expectRemembered(page, `jupyterlab-cauce:view:cauce-panel:${pipeline}`, '"facts"');
    await page.reload();
    await panel.open();
    await panel.select('make');
    await expect(detail.part('Facts').getByRole('button', { name: 'Facts' })).toHaveAttribute(
      'aria-expanded',
      'false'
    );
  });
});

test.describe('A task that failed', () => {
  test.use({ files: FILES });

  test('opens at the cell that failed, and is debugged in a kernel with all before it', async ({
    page,
    panel,
    project
  }) => {
    await project.cauce('build').catch(() => undefined);
    await panel.expectState('fail', 'failed');
    await panel.select('fail');
    const detail = new Detail(panel.detail);
    await expect(detail.part(/^Error in cell/)).toContainText('ZeroDivisionError');
    await picture(page, 'failed');

    await detail.root.getByRole('button', { name: 'Open at the failing cell' }).click();
    const active = page.locator('.jp-Notebook .jp-Cell.jp-mod-active');
    await expect(active).toContainText('mean = len(rows) / total');
    // The cursor stands on the line.
    await expect(page.locator('#jp-main-statusbar')).toContainText('Ln 2, Col 1');
    await expect(active.locator('.cm-editor')).toHaveClass(/cm-focused/);
    await page.keyboard.type('# here ');
    await expect(active).toContainText('# here mean = len(rows) / total');
    await page.keyboard.press('Control+z');

    await detail.root.getByRole('button', { name: 'Debug' }).click();
    await expect(toast(page, 'All before the selected cell has run')).toBeVisible({
      timeout: 90_000
    });
    await expect(active).toContainText('mean = len(rows) / total');
    await expect(page.locator('.jp-Notebook .jp-OutputArea-output').last()).toContainText(
      '301 rows'
    );
    await picture(page, 'debugged');

    // Once more: the kernel holds something now, and is not taken without asking.
    await detail.root.getByRole('button', { name: 'Debug' }).click();
    await expect(page.locator('.jp-Dialog')).toContainText('Restart the kernel of this notebook?');
    await page.locator('.jp-Dialog').getByRole('button', { name: 'Cancel' }).click();
  });

  test('says so when a cell before it fails here already', async ({ page, panel, project }) => {
    await project.cauce('build').catch(() => undefined);
    await panel.expectState('fail', 'failed');
    await project.edit('fail.py', 'print(len(rows), "rows")', 'print(nobody_knows)');
    await panel.select('fail');
    await panel.detail.getByRole('button', { name: 'Debug' }).click();
    await expect(page.locator('.jp-Notebook .jp-Cell.jp-mod-active')).toContainText(
      'nobody_knows',
      {
        timeout: 90_000
      }
    );
    await expect(toast(page, 'fails here already')).toBeVisible();
  });
});

test.describe('A task of a grid that failed', () => {
  test.use({
    files: {
      'pipeline.yaml': `tasks:
  - source: part.py
    name: part-[[n]]
    product: 'out/part-[[n]].ipynb'
    grid: {n: [1, 0]}
`,
      'part.py': `# %% tags=["parameters"]
upstream = None
product = None
n = None

# %%
print("n is", n)

# %%
1 / n
`
    }
  });

  test('is debugged with its own values', async ({ page, panel, project }) => {
    await project.cauce('build').catch(() => undefined);
    await panel.expectState('part-0', 'failed');
    await panel.select('part-0');
    await panel.detail.getByRole('button', { name: 'Debug' }).click();
    await expect(toast(page, 'All before the selected cell has run')).toBeVisible();
    await expect(page.locator('.jp-Notebook .jp-OutputArea-output').last()).toContainText('n is 0');
  });
});

test.describe('A long log', () => {
  test.use({
    files: {
      'pipeline.yaml': 'tasks:\n  - source: work.talk\n    name: talk\n    product: out.txt\n',
      'work.py': `def talk(product):
    for i in range(200_000):
        print(f"line {i} of many", "x" * (300 if i % 1000 == 0 else 0))
    open(product, "w").write("x")
`
    }
  });

  test('is drawn as far as it is in sight, searched, and read backwards', async ({
    page,
    panel,
    project
  }) => {
    await project.cauce('build');
    await panel.expectState('talk', 'fresh');
    await panel.select('talk');
    const detail = new Detail(panel.detail);
    await detail.unfold('Log');
    await expect(detail.logBox).toContainText('line 199999 of many');
    expect(await detail.logRows.count()).toBeLessThan(200);

    await detail.logBox.focus();
    await page.keyboard.press('Control+f');
    await expect(detail.root.getByRole('search').getByRole('textbox')).toBeFocused();
    await page.keyboard.type('line 199000 ');
    await expect(detail.root.locator('[data-mark="current"]')).toHaveText('line 199000 ');
    await expect(detail.root.getByText('1 of 1', { exact: true })).toBeVisible();
    await picture(page, 'log');
    await page.keyboard.press('Escape');

    await detail.root.getByRole('button', { name: 'Wrap' }).click();
    await expect(detail.logBox).toContainText('line 199000 of many');
    await detail.root.getByRole('button', { name: 'Show what was before' }).click();
    await expect(detail.logBox).toContainText('line 199000 of many');

    // To the very beginning.
    await expect
      .poll(
        async () => {
          await detail.logBox.evaluate(box => {
            box.scrollTop = 0;
          });
          return detail.logBox.textContent();
        },
        { intervals: [100], timeout: 120_000 }
      )
      .toContain('line 0 of many');
    expect(await detail.logRows.count()).toBeLessThan(200);
    await detail.root.getByRole('button', { name: 'Follow' }).click();
    await expect(detail.logBox).toContainText('line 199999 of many');
  });
});

test.describe('A function that fails', () => {
  test.use({
    files: {
      'pipeline.yaml': 'tasks:\n  - source: work.mean\n    name: mean\n    product: out.txt\n',
      'work.py': `def mean(product):
    numbers = [1, 2, 3]

    total = sum(numbers)

    result = total / (len(numbers) - 3)

    open(product, "w").write(str(result))
`
    }
  });

  test('opens at the line, and is debugged as a notebook', async ({ page, panel, project }) => {
    await project.cauce('build').catch(() => undefined);
    await panel.expectState('mean', 'failed');
    await panel.select('mean');
    const detail = new Detail(panel.detail);
    await detail.root.getByRole('button', { name: 'Open at the failing line' }).click();
    await expect(page.locator('#jp-main-statusbar')).toContainText('Ln 6, Col 1');

    await detail.root.getByRole('button', { name: 'Debug' }).click();
    await expect(toast(page, 'All before the selected cell has run')).toBeVisible({
      timeout: 90_000
    });
    const active = page.locator('.jp-Notebook .jp-Cell.jp-mod-active');
    await expect(active).toContainText('result = total');
  });
});

test.describe('A task that runs', () => {
  test.use({
    files: {
      'pipeline.yaml': 'tasks:\n  - source: work.talk\n    name: talk\n    product: out.txt\n',
      'work.py': `import pathlib, time

def talk(product):
    print("the first line", flush=True)
    while not pathlib.Path("go").exists():
        time.sleep(0.1)
    print("the last line", flush=True)
    open(product, "w").write("x")
`
    }
  });

  test('has its log followed as it comes', async ({ panel, project }) => {
    await panel.select('talk');
    const detail = new Detail(panel.detail);
    await panel.startFrom(detail.root.getByRole('button', { name: 'Run task' }));
    await expect(detail.part('Log, live').getByRole('log')).toContainText('the first line');
    await project.write({ go: '' });
    await panel.expectFinished('ok');
    await detail.unfold('Log');
    await expect(detail.logBox).toContainText('the last line');
    await detail.unfold('Attempts');
    await expect(detail.part('Attempts')).toContainText('succeeded');
  });
});
