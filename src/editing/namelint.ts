/**
 * Squiggles under names of tasks that cannot be upstream of the code they stand in.
 */
import { linter, nextDiagnostic, previousDiagnostic, type Diagnostic } from '@codemirror/lint';
import { type Extension, StateEffect } from '@codemirror/state';
import { type EditorView, keymap } from '@codemirror/view';
import type { TranslationBundle } from '@jupyterlab/translation';

import { theme } from './live';
import type { ICodeOf } from './names';
import { nameProblems, upstreamNames, type NameProblem } from './upstream';

/** Milliseconds after the last key. */
const DELAY = 400;

const again = StateEffect.define();

/** Look again though the text is the same: the pipeline has changed. */
export function checkNamesAgain(view: EditorView): void {
  view.dispatch({ effects: again.of(null) });
}

export function nameLint(codeOf: () => ICodeOf | null, trans: TranslationBundle): Extension {
  const check = (view: EditorView): readonly Diagnostic[] => {
    const code = codeOf();
    const listed = code === null ? null : upstreamNames(view.state.doc.toString());
    return code === null || listed === null
      ? []
      : nameProblems(listed, code.task, code.tasks).map(problem => diagnostic(problem, trans));
  };
  return [
    linter(check, {
      delay: DELAY,
      needsRefresh: ({ transactions }) =>
        transactions.some(({ effects }) => effects.some(effect => effect.is(again)))
    }),
    keymap.of([{ key: 'F8', run: nextDiagnostic, shift: previousDiagnostic }]),
    theme
  ];
}

function diagnostic(problem: NameProblem, trans: TranslationBundle): Diagnostic {
  const { from, to } = problem.name;
  const meant = problem.kind === 'unknown' ? problem.meant : null;
  return {
    // Of an empty text, its quotes are marked.
    from: from === to ? Math.max(0, from - 1) : from,
    to: from === to ? to + 1 : to,
    severity: problem.kind === 'twice' || problem.kind === 'no match' ? 'warning' : 'error',
    source: 'Cauce',
    message: words(problem, trans),
    ...(meant === null
      ? {}
      : {
          actions: [
            {
              name: trans.__('Change to “%1”', meant),
              apply: (view: EditorView, start: number, end: number): void => {
                view.dispatch({ changes: { from: start, to: end, insert: meant } });
              }
            }
          ]
        })
  };
}

function words(problem: NameProblem, trans: TranslationBundle): string {
  const { name } = problem.name;
  switch (problem.kind) {
    case 'unknown':
      return problem.meant === null
        ? trans.__('The pipeline has no task “%1”.', name)
        : trans.__('The pipeline has no task “%1”. Did you mean “%2”?', name, problem.meant);
    case 'itself':
      return trans.__('A task cannot need itself.');
    case 'cycle':
      return trans.__('“%1” needs this task already: %2.', name, problem.way.join(' → '));
    case 'twice':
      return trans.__('“%1” is named twice.', name);
    case 'no match':
      return trans.__('No task is called as “%1” says.', name);
  }
}
