/**
 * The top of the panel: which pipeline, build it, how it stands, what is wrong with it.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  ellipsesIcon,
  refreshIcon,
  runIcon,
  stopIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Pipeline } from '../contract';
import { Button } from '../components/button';
import { IconButton } from '../components/iconbutton';
import { Problems, type IProblemsProps } from '../components/problems';

/** How the pipeline stands, in one line. */
export interface IStatus {
  readonly kind: 'quiet' | 'busy' | 'ok' | 'cancelled' | 'failed';
  readonly text: string;
  /** Said after the text, dimmed. */
  readonly aside: string;
  /** From 0 to 1; null when nothing runs. */
  readonly progress: number | null;
}

export interface IHeadProps {
  readonly trans: TranslationBundle;
  readonly pipelines: readonly Pipeline[];
  readonly current: string | null;
  /** Are there folders in which no pipeline was looked for? */
  readonly truncated: boolean;
  readonly building: boolean;
  readonly asked: boolean;
  readonly cancelling: boolean;
  /** Why nothing can be built; '' when something can. */
  readonly whyNot: string;
  readonly refreshing: boolean;
  readonly status: IStatus | null;
  /** Is what is told here said aloud? Of several panels one does. */
  readonly aloud: boolean;
  /** Why what is shown may be old; '' when it is not. */
  readonly banner: string;
  readonly problems: Omit<IProblemsProps, 'trans'>;
  /** Which env file the values are of, and which there are. */
  readonly profile: string;
  readonly profiles: readonly string[];
  readonly onProfile: (profile: string) => void;
  readonly onChoose: (path: string) => void;
  readonly onBuild: () => void;
  readonly onCancel: () => void;
  readonly onRefresh: () => void;
  /** Show the ways to build, below the element. */
  readonly onBuildMenu: (anchor: HTMLElement) => void;
  /** Show what else can be done, below the element. */
  readonly onMore: (anchor: HTMLElement) => void;
}

export function Head(props: IHeadProps): React.JSX.Element {
  const { trans, status, banner, building, asked, cancelling } = props;
  return (
    <div className="jp-cauce-Head">
      <div className="jp-cauce-Head-row">
        <Chooser {...props} />
        <IconButton
          icon={refreshIcon}
          size={16}
          title={trans.__('Refresh: look for pipelines and changes again')}
          label={trans.__('Refresh')}
          busy={props.refreshing}
          onPress={props.onRefresh}
        />
      </div>
      <Profile {...props} />
      {props.truncated ? (
        <p className="jp-cauce-Head-truncated jp-cauce-mod-dim">
          {trans.__(
            'The search for pipelines stopped at its limit. To find those further down, start JupyterLab in a folder nearer to them.'
          )}
        </p>
      ) : null}
      {props.current === null ? null : (
        <div className="jp-cauce-Head-row">
          <span className="jp-cauce-TwoButtons">
            <Button
              main
              icon={runIcon}
              label={
                asked
                  ? trans.__('Starting…')
                  : building
                    ? trans.__('Building…')
                    : trans.__('Build pipeline')
              }
              whyNot={props.whyNot}
              title={trans.__(
                'Run every task that is out of date. Open files of the pipeline with changes are saved first.'
              )}
              action="build"
              onPress={props.onBuild}
            />
            {status === null ? null : (
              <button
                type="button"
                className="jp-cauce-Button jp-mod-styled jp-mod-accept jp-cauce-TwoButtons-more"
                title={trans.__('Ways to build: selected tasks, from scratch, what would run')}
                aria-label={trans.__('Ways to build')}
                aria-haspopup="menu"
                data-cauce-action="build-menu"
                onClick={event => {
                  props.onBuildMenu(event.currentTarget);
                }}
              >
                <caretDownIcon.react tag="span" width="14px" height="14px" />
              </button>
            )}
          </span>
          {building ? (
            <Button
              icon={stopIcon}
              label={cancelling ? trans.__('Stopping…') : trans.__('Cancel')}
              whyNot={cancelling ? trans.__('The build was asked to stop.') : ''}
              title={trans.__('Stop the build. What is done stays done.')}
              action="cancel"
              onPress={props.onCancel}
            />
          ) : null}
          <IconButton
            icon={ellipsesIcon}
            size={16}
            className="jp-cauce-Head-more"
            title={trans.__('More')}
            menu
            action="more"
            onPress={event => {
              props.onMore(event.currentTarget);
            }}
          />
        </div>
      )}
      {banner === '' ? null : (
        <p className="jp-cauce-Head-banner" role={props.aloud ? 'alert' : undefined}>
          {banner}
        </p>
      )}
      <div className="jp-cauce-Head-status" data-kind={status?.kind ?? 'quiet'}>
        {/* While it builds, the list says aloud what has finished: counts would be too much. */}
        <span
          className="jp-cauce-Head-statusText"
          role="status"
          aria-live={props.aloud && status?.kind !== 'busy' ? 'polite' : 'off'}
        >
          {status?.text}
        </span>
        {/* Not read aloud: how long ago changes all the time. */}
        <span className="jp-cauce-mod-dim">{status?.aside}</span>
      </div>
      {status?.progress == null ? null : (
        <div className="jp-cauce-Head-progress" aria-hidden="true">
          <div style={{ width: `${String(Math.round(status.progress * 100))}%` }} />
        </div>
      )}
      <Problems key={props.problems.pipeline} trans={trans} {...props.problems} />
    </div>
  );
}

/** Which values the tasks get, where there is a choice. */
function Profile({ trans, profile, profiles, onProfile }: IHeadProps): React.JSX.Element | null {
  const id = React.useId();
  if (profiles.length < 2) {
    return null;
  }
  return (
    <div className="jp-cauce-Head-row jp-cauce-Head-profile">
      <label htmlFor={id}>{trans.__('Values')}</label>
      <select
        id={id}
        value={profile}
        title={trans.__('The file with the values of the pipeline, for this copy of the project')}
        data-cauce-action="profile"
        onChange={event => {
          onProfile(event.target.value);
        }}
      >
        {profiles.map(each => (
          <option key={each} value={each}>
            {each === '' ? 'env.yaml' : `${each} (env.${each}.yaml)`}
          </option>
        ))}
      </select>
    </div>
  );
}

function Chooser({ trans, pipelines, current, onChoose }: IHeadProps): React.JSX.Element {
  if (current === null) {
    return <span className="jp-cauce-Head-title">{trans.__('Pipeline')}</span>;
  }
  const twice = new Set(
    pipelines.map(each => each.name).filter((name, i, all) => all.indexOf(name) !== i)
  );
  const label = (each: Pipeline): string =>
    twice.has(each.name) ? `${each.name} (${each.path})` : each.name;
  const known = pipelines.find(each => each.path === current);
  // One that was chosen the last time is known by its path alone, until the server has answered; so is one that
  // the server's search does not come to.
  if (pipelines.length === 0 || (pipelines.length === 1 && known !== undefined)) {
    return (
      <span className="jp-cauce-Head-title" title={current}>
        {known === undefined ? current : label(known)}
      </span>
    );
  }
  const all = known === undefined ? [{ path: current, name: current }, ...pipelines] : pipelines;
  return (
    <select
      className="jp-cauce-Head-chooser"
      aria-label={trans.__('Pipeline')}
      title={current}
      value={current}
      onChange={event => {
        onChoose(event.target.value);
      }}
    >
      {all.map(each => (
        <option key={each.path} value={each.path} title={each.path}>
          {label(each)}
        </option>
      ))}
    </select>
  );
}
