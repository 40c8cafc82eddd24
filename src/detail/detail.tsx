/**
 * Everything about the selected task: why it would run, what it made, what went wrong.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { fileIcon, notebookIcon, runIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { CellError, Problem, Product, Task, TaskDetail, Where } from '../contract';
import type { ILog } from '../taskmodel';
import type { TaskState } from '../taskstate';
import {
  ago,
  duration,
  killedWords,
  kindWord,
  moment,
  outcomeWord,
  reasonWords,
  size
} from '../words';
import { Button } from '../components/button';
import { Mark } from '../components/mark';
import { TaskProblems } from '../components/problems';
import { TerminalText } from '../components/terminal';
import { WhereLink } from '../components/where';

export interface IDetailProps {
  readonly trans: TranslationBundle;
  readonly task: Task | null;
  readonly state: TaskState;
  readonly word: string;
  /** Why it cannot be run; '' when it can. */
  readonly whyNot: string;
  /** `null` until the server has told. */
  readonly detail: TaskDetail | null;
  readonly log: ILog | null;
  readonly showLog: boolean;
  /** Problems that concern this task. */
  readonly problems: readonly Problem[];
  /** Seconds since the epoch. */
  readonly now: number;
  readonly onSelect: (task: string) => void;
  readonly onRun: (task: string, force: boolean) => void;
  readonly onOpenTask: (task: Task) => void;
  readonly onOpenProduct: (product: Product) => void;
  readonly onOpenPath: (path: string) => void;
  readonly onOpenWhere: (where: Where) => void;
  readonly onShowLog: (show: boolean) => void;
}

export function Detail(props: IDetailProps): React.JSX.Element {
  const { trans, task, state, detail, now } = props;
  if (task === null) {
    return (
      <p className="jp-cauce-Detail jp-cauce-mod-hint">
        {trans.__('Select a task to see why it would run, what it makes and what went wrong.')}
      </p>
    );
  }
  const { reasons } = task.freshness;
  const attempt = task.lastAttempt;
  const failed = task.activity.state === 'idle' ? attempt : null;
  // What checking its code found is among the problems, and would be said twice.
  const told = props.problems.some(({ message }) => failed?.error?.message.includes(message));
  const running = task.activity.state === 'running';
  const hasLog = task.activity.run !== null || attempt !== null;
  return (
    <div className="jp-cauce-Detail" data-state={state}>
      <div className="jp-cauce-Detail-title">
        <span className="jp-cauce-Detail-name" title={task.name}>
          {task.name}
        </span>
        <span className="jp-cauce-Detail-state" data-state={state}>
          <Mark state={state} /> {props.word}
        </span>
      </div>
      <div className="jp-cauce-Detail-actions">
        <Button
          icon={runIcon}
          label={trans.__('Run task')}
          whyNot={props.whyNot}
          title={trans.__('Run this task with what it needs (R). What is up to date is not run.')}
          onPress={() => {
            props.onRun(task.name, false);
          }}
        />
        <Button
          label={trans.__('Force')}
          whyNot={props.whyNot}
          title={trans.__('Run this task even if it is up to date (Shift+R)')}
          onPress={() => {
            props.onRun(task.name, true);
          }}
        />
        <Button
          label={trans.__('Open')}
          title={trans.__('Open %1 (Enter)', task.source)}
          onPress={() => {
            props.onOpenTask(task);
          }}
        />
      </div>

      {props.problems.length > 0 ? (
        <Part title={trans.__('Problems')}>
          <TaskProblems trans={trans} problems={props.problems} onOpenWhere={props.onOpenWhere} />
        </Part>
      ) : null}

      {running ? <LogPart {...props} running /> : null}

      {failed === null || told ? null : failed.error !== null ? (
        <ErrorPart {...props} error={failed.error} />
      ) : failed.outcome === 'crashed' && failed.cause !== '' ? (
        <Part title={trans.__('Error')}>
          <p className="jp-cauce-Detail-error">
            {failed.ended === null ? killedWords(trans) : failed.cause}
          </p>
        </Part>
      ) : null}

      {reasons.length > 0 ? (
        <Part title={trans.__('Why it would run')}>
          <ul className="jp-cauce-Detail-reasons">
            {reasons.map(reason => (
              <li key={reason.message}>{reasonWords(trans, reason)}</li>
            ))}
          </ul>
        </Part>
      ) : null}

      {detail !== null && detail.diff !== '' ? (
        <Part title={trans.__('Code since the last success')}>
          <Diff text={detail.diff} />
        </Part>
      ) : null}

      {hasLog && !running ? <LogPart {...props} running={false} /> : null}

      {task.products.length > 0 ? (
        <Part title={trans.__('Products')}>
          <ul className="jp-cauce-Detail-products">
            {task.products.map(product => (
              <li key={product.path} data-exists={product.exists}>
                {product.notebook ? (
                  <notebookIcon.react tag="span" width="14px" height="14px" />
                ) : (
                  <fileIcon.react tag="span" width="14px" height="14px" />
                )}
                {product.kind === 'file' ? (
                  <button
                    type="button"
                    className="jp-cauce-Link"
                    disabled={!product.exists}
                    title={product.path}
                    onClick={() => {
                      props.onOpenProduct(product);
                    }}
                  >
                    {product.path}
                  </button>
                ) : (
                  <span className="jp-cauce-mod-code" title={product.path}>
                    {product.path}
                  </span>
                )}
                <span className="jp-cauce-mod-dim">{productNote(trans, product)}</span>
              </li>
            ))}
          </ul>
        </Part>
      ) : null}

      <Part title={trans.__('Facts')}>
        <dl className="jp-cauce-Detail-facts">
          <dt>{trans.__('Kind')}</dt>
          <dd>{kindWord(trans, task.kind)}</dd>
          <dt>{trans.__('Source')}</dt>
          <dd>
            <button
              type="button"
              className="jp-cauce-Link"
              title={trans.__('Open %1', task.source)}
              onClick={() => {
                props.onOpenTask(task);
              }}
            >
              {task.source}
            </button>
          </dd>
          {task.upstream.length > 0 ? (
            <>
              <dt>{trans.__('Needs')}</dt>
              <dd>
                <Needs trans={trans} names={task.upstream} onSelect={props.onSelect} />
              </dd>
            </>
          ) : null}
          {Object.entries(detail?.params ?? {}).map(([name, value]) => (
            <React.Fragment key={name}>
              <dt>{name}</dt>
              <dd
                className="jp-cauce-mod-code"
                title={
                  task.computed.includes(name)
                    ? trans.__(
                        'Computed by a function when the pipeline is built. This is the last value.'
                      )
                    : undefined
                }
              >
                {value}
                {task.computed.includes(name) ? <em> {trans.__('(computed)')}</em> : null}
              </dd>
            </React.Fragment>
          ))}
          {task.computed
            .filter(name => detail !== null && !(name in detail.params))
            .map(name => (
              <React.Fragment key={name}>
                <dt>{name}</dt>
                <dd className="jp-cauce-mod-dim">{trans.__('computed when built')}</dd>
              </React.Fragment>
            ))}
          {attempt !== null ? (
            <>
              <dt>{trans.__('Last run')}</dt>
              <dd title={moment(attempt.started)}>
                {`${outcomeWord(trans, attempt.outcome)}, ${ago(trans, attempt.ended ?? attempt.started, now)}`}
                {attempt.cause === '' || attempt.error !== null || attempt.outcome === 'crashed'
                  ? ''
                  : `: ${attempt.cause}`}
              </dd>
            </>
          ) : null}
          {task.lastOk !== null && attempt?.outcome !== 'ok' ? (
            <>
              <dt>{trans.__('Last success')}</dt>
              <dd title={moment(task.lastOk)}>{ago(trans, task.lastOk, now)}</dd>
            </>
          ) : null}
          {task.lastDuration !== null ? (
            <>
              <dt>{trans.__('It took')}</dt>
              <dd>{duration(trans, task.lastDuration)}</dd>
            </>
          ) : null}
          <dt>{trans.__('Declared')}</dt>
          <dd>
            <WhereLink where={task.where} trans={trans} onOpen={props.onOpenWhere} />
          </dd>
        </dl>
      </Part>
    </div>
  );
}

/** More tasks than that are named on demand. */
const NAMED = 20;

function Needs(props: {
  readonly trans: TranslationBundle;
  readonly names: readonly string[];
  readonly onSelect: (task: string) => void;
}): React.JSX.Element {
  const { trans, names } = props;
  const [all, setAll] = React.useState(false);
  return (
    <>
      {(all ? names : names.slice(0, NAMED)).map((name, i) => (
        <React.Fragment key={name}>
          {i > 0 ? ', ' : ''}
          <button
            type="button"
            className="jp-cauce-Link"
            title={trans.__('Select %1', name)}
            onClick={() => {
              props.onSelect(name);
            }}
          >
            {name}
          </button>
        </React.Fragment>
      ))}
      {names.length > NAMED ? (
        <>
          {' '}
          <button
            type="button"
            className="jp-cauce-Link"
            aria-expanded={all}
            onClick={() => {
              setAll(!all);
            }}
          >
            {all ? trans.__('Show fewer') : trans.__('Show all %1', names.length)}
          </button>
        </>
      ) : null}
    </>
  );
}

function productNote(trans: TranslationBundle, product: Product): string {
  if (product.kind !== 'file') {
    const what = product.kind === 'table' ? trans.__('table') : trans.__('view');
    return product.exists ? what : trans.__('%1, not made yet', what);
  }
  if (!product.exists) {
    return trans.__('missing');
  }
  return product.size === null ? '' : size(product.size);
}

function Part(props: {
  readonly title: string;
  readonly children: React.ReactNode;
}): React.JSX.Element {
  return (
    <section className="jp-cauce-Detail-part">
      <h4>{props.title}</h4>
      {props.children}
    </section>
  );
}

function ErrorPart(props: IDetailProps & { readonly error: CellError }): React.JSX.Element {
  const { error, trans } = props;
  const [whole, setWhole] = React.useState(false);
  const { notebook } = error;
  return (
    <Part
      title={
        error.number === null
          ? trans.__('Error')
          : error.line === null
            ? trans.__('Error in cell [%1]', error.number)
            : trans.__('Error in cell [%1], line %2', error.number, error.line)
      }
    >
      <p className="jp-cauce-Detail-error">
        <strong>{error.name}</strong>
        {error.message === '' ? '' : `: ${error.message}`}
      </p>
      <div className="jp-cauce-Detail-links">
        {error.where !== null ? (
          <WhereLink where={error.where} trans={trans} onOpen={props.onOpenWhere} />
        ) : null}
        {notebook !== null ? (
          <button
            type="button"
            className="jp-cauce-Link"
            title={notebook}
            onClick={() => {
              props.onOpenPath(notebook);
            }}
          >
            {trans.__('Open partial notebook')}
          </button>
        ) : null}
        {error.traceback !== '' ? (
          <button
            type="button"
            className="jp-cauce-Link"
            aria-expanded={whole}
            onClick={() => {
              setWhole(!whole);
            }}
          >
            {whole ? trans.__('Hide traceback') : trans.__('Show traceback')}
          </button>
        ) : null}
      </div>
      {whole ? (
        <pre className="jp-cauce-Terminal" tabIndex={0} aria-label={trans.__('Traceback')}>
          <TerminalText text={error.traceback} />
        </pre>
      ) : null}
    </Part>
  );
}

function LogPart(props: IDetailProps & { readonly running: boolean }): React.JSX.Element {
  const { trans, log, showLog, running } = props;
  const box = React.useRef<HTMLPreElement>(null);
  const atEnd = React.useRef(true);
  React.useLayoutEffect(() => {
    if (box.current !== null && atEnd.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [log?.text]);
  const open = running || showLog;
  return (
    <Part title={running ? trans.__('Log, live') : trans.__('Log')}>
      {running ? null : (
        <button
          type="button"
          className="jp-cauce-Link"
          aria-expanded={showLog}
          onClick={() => {
            props.onShowLog(!showLog);
          }}
        >
          {showLog ? trans.__('Hide log') : trans.__('Show log')}
        </button>
      )}
      {!open ? null : log === null ? (
        <p className="jp-cauce-mod-dim">{trans.__('Reading…')}</p>
      ) : log.text === '' ? (
        <p className="jp-cauce-mod-dim">
          {running ? trans.__('Nothing printed yet.') : trans.__('Nothing was printed.')}
        </p>
      ) : (
        <pre
          className="jp-cauce-Terminal"
          ref={box}
          tabIndex={0}
          aria-label={trans.__('Log')}
          onScroll={event => {
            const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
            atEnd.current = scrollTop + clientHeight >= scrollHeight - 4;
          }}
        >
          {log.cut ? `${trans.__('(the beginning is left out)')}\n` : ''}
          <TerminalText text={log.text} />
        </pre>
      )}
    </Part>
  );
}

function Diff(props: { readonly text: string }): React.JSX.Element {
  const kind = (line: string): string | undefined => {
    if (line.startsWith('@@') || line.startsWith('---') || line.startsWith('+++')) {
      return 'place';
    }
    return line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : undefined;
  };
  return (
    <pre className="jp-cauce-Terminal jp-cauce-Diff" tabIndex={0}>
      {props.text
        .replace(/\n$/, '')
        .split('\n')
        .map((line, i) => (
          <span key={i} data-diff={kind(line)}>
            {line === '' ? ' ' : line}
          </span>
        ))}
    </pre>
  );
}
