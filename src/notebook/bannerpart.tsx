/**
 * The bridge from what is known of an open notebook to the line above it.
 */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { Actions } from '../actions/actions';
import type { PipelineModel } from '../model';
import { errorsFirst, isError } from '../problems';
import { stateOf } from '../taskstate';
import { busyWords, stateWord } from '../words';
import { Banner, type IBannerTask, type IChoice, type INotice } from './banner';
import { buildFromNotebook } from './buttons';
import type { OpenNotebook } from './opennotebook';

export namespace BannerPart {
  export interface IOptions {
    readonly notebook: OpenNotebook;
    readonly model: PipelineModel;
    readonly actions: Actions;
    readonly trans: TranslationBundle;
    /** Show a task in the panel's graph. */
    readonly showInGraph: (pipeline: string, task: string | null) => void;
    /** Offer what can be loaded of upstream. */
    readonly offerInputs: (anchor: HTMLElement) => void;
    /** Run the cells that are filled in. */
    readonly runInjected: () => void;
    readonly dismissed: () => boolean;
    readonly dismiss: () => void;
  }
}

export class BannerPart extends ReactWidget {
  constructor(options: BannerPart.IOptions) {
    super();
    this._options = options;
    this.addClass('jp-cauce-BannerPart');
    options.notebook.changed.connect(this.update, this);
    // A box of JupyterLab's is as high as it is told, and this one as what it says.
    const size = new ResizeObserver(() => {
      const height = this.node.firstElementChild?.getBoundingClientRect().height ?? 0;
      const wanted = `${String(Math.ceil(height))}px`;
      if (this.node.style.minHeight !== wanted) {
        this.node.style.minHeight = wanted;
        if (this.parent !== null) {
          MessageLoop.postMessage(this.parent, Widget.Msg.FitRequest);
        }
      }
    });
    this._measure = () => {
      size.disconnect();
      size.observe(this.node.firstElementChild ?? this.node);
    };
    this.disposed.connect(() => {
      size.disconnect();
    });
  }

  protected override render(): React.JSX.Element | null {
    const { notebook, model, actions, trans } = this._options;
    const { about, look, task, opened } = notebook;
    if (about === null) {
      return null;
    }
    const { pipeline } = about;
    const snapshot = look?.snapshot ?? null;
    const tasks = new Map(snapshot?.tasks.map(each => [each.name, each]));
    const asked = look?.asked ?? null;
    const shown = (name: string): readonly IBannerTask[] => {
      const found = tasks.get(name);
      if (found === undefined) {
        return [];
      }
      const state = stateOf(found, snapshot?.run ?? null, asked);
      const word = stateWord(trans, found, state);
      const reasons = found.freshness.reasons.map(({ message }) => message);
      return [
        { name, state, word, title: [trans.__('%1: %2', name, word), ...reasons].join('\n') }
      ];
    };
    const [self = null] = about.task === null ? [] : shown(about.task);
    const busy = busyWords(trans, snapshot?.run ?? null, asked);
    return (
      <Measured onRendered={this._measure}>
        <Banner
          trans={trans}
          pipeline={pipeline}
          pipelineName={snapshot?.name ?? pipeline}
          task={
            self ??
            (about.task === null || notebook.orphaned
              ? null
              : { name: about.task, state: 'blocked', word: '', title: about.task })
          }
          upstream={(task?.upstream ?? []).flatMap(shown)}
          choices={opened?.choices ?? []}
          chosen={about.task === null ? null : { pipeline, task: about.task }}
          notice={this._notice()}
          whyNot={
            busy !== '' || task?.buildable === true
              ? busy
              : trans.__(
                  'It cannot run before its problems, or those of what it needs, are mended.'
                )
          }
          loads={notebook.inputs.length > 0}
          dismissed={this._options.dismissed()}
          onChoose={choice => {
            void notebook.show(choice).catch((error: unknown) => {
              actions.telling.error(error);
            });
          }}
          onOpen={name => {
            void model.choose(pipeline).then(() => {
              const found = model.snapshot?.tasks.find(each => each.name === name);
              if (found !== undefined) {
                actions.opening.openTask(found);
              }
            });
          }}
          onRun={() => {
            if (about.task !== null) {
              void buildFromNotebook(model, actions, { pipeline, task: about.task }, 'task');
            }
          }}
          onShow={() => {
            this._options.showInGraph(pipeline, about.task);
          }}
          onLoad={this._options.offerInputs}
          onDismiss={() => {
            this._options.dismiss();
            this.update();
          }}
        />
      </Measured>
    );
  }

  /** What matters most of what there is to say. */
  private _notice(): INotice | null {
    return this._offer() ?? this._warning() ?? this._hint();
  }

  private _offer(): INotice | null {
    const { notebook, trans } = this._options;
    const { offer } = notebook;
    if (offer === null) {
      return null;
    }
    const keep: IChoice = {
      label: trans.__('Keep'),
      title: trans.__('Leave the notebook as it is'),
      action: 'keep',
      onPress: () => {
        notebook.keep();
      }
    };
    if (offer.kind === 'file') {
      return {
        kind: 'offer',
        text:
          offer.why === 'dirty'
            ? trans.__('The file has changed on the disk, and here are changes that are not saved.')
            : trans.__('The file has changed on the disk: it is reloaded when the kernel is idle.'),
        choices: [
          {
            label: offer.why === 'dirty' ? trans.__('Reload…') : trans.__('Reload now'),
            title: trans.__('Read the file again'),
            action: 'reload',
            onPress: () => {
              void this._reload();
            }
          },
          keep
        ]
      };
    }
    return {
      kind: 'offer',
      text:
        offer.why === 'dirty'
          ? trans.__('The pipeline gives other values now: they are filled in when you save.')
          : offer.why === 'busy'
            ? trans.__(
                'The pipeline gives other values now: they are filled in when the kernel is idle.'
              )
            : trans.__('The pipeline gives other values now.'),
      choices: [
        {
          label: trans.__('Update now'),
          title: trans.__('Fill in the values that the pipeline gives now; nothing else changes'),
          action: 'update',
          onPress: () => {
            void notebook.takeValues();
          }
        },
        keep
      ]
    };
  }

  private async _reload(): Promise<void> {
    const { notebook, trans } = this._options;
    if (notebook.edited) {
      const asked = await showDialog({
        title: trans.__('Reload the notebook?'),
        body: trans.__(
          'The changes in this notebook that are not saved will be lost. To keep them, save the notebook and choose to overwrite the file.'
        ),
        buttons: [
          Dialog.cancelButton({ label: trans.__('Cancel') }),
          Dialog.warnButton({ label: trans.__('Reload and Lose Changes') })
        ],
        defaultButton: 0
      });
      if (!asked.button.accept) {
        return;
      }
    }
    await notebook.reload();
  }

  private _warning(): INotice | null {
    const { notebook, model, actions, trans } = this._options;
    const { about, look, opened, orphaned } = notebook;
    if (about === null) {
      return null;
    }
    const { pipeline } = about;
    const file = pipeline.slice(pipeline.lastIndexOf('/') + 1);
    const problem = errorsFirst(look?.snapshot?.problems ?? []).find(isError) ?? null;
    const problems: readonly IChoice[] =
      problem === null
        ? []
        : [
            {
              label: trans.__('Show problem'),
              title: problem.message,
              action: 'show-problem',
              onPress: () => {
                void model.choose(pipeline).then(() => {
                  if (problem.where !== null) {
                    void actions.opening.openWhere(problem.where);
                  }
                });
              }
            }
          ];
    const warning = (text: string, choices = problems): INotice => ({
      kind: 'warning',
      text,
      choices
    });
    if (look?.gone === true) {
      return warning(trans.__('%1 is gone, so nothing is filled in any more.', file), []);
    }
    if (about.task === null) {
      return warning(trans.__('%1 cannot be read, so nothing is filled in.', file));
    }
    if (orphaned) {
      return problem !== null
        ? warning(trans.__('%1 cannot be read: what is filled in may be out of date.', file))
        : warning(trans.__('%1 has no task any more with this source.', file));
    }
    if (opened !== null && opened.trouble !== '') {
      return warning(opened.trouble, []);
    }
    const [twin] = notebook.twins.filter(({ context }) => context.model.dirty);
    if (twin !== undefined) {
      return warning(
        trans.__('The file is open in another tab, too, with changes that are not saved.'),
        [
          {
            label: trans.__('Save them'),
            title: trans.__('Save the other tab; what it holds is then shown here'),
            action: 'save-twin',
            onPress: () => {
              void twin.context.save().catch(() => undefined);
            }
          }
        ]
      );
    }
    return null;
  }

  private _hint(): INotice | null {
    const { notebook, trans, runInjected } = this._options;
    return notebook.toRunAgain
      ? {
          kind: 'hint',
          text: trans.__('The values have changed since the cell was run.'),
          choices: [
            {
              label: trans.__('Run the cell'),
              title: trans.__('Run the cell that is filled in'),
              action: 'run-injected',
              onPress: runInjected
            }
          ]
        }
      : null;
  }

  private readonly _options: BannerPart.IOptions;
  private readonly _measure: () => void;
}

/** Says when what is in it has been drawn. */
function Measured(props: {
  readonly onRendered: () => void;
  readonly children: React.ReactNode;
}): React.JSX.Element {
  const { onRendered } = props;
  React.useEffect(() => {
    onRendered();
  });
  return <>{props.children}</>;
}
