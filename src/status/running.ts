/**
 * Builds for JupyterLab's panel of what runs: each with its progress, to be shown or cancelled.
 */
import type { IRunningSessions } from '@jupyterlab/running';
import type { TranslationBundle } from '@jupyterlab/translation';
import { stopIcon, type LabIcon } from '@jupyterlab/ui-components';
import type { ISignal } from '@lumino/signaling';

import type { ActiveBuilds } from '../builds';
import type { ActiveBuild } from '../contract';
import { cauceIcon } from '../icons';
import { moment } from '../words';

export namespace RunningBuilds {
  export interface IOptions {
    readonly builds: ActiveBuilds;
    readonly trans: TranslationBundle;
    /** Show a pipeline. */
    readonly open: (pipeline: string) => void;
    /** Say why a build could not be cancelled. */
    readonly failed: (error: unknown) => void;
  }
}

export class RunningBuilds implements IRunningSessions.IManager {
  constructor(options: RunningBuilds.IOptions) {
    const { trans } = options;
    this._options = options;
    this.name = trans.__('Pipeline Builds');
    this.shutdownLabel = trans.__('Cancel Build');
    this.shutdownAllLabel = trans.__('Cancel All');
    this.shutdownAllConfirmationText = trans.__(
      'Are you sure you want to cancel all builds? What they have done stays done.'
    );
  }

  readonly name: string;
  readonly shutdownLabel: string;
  readonly shutdownAllLabel: string;
  readonly shutdownAllConfirmationText: string;
  readonly shutdownItemIcon: LabIcon = stopIcon;

  get runningChanged(): ISignal<unknown, unknown> {
    return this._options.builds.changed;
  }

  running(): IRunningSessions.IRunningItem[] {
    return this._options.builds.current.map(build => this._item(build));
  }

  refreshRunning(): void {
    void this._options.builds.refresh();
  }

  shutdownAll(): void {
    for (const build of this._options.builds.current) {
      this._cancel(build);
    }
  }

  private _item(build: ActiveBuild): IRunningSessions.IRunningItem {
    const { open, trans } = this._options;
    return {
      icon: () => cauceIcon,
      label: () => buildLabel(trans, build),
      labelTitle: () => buildTitle(trans, build),
      context: build.pipeline,
      open: () => {
        open(build.pipeline);
      },
      shutdown: () => {
        this._cancel(build);
      }
    };
  }

  private _cancel(build: ActiveBuild): void {
    const { builds, failed } = this._options;
    void builds.cancel(build).catch(failed);
  }

  private readonly _options: RunningBuilds.IOptions;
}

/** A build in a line: '3 of 7 tasks done' beside the pipeline's name. */
export function buildLabel(trans: TranslationBundle, build: ActiveBuild): string {
  const { name, done, total, failed } = build;
  if (total === 0) {
    return trans.__('%1: starting…', name);
  }
  const words = trans._n('%2: %3 of %1 task done', '%2: %3 of %1 tasks done', total, name, done);
  return failed === 0 ? words : trans.__('%1, %2 failed', words, failed);
}

/** Where it builds, since when, and for whom. */
export function buildTitle(trans: TranslationBundle, build: ActiveBuild): string {
  return [
    trans.__('Pipeline: %1', build.pipeline),
    trans.__('Started: %1', moment(build.started)),
    trans.__('By: %1 on %2', build.user, build.host)
  ].join('\n');
}
