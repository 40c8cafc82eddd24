/**
 * Colours for code that is only read, by JupyterLab's own languages and theme.
 */
import { EditorView } from '@codemirror/view';
import { jupyterTheme, type IEditorLanguageRegistry } from '@jupyterlab/codemirror';

import type { Paint } from './code';

export function painter(languages: IEditorLanguageRegistry): Paint {
  let styled = false;
  return async (text, language, into) => {
    if (!styled) {
      styled = true;
      // The theme's style sheet comes with the first editor, and there may not have been one.
      new EditorView({ extensions: [jupyterTheme] }).destroy();
    }
    await languages.highlight(text, languages.findBest(language), into);
  };
}

/** The media type of what a file called so holds; '' where nobody knows. */
export function languageOf(languages: IEditorLanguageRegistry, path: string): string {
  const found = languages.findByFileName(path)?.mime ?? '';
  return typeof found === 'string' ? found : (found[0] ?? '');
}
