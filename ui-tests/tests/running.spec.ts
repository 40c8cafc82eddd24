/**
 * Builds beside the panel: what would run, the status bar, the panel of what runs, notifications,
 * and a browser that comes and goes while something is built.
 */
import { galata } from '@jupyterlab/galata';

import { expectAccessible } from '../support/axe';
import { expect, test as base } from '../support/fixtures';
import { expectRemembered } from '../support/memory';
import { CHAIN, pipelineYaml, script, type Files } from '../support/project';
import { Running } from '../support/running';

const test = base.extend<{ running: Running }>({
  running: async ({ page }, use) => {
    await use(new Running(page));
  }
});

/** Waits until a file is there: the test says when it ends. */
const SLOW: Files = {
  'pipeline.yaml': pipelineYaml(['slow', 'after']),
  'slow.py': script({
    code: 'import time\nwhile not Path("go").exists():\n    time.sleep(0.05)\nresult = "x"'
  }),
  'after.py': script({ upstream: ['slow'] })
};

/** Until that file is there, they wait. */
const WAIT = 'import time\nwhile not Path("go").exists():\n    time.sleep(0.05)\n';

const FAILS: Files = {
  'pipeline.yaml': pipelineYaml(['good', 'bad', 'after']),
  'good.py': script(),
  'bad.py': script({ upstream: ['good'], code: 'result = 1 / 0' }),
  'after.py': script({ upstream: ['bad'] })
};

test.describe('What would run', () => {
  test.use({ files: CHAIN });

  test('is told with reasons, and is what then runs', async ({ page, panel, project, running }) => {
    await running.palette('Show What Would Run');
    await expect(running.plan).toContainText('3 tasks would run');
    await running.close('Build');
    await panel.expectState('third', 'fresh');
    await panel.expectIdle();
    const before = await project.modified('output/first.txt');

    await project.edit('second.py', '+ "x"', '+ "y"');
    await panel.expectState('second', 'stale');
    await running.runMenu('Show What Would Run…');
    await running.expectPlanned([
      'second | runs | The code changed.',
      'third | may run | If what second makes changes.'
    ]);
    await expect(running.plan).toContainText('1 task would run · 1 may run · 1 is up to date');
    await expect(running.plan.locator('code')).toHaveText('cauce build');
    await expectAccessible(page, '.jp-Dialog');
    await expectAccessible(page, '.jp-cauce-Status');

    // It keeps up with what happens meanwhile.
    await project.edit('first.py', '+ "x"', '+ "z"');
    await expect(running.plan).toContainText('2 tasks would run · 1 may run');
    await running.close('Close');
    expect(await project.modified('output/first.txt')).toBe(before);
  });

  test('is asked before everything is built again', async ({ panel, project, running }) => {
    await panel.build();
    await panel.expectFinished('ok');
    const before = await project.modified('output/first.txt');
    await panel.more('Build Pipeline from Scratch…');
    await expect(running.plan).toContainText('Run everything again?');
    await expect(running.plan).toContainText('3 tasks would run');
    await running.close('Cancel');
    expect(await project.modified('output/first.txt')).toBe(before);
    await panel.more('Build Pipeline from Scratch…');
    await panel.startFrom(running.planButton('Build from Scratch'));
    await expect(running.plan).toHaveCount(0);
    await panel.expectFinished('ok');
    expect(await project.modified('output/first.txt')).not.toBe(before);
    await panel.expectState('third', 'fresh');
  });

  test('of the selected task is in its context menu, and so are all ways to run it', async ({
    panel,
    project,
    running
  }) => {
    await panel.chooseFor('second', 'Show What Running It Would Do…');
    await running.expectPlanned(['first', 'second'], ['name']);
    await expect(running.plan.locator('code')).toHaveText('cauce build second');
    await running.close('Build');
    await panel.expectState('second', 'fresh');
    await panel.expectState('third', 'never');
    await panel.expectIdle();
    await panel.chooseFor('second', 'Run Task and What Depends on It');
    await panel.expectState('third', 'fresh');
    expect(await project.read('output/third.txt')).toBe('xxx');
  });
});

test.describe('A build that takes its time', () => {
  test.use({ files: SLOW });

  test('shows in the status bar and in the panel of what runs, which cancels it', async ({
    page,
    panel,
    running
  }) => {
    await panel.build();
    await running.expectStatus('running', '0/2');
    await expect(running.status.locator('.jp-cauce-Status-bar')).toBeVisible();
    const builds = await running.builds();
    await expect(builds).toHaveCount(1);
    await expect(builds).toContainText('0 of 2 tasks done');
    await builds.hover();
    await builds.locator('.jp-RunningSessions-itemShutdown').click();
    // The panel is closed: a notification tells, for five seconds, and the status bar.
    await expect(running.notification).toContainText('Cancelled');
    await expect(builds).toHaveCount(0);
    await running.status.click();
    await panel.expectState('slow', 'cancelled');
    await expect(page.locator('#cauce-panel')).toBeVisible();
  });

  test('started in a terminal is listed, too', async ({ panel, project, running }) => {
    await panel.expectState('slow', 'never');
    const build = project.cauce('build');
    const builds = await running.builds();
    await expect(builds).toHaveCount(1, { timeout: 60_000 });
    await project.write({ go: '' });
    await build;
    await expect(builds).toHaveCount(0, { timeout: 60_000 });
  });

  test('goes on when the page is reloaded, and is told of at its end', async ({
    page,
    panel,
    project,
    running
  }) => {
    await panel.build();
    await panel.expectState('slow', 'running');
    await page.sidebar.close('left');
    await expectRemembered(page, 'layout-restorer:data', '"left":{"collapsed":true');
    await page.reload();
    // Nobody has opened the panel.
    await running.expectStatus('running', '0/2');
    await expect(page.locator('#cauce-panel')).not.toBeVisible();
    await project.write({ go: '' });
    await expect(running.notification).toContainText('2 tasks ran', { timeout: 60_000 });
    await running.expectStatus('fresh', 'up to date');
    await running.notification.getByRole('button', { name: 'Show' }).click();
    await panel.expectState('after', 'fresh');
  });

  test('ends while no browser is open, and another page shows how', async ({
    page,
    panel,
    project,
    running
  }) => {
    await panel.build();
    await panel.expectState('slow', 'running');
    await page.evaluate(() => {
      window.location.href = 'about:blank';
    });
    await page.waitForURL('about:blank');
    await project.write({ go: '' });
    await expect.poll(() => project.exists('output/after.txt'), { timeout: 60_000 }).toBe(true);
    await page.goto();
    await panel.open();
    await panel.expectState('after', 'fresh');
    await running.expectStatus('fresh');
  });
});

test.describe('A build that fails while nobody looks', () => {
  test.use({ files: { ...FAILS, 'good.py': script({ code: `${WAIT}result = "x"` }) } });

  test('says what to do next', async ({ page, panel, project, running }) => {
    await panel.build();
    await page.sidebar.openTab('filebrowser');
    await expect(panel.root).toBeHidden();
    await project.write({ go: '' });
    await expect(running.notification).toContainText('bad failed: ZeroDivisionError', {
      timeout: 60_000
    });
    await running.expectStatus('failed', '1 task failed');
    await running.notification.getByRole('button', { name: 'Open at Error' }).click();
    await expect(page.locator('.jp-FileEditor:visible')).toContainText('result = 1 / 0');

    await project.edit('bad.py', '1 / 0', '"x"');
    await page.activity.closeAll();
    await running.notification.getByRole('button', { name: 'Rerun' }).click();
    await running.expectStatus('fresh');
    expect(await project.exists('output/after.txt')).toBe(true);
  });

  test('is one click away from the status bar', async ({ page, panel, project, running }) => {
    await panel.build();
    await page.sidebar.openTab('filebrowser');
    await expect(panel.root).toBeHidden();
    await project.write({ go: '' });
    await running.expectStatus('failed');
    await running.status.click();
    await expect(panel.detail).toContainText('ZeroDivisionError');
  });
});

test.describe('Settings', () => {
  test.use({
    files: FAILS,
    mockSettings: {
      ...galata.DEFAULT_SETTINGS,
      'jupyterlab-cauce:panel': { notify: 'never', view: 'graph', open: 'text', jobs: 1 }
    }
  });

  test('count', async ({ page, panel, running }) => {
    await expect(panel.node('good')).toBeVisible();
    const asked = page.waitForRequest(
      request => request.method() === 'POST' && /\/runs(\?|$)/.test(request.url())
    );
    await panel.build();
    expect((await asked).postDataJSON()).toEqual({ jobs: 1 });
    await running.expectStatus('failed');
    await expect(running.notification).toHaveCount(0);
    await panel.node('good').dblclick();
    await expect(page.locator('.jp-FileEditor:visible')).toContainText('# A task');
  });
});

test.describe('Without the server’s half', () => {
  test.use({ autoGoto: false });

  test('the panel says what is missing, and nothing else is in the way', async ({
    page,
    running
  }) => {
    await page.route(/\/cauce\/api\//, route =>
      route.fulfill({ status: 404, contentType: 'text/html', body: '<html>404</html>' })
    );
    await page.goto();
    await page.sidebar.openTab('cauce-panel');
    await expect(page.locator('#cauce-panel')).toContainText('cauce');
    await expect(page.locator('#cauce-panel .jp-cauce-Empty')).toBeVisible();
    await expect(running.status).toHaveCount(0);
  });
});
