/**
 * A notebook as the pipeline that it would become: its cells with the cuts between them at the left, what
 * follows from that at the right.
 *
 * Props in, callbacks out. What is selected, and which tab is shown, is nobody else's affair.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button } from '../components/button';
import type { Split, SplitRun } from '../contract';
import type { CauceError } from '../errors';
import type { IGraphWords } from '../graph/graph';
import { Tabs } from '../sidebar/tabs';
import { errorWords } from '../words';
import { Bar, type Question } from './bar';
import type { ICardCalls } from './cards';
import type { Paint } from './code';
import { Column, type IGoal } from './column';
import * as edits from './edits';
import type { SplitWish } from './edits';
import { Files } from './files';
import { GraphTab } from './graphtab';
import { SplitHead } from './head';
import { Notes } from './notes';
import { countRemarks, countTasks, remarksByCell, sectionAt, sectionsOf } from './sections';
import { whyNotApply } from './splitwords';
import { Functions, Variables } from './tables';

export interface ISplitProps {
  readonly trans: TranslationBundle;
  readonly graphWords: IGraphWords;
  readonly request: SplitWish;
  readonly plan: Split | null;
  readonly asking: boolean;
  readonly error: CauceError | null;
  readonly outdated: boolean;
  readonly applying: boolean;
  readonly trace: SplitRun | null;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  readonly question: Question;
  readonly paint: Paint | null;
  readonly language: (path: string) => string;
  readonly onEdit: (request: SplitWish, thing?: string) => void;
  readonly onUndo: () => void;
  readonly onRedo: () => void;
  readonly onAgain: () => void;
  readonly onTrace: () => void;
  readonly onStopTrace: () => void;
  readonly onQuestion: (question: Question) => void;
  readonly onCancel: () => void;
  readonly onDiscard: () => void;
  readonly onApply: () => void;
}

type Tab = 'graph' | 'variables' | 'functions' | 'files' | 'notes';

export function SplitView(props: ISplitProps): React.JSX.Element {
  const { trans, plan, error, onUndo, onRedo } = props;
  const root = React.useRef<HTMLDivElement>(null);
  React.useLayoutEffect(() => {
    // What had the focus may be gone. As long as nothing in the dialog has it, what is behind it hears the keys.
    const dialog = root.current?.closest('.jp-Dialog');
    if (dialog?.contains(document.activeElement) === false) {
      root.current?.focus();
    }
  });
  return (
    <div
      className="jp-cauce-Splitting"
      ref={root}
      tabIndex={-1}
      data-busy={props.asking}
      onKeyDown={event => {
        if (event.key === 'Escape' && !event.defaultPrevented) {
          event.preventDefault();
          event.stopPropagation();
          props.onCancel();
          return;
        }
        const field = event.target instanceof HTMLInputElement;
        if (!field && (event.ctrlKey || event.metaKey) && !event.altKey) {
          const key = event.key.toLowerCase();
          const redo = key === 'y' || (key === 'z' && event.shiftKey);
          if (redo || key === 'z') {
            event.preventDefault();
            event.stopPropagation();
            (redo ? onRedo : onUndo)();
          }
        }
      }}
    >
      {plan === null ? (
        <div className="jp-cauce-Splitting-none">
          {error === null ? (
            <p role="status">{trans.__('Reading the notebook…')}</p>
          ) : (
            <Trouble {...props} error={error} />
          )}
        </div>
      ) : (
        <Planned {...props} plan={plan} />
      )}
      {plan === null ? <EndingBar {...props} /> : null}
    </div>
  );
}

/** The bar while there is no plan: one can only leave. */
function EndingBar(props: ISplitProps): React.JSX.Element {
  const { trans } = props;
  return (
    <div className="jp-cauce-SplitBar">
      <span className="jp-cauce-SplitBar-space" />
      <Button
        label={trans.__('Cancel')}
        title={trans.__('Write nothing (Escape)')}
        action="split-cancel"
        onPress={props.onCancel}
      />
    </div>
  );
}

function Planned(props: ISplitProps & { readonly plan: Split }): React.JSX.Element {
  const { trans, plan, request, onEdit, error } = props;
  const [tab, setTab] = React.useState<Tab>('graph');
  // By its first cell: names may change.
  const [selected, setSelected] = React.useState<number | null>(null);
  const [goal, setGoal] = React.useState<IGoal | null>(null);
  const [file, setFile] = React.useState<string | null>(null);
  const [about, setAbout] = React.useState<number | null>(null);
  const sections = React.useMemo(() => sectionsOf(request, plan), [request, plan]);
  const remarks = React.useMemo(() => remarksByCell(plan.remarks), [plan]);
  const counts = React.useMemo(() => countRemarks(plan.remarks), [plan]);
  const chosen = sections[selected === null ? -1 : sectionAt(sections, selected)]?.task ?? -1;
  const chosenTask =
    plan.tasks.find(task => task.first <= (selected ?? -1) && (selected ?? -1) < task.end) ?? null;

  const latest = React.useRef({ request, plan, onEdit, sections });
  latest.current = { request, plan, onEdit, sections };
  const edit = React.useCallback(
    (change: (request: SplitWish, plan: Split) => SplitWish, thing?: string): void => {
      const { current } = latest;
      current.onEdit(change(current.request, current.plan), thing);
    },
    []
  );
  const goTo = React.useCallback((cell: number): void => {
    setGoal({ row: `c${String(cell)}`, focus: true });
    setSelected(cell);
  }, []);
  const cards = React.useMemo(
    (): ICardCalls => ({
      onStore: (product, format) => {
        edit(was => edits.store(was, product, format));
      },
      onCall: (product, key) => {
        edit(was => edits.call(was, product, key));
      },
      onTake: (target, name, source) => {
        edit((was, { tasks }) => {
          const to = edits.firstOf(tasks, target);
          const from = source === null ? null : edits.firstOf(tasks, source);
          return to === null ? was : edits.take(was, to, name, from);
        });
      },
      onUntake: (target, name) => {
        edit((was, { tasks }) => {
          const to = edits.firstOf(tasks, target);
          return to === null ? was : edits.untake(was, to, name);
        });
      },
      onGoTo: goTo
    }),
    [edit, goTo]
  );
  const column = React.useMemo(
    () => ({
      onSelect: (section: number) => {
        setSelected(latest.current.sections[section]?.first ?? null);
      },
      onSplit: (cell: number) => {
        edit((was, of) => edits.addCut(was, of, cell));
        setSelected(cell);
      },
      onJoin: (first: number) => {
        edit((was, of) => edits.removeCut(was, of, first));
      },
      onMove: (from: number, to: number) => {
        edit((was, of) => edits.moveCut(was, of, from, to));
        setSelected(to);
      },
      onRename: (task: number, name: string) => {
        edit(was => edits.rename(was, task, name));
      },
      onRemarks: (cell: number) => {
        setAbout(cell);
        setTab('notes');
      }
    }),
    [edit]
  );
  const showTab = (next: Tab): void => {
    setAbout(null);
    setTab(next);
  };
  const noted = plan.remarks.length;
  return (
    <>
      <SplitHead
        trans={trans}
        plan={plan}
        request={request}
        asking={props.asking}
        count={countTasks(sections)}
        onEdit={onEdit}
      />
      {props.outdated ? (
        <div className="jp-cauce-Splitting-strip" role="alert" data-severity="warning">
          <span>
            {trans.__(
              'The notebook was changed meanwhile. Its cells may be others than those that you have cut.'
            )}
          </span>
          <Button
            label={trans.__('Plan Again')}
            title={trans.__('Read the notebook again')}
            action="split-again"
            onPress={props.onAgain}
          />
        </div>
      ) : error !== null ? (
        <Trouble {...props} error={error} />
      ) : null}
      <div className="jp-cauce-Splitting-parts">
        {plan.cells.length === 0 ? (
          <p className="jp-cauce-mod-hint">{trans.__('The notebook has no cells.')}</p>
        ) : (
          <Column
            trans={trans}
            sections={sections}
            selected={chosen}
            remarks={remarks}
            goal={goal}
            paint={props.paint}
            {...column}
          />
        )}
        <div className="jp-cauce-Splitting-result">
          <Tabs<Tab>
            label={trans.__('What becomes of the notebook')}
            current={tab}
            onChoose={showTab}
            tabs={[
              { id: 'graph', label: trans.__('Graph') },
              { id: 'variables', label: trans.__('Variables') },
              { id: 'functions', label: trans.__('Functions') },
              { id: 'files', label: trans.__('Files (%1)', plan.files.length) },
              {
                id: 'notes',
                label: noted === 0 ? trans.__('Notes') : trans.__('Notes (%1)', noted)
              }
            ]}
          >
            {tab === 'graph' ? (
              <GraphTab
                trans={trans}
                plan={plan}
                request={request}
                words={props.graphWords}
                selected={chosenTask?.name ?? null}
                onSelect={name => {
                  const first = name === null ? null : edits.firstOf(plan.tasks, name);
                  setSelected(first);
                  if (first !== null) {
                    const at = sections[sectionAt(sections, first)]?.first ?? first;
                    setGoal({ row: `h${String(at)}`, focus: false });
                  }
                }}
                {...cards}
              />
            ) : tab === 'variables' ? (
              <Variables trans={trans} plan={plan} request={request} {...cards} />
            ) : tab === 'functions' ? (
              <Functions
                trans={trans}
                plan={plan}
                onGoTo={goTo}
                onGoes={(name, goes) => {
                  edit(was => ({ ...was, definitions: { ...was.definitions, [name]: goes } }));
                }}
              />
            ) : tab === 'files' ? (
              <Files
                trans={trans}
                files={plan.files}
                chosen={file}
                language={props.language}
                paint={props.paint}
                onChoose={setFile}
              />
            ) : (
              <Notes
                trans={trans}
                remarks={plan.remarks}
                cell={about}
                onGoTo={goTo}
                onFollow={proposal => {
                  edit(was => edits.follow(was, proposal));
                  if (proposal.trace) {
                    props.onQuestion('trace');
                  }
                }}
              />
            )}
          </Tabs>
        </div>
      </div>
      <Bar
        trans={trans}
        notebook={request.notebook.split('/').at(-1) ?? request.notebook}
        question={props.question}
        trace={props.trace}
        traced={plan.traced}
        counts={counts}
        canUndo={props.canUndo}
        canRedo={props.canRedo}
        applying={props.applying}
        whyNot={whyNotApply(trans, props)}
        onQuestion={props.onQuestion}
        onTrace={props.onTrace}
        onStopTrace={props.onStopTrace}
        onUndo={props.onUndo}
        onRedo={props.onRedo}
        onNotes={() => {
          showTab('notes');
        }}
        onCancel={props.onCancel}
        onDiscard={props.onDiscard}
        onApply={props.onApply}
      />
    </>
  );
}

/** Why there is no plan, and a way to ask again. */
function Trouble(
  props: Pick<ISplitProps, 'trans' | 'onAgain'> & { readonly error: CauceError }
): React.JSX.Element {
  const { trans, error } = props;
  return (
    <div className="jp-cauce-Splitting-strip" role="alert" data-severity="error">
      <span>
        <strong>{errorWords(trans, error)}</strong> {error.hint}
      </span>
      <Button
        label={trans.__('Try Again')}
        title={trans.__('Ask the server for the plan again')}
        action="split-again"
        onPress={props.onAgain}
      />
    </div>
  );
}
