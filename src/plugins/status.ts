/**
 * The plugins that tell how builds go while the panel is closed: an item of the status bar, and a
 * section of the panel with running kernels.
 *
 * Nothing of it is done before JupyterLab stands: a page that nobody builds in asks the server once.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator } from '@jupyterlab/translation';
import { Poll } from '@lumino/polling';

import { ActiveBuilds } from '../builds';
import type { PipelineModel } from '../model';
import { RunningBuilds } from '../status/running';
import { StatusItem } from '../status/item';
import { IPipelines } from '../tokens';
import { IPanel } from './panel';
import { bundle } from './translation';

/** The server watches files for five minutes after somebody has looked. */
const LOOK_EVERY_MS = 240_000;
const RUNNING_PANEL = 'jp-running-sessions';

export const status: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-cauce:status',
  description:
    'Tells in the status bar how the pipeline stands, and goes on doing so after a reload.',
  autoStart: true,
  requires: [IPipelines, IPanel],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    panel: IPanel,
    bar: IStatusBar | null,
    translator: ITranslator | null
  ): void => {
    const { model } = pipelines;
    void app.restored.then(() => {
      whenIdle(() => {
        void model.resume();
      });
    });
    if (bar === null) {
      return;
    }
    const item = new StatusItem(model, bundle(translator), task => {
      panel.show();
      if (task !== null) {
        model.select(task);
      }
    });
    bar.registerStatusItem('jupyterlab-cauce:status', {
      item,
      align: 'left',
      rank: 5,
      isActive: () => item.active,
      activeStateChanged: item.activeChanged
    });
    keepInformed(model, item);
  }
};

export const running: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-cauce:running',
  description: 'Lists the builds of this server, whoever started them, beside the running kernels.',
  autoStart: true,
  requires: [IPipelines, IPanel],
  optional: [IRunningSessionManagers, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    pipelines: IPipelines,
    panel: IPanel,
    managers: IRunningSessionManagers | null,
    translator: ITranslator | null
  ): void => {
    if (managers === null) {
      return;
    }
    const { client, model } = pipelines;
    const looks = (): boolean =>
      ['left', 'right', 'down', 'main'].some(area =>
        [...app.shell.widgets(area)].some(each => each.id === RUNNING_PANEL && each.isVisible)
      );
    const builds = new ActiveBuilds({
      client,
      model,
      events: app.serviceManager.events.stream,
      looks
    });
    const manager = new RunningBuilds({
      builds,
      trans: bundle(translator),
      open: pipeline => {
        panel.show();
        void model.choose(pipeline);
      },
      failed: error => {
        panel.actions.telling.error(error);
      }
    });
    managers.add(manager);
    void app.restored.then(() => {
      whenIdle(() => {
        builds.start();
      });
    });
  }
};

/** Hear of changes though the panel be closed, and look now and then, so that there is something to hear. */
function keepInformed(model: PipelineModel, item: StatusItem): void {
  const hears = model.follow();
  const poll = new Poll({
    name: 'jupyterlab-cauce:status',
    auto: false,
    factory: () => (model.active ? Promise.resolve() : model.resume()),
    frequency: { interval: LOOK_EVERY_MS, backoff: false },
    standby: () => (item.active ? 'when-hidden' : true)
  });
  let started = false;
  item.activeChanged.connect(() => {
    if (!started) {
      started = true;
      void poll.start();
    }
  });
  item.disposed.connect(() => {
    hears.dispose();
    poll.dispose();
  });
}

/** When the browser has nothing better to do. */
function whenIdle(act: () => void): void {
  // Safari has none.
  if (typeof window.requestIdleCallback === 'function') {
    window.requestIdleCallback(act, { timeout: 5000 });
  } else {
    window.setTimeout(act, 500);
  }
}
