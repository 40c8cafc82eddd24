/**
 * The plugins of the extension. What each is wired to is in `plugins/`.
 */
import { editing } from './plugins/editing';
import { filebrowser } from './plugins/filebrowser';
import { notebook } from './plugins/notebook';
import { panel } from './plugins/panel';
import { pipelines } from './plugins/pipelines';
import { running, status } from './plugins/status';

export default [pipelines, panel, notebook, filebrowser, editing, status, running];
