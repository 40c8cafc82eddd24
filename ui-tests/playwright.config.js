/**
 * End-to-end tests: a real JupyterLab with a real server and real kernels, in the Chromium
 * that is installed (nothing is downloaded).
 *
 * Three projects: `cauce`, the tests; `screenshots`, which makes the documents' pictures; `bench`, which
 * `make bench` times drawing with.
 * The server serves a new temporary folder; the tests write their projects into it.
 */
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const base = require('@jupyterlab/galata/lib/playwright-config');

// Playwright reads this file in each worker again: what is decided once travels in the environment.
process.env.CAUCE_UI_PORT ??= '8765';
if (!process.env.JUPYTERLAB_GALATA_ROOT_DIR) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'cauce-ui-'));
  process.env.JUPYTERLAB_GALATA_ROOT_DIR = made;
  process.on('exit', () => {
    fs.rmSync(made, { recursive: true, force: true });
  });
}
process.env.PW_CHROMIUM ??= installedChromium();

const url = `http://127.0.0.1:${process.env.CAUCE_UI_PORT}`;

function installedChromium() {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf-8' }).trim();
    } catch {
      // Not this one.
    }
  }
  throw new Error('No Chromium found: install it, or set PW_CHROMIUM to its path.');
}

module.exports = {
  ...base,
  // One kernel at a time is enough for a small machine.
  workers: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  retries: 0,
  // What never comes is waited for in vain; what comes late, on a machine that does much else, is not.
  timeout: 360_000,
  expect: { timeout: 60_000 },
  reporter: [['list']],
  projects: [
    { name: 'cauce', testDir: 'tests' },
    { name: 'bench', testDir: 'bench', timeout: 1_200_000 },
    {
      name: 'screenshots',
      testDir: '.',
      testMatch: ['screenshots/*.spec.ts', 'tests/tutorial.spec.ts'],
      use: { viewport: { width: 1360, height: 850 } }
    }
  ],
  use: {
    ...base.use,
    baseURL: url,
    locale: 'en-US',
    viewport: { width: 1280, height: 800 },
    trace: 'retain-on-failure',
    // Galata's default needs a download of ffmpeg.
    video: 'off',
    launchOptions: {
      executablePath: process.env.PW_CHROMIUM,
      args: [
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-dev-shm-usage',
        '--disable-lcd-text',
        '--disable-sync',
        '--no-first-run'
      ]
    }
  },
  webServer: {
    // Without npm in between, so that stopping it stops it.
    command: `exec jupyter lab --config jupyter_server_test_config.py${
      process.getuid?.() === 0 ? ' --allow-root' : ''
    }`,
    url: `${url}/lab`,
    timeout: 180_000,
    reuseExistingServer: false,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 10_000 },
    stdout: 'ignore',
    stderr: process.env.CAUCE_UI_SERVER_LOG ? 'pipe' : 'ignore'
  }
};
