/**
 * The words of this extension in the user's language.
 */
import { nullTranslator, type ITranslator, type TranslationBundle } from '@jupyterlab/translation';

const DOMAIN = 'jupyterlab-cauce';

export function bundle(translator: ITranslator | null): TranslationBundle {
  return (translator ?? nullTranslator).load(DOMAIN);
}
