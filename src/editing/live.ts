/**
 * What an editor shows of one of our files while one types: squiggles under what is wrong, and
 * what a key is for.
 */
import {
  linter,
  lintGutter,
  nextDiagnostic,
  previousDiagnostic,
  type Diagnostic
} from '@codemirror/lint';
import { type Extension, StateEffect, type Text } from '@codemirror/state';
import { EditorView, hoverTooltip, keymap, type Tooltip } from '@codemirror/view';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IClient } from '../client';
import type { Problem } from '../contract';
import { merged } from '../problems';
import { describeAt } from './completion';
import { dialectOf } from './files';
import { spanAt } from './place';
import type { Schemas } from './schemas';

/** Milliseconds after the last key. */
const DELAY = 400;

export namespace Live {
  export interface IOptions {
    readonly client: Pick<IClient, 'check'>;
    readonly schemas: Schemas;
    /** The file, which may be renamed, seen from the server's root. */
    readonly path: () => string;
    /** What is known of the file beyond its text: nothing while the text is not what is on the disk. */
    readonly known: () => readonly Problem[];
    readonly trans: TranslationBundle;
  }
}

const again = StateEffect.define();

/** Ask the server again though the text is the same: other files have changed. */
export function checkAgain(view: EditorView): void {
  view.dispatch({ effects: again.of(null) });
}

export function live(options: Live.IOptions): Extension {
  // An answer that comes after the text has changed is dropped by the linter itself.
  const problems = linter(view => check(options, view), {
    delay: DELAY,
    needsRefresh: ({ transactions }) =>
      transactions.some(({ effects }) => effects.some(effect => effect.is(again)))
  });
  const docs = hoverTooltip((view, at) => describe(options, view, at));
  const keys = keymap.of([{ key: 'F8', run: nextDiagnostic, shift: previousDiagnostic }]);
  return [problems, lintGutter(), docs, keys, theme];
}

async function check(
  { client, path, known }: Live.IOptions,
  view: EditorView
): Promise<readonly Diagnostic[]> {
  const { doc } = view.state;
  if (dialectOf(path()) === null) {
    return [];
  }
  try {
    const found = await client.check({ path: path(), text: doc.toString() });
    return merged(found.problems, known()).map(problem => diagnostic(problem, doc));
  } catch {
    return []; // the panel says why the server does not answer
  }
}

function diagnostic({ where, message, hint, severity }: Problem, doc: Text): Diagnostic {
  const line = doc.line(Math.max(1, Math.min(where?.line ?? 1, doc.lines)));
  const [from, to] = spanAt(line.text, (where?.column ?? 1) - 1);
  return {
    from: line.from + from,
    to: line.from + to,
    severity,
    source: 'Cauce',
    message: hint === '' ? message : `${message}\n${hint}`
  };
}

async function describe(
  { schemas, path, trans }: Live.IOptions,
  view: EditorView,
  at: number
): Promise<Tooltip | null> {
  const dialect = dialectOf(path());
  const schema = dialect === null ? null : await schemas.of(dialect);
  const found = schema === null ? null : describeAt(view.state.doc.toString(), at, schema);
  if (found === null) {
    return null;
  }
  const { from, to, key, text, byDefault } = found;
  return {
    pos: from,
    end: to,
    above: true,
    create: () => {
      const dom = document.createElement('div');
      dom.className = 'jp-cauce-KeyHelp';
      const name = document.createElement('strong');
      name.textContent = key;
      const words = byDefault === '' ? text : trans.__('%1 By default: %2', text, byDefault);
      dom.append(name, ` ${words}`);
      return { dom };
    }
  };
}

/** CodeMirror's own colours do not know JupyterLab's themes. */
export const theme = EditorView.theme({
  '.cm-tooltip': {
    border: 'var(--jp-border-width) solid var(--jp-border-color1)',
    borderRadius: 'var(--jp-border-radius)',
    backgroundColor: 'var(--jp-layout-color1)',
    boxShadow: 'var(--jp-elevation-z4)',
    color: 'var(--jp-ui-font-color1)',
    fontFamily: 'var(--jp-ui-font-family)',
    fontSize: 'var(--jp-ui-font-size1)',
    lineHeight: '1.4',
    maxWidth: '480px'
  },
  '.cm-tooltip .cm-diagnostic': { padding: '4px 8px', whiteSpace: 'pre-wrap' },
  '.cm-tooltip .cm-diagnostic-error': { borderLeft: '3px solid var(--jp-error-color1)' },
  '.cm-tooltip .cm-diagnostic-warning': { borderLeft: '3px solid var(--jp-warn-color1)' },
  '.cm-diagnosticSource': { display: 'none' },
  '.cm-tooltip .jp-cauce-KeyHelp': { padding: '4px 8px' },
  '.cm-lintRange-error': squiggle('var(--jp-error-color1)'),
  '.cm-lintRange-warning': squiggle('var(--jp-warn-color1)'),
  '.cm-gutter-lint': { width: '14px' },
  '.cm-gutter-lint .cm-gutterElement': { padding: '0 2px' },
  '.cm-lint-marker': { width: '9px', height: '9px', borderRadius: '50%', marginTop: '4px' },
  '.cm-lint-marker-error': { content: '""', backgroundColor: 'var(--jp-error-color1)' },
  '.cm-lint-marker-warning': {
    content: '""',
    borderRadius: '0',
    backgroundColor: 'var(--jp-warn-color1)',
    clipPath: 'polygon(50% 0, 100% 100%, 0 100%)'
  }
});

function squiggle(colour: string): Readonly<Record<string, string>> {
  return {
    backgroundImage: 'none',
    textDecoration: `underline wavy ${colour}`,
    textDecorationSkipInk: 'none'
  };
}
