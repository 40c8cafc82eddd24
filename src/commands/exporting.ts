/**
 * The command that saves a picture of the graph.
 */
import type { Contents } from '@jupyterlab/services';

import { FORMATS, parseGraphView } from '../graph/look';
import { CommandIDs } from './ids';
import { argumentSchemas, choosePipeline, type ICommandContext } from './target';

export interface IExportContext extends Pick<
  ICommandContext,
  'commands' | 'model' | 'actions' | 'trans'
> {
  readonly contents: Contents.IManager;
}

export function addExportCommand({
  commands,
  model,
  actions,
  trans,
  contents
}: IExportContext): void {
  const { pipeline } = argumentSchemas(trans);
  commands.addCommand(CommandIDs.exportGraph, {
    label: args => {
      switch (args.format) {
        case 'png':
          return trans.__('Save Graph as PNG…');
        case 'mermaid':
          return trans.__('Save Graph as Mermaid…');
        default:
          return trans.__('Save Graph as SVG…');
      }
    },
    caption: trans.__('Save a picture of the pipeline’s graph'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          ...(pipeline.properties as object),
          format: { type: 'string', enum: [...FORMATS], description: trans.__('By default svg') },
          place: {
            type: 'string',
            enum: ['download'],
            description: trans.__('Where it goes; asked for by default')
          },
          look: {
            type: 'object',
            description: trans.__('How the graph is shown: groups, levels; by default all of it')
          },
          filter: { type: 'string', description: trans.__('Only the tasks that match') }
        }
      }
    },
    isEnabled: args => typeof args.pipeline === 'string' || (model.snapshot?.tasks.length ?? 0) > 0,
    execute: async args => {
      if (!(await choosePipeline(model, args))) {
        return null;
      }
      const filter = typeof args.filter === 'string' ? args.filter : '';
      const look = parseGraphView(args.look ?? { grouping: 'none' });
      try {
        const { exportGraph } = await import('../actions/exporting');
        return await exportGraph({
          model,
          contents,
          trans,
          format: FORMATS.find(each => each === args.format) ?? 'svg',
          // What is asked for by itself is also what is to be seen.
          look: args.look === undefined && filter !== '' ? { ...look, hideOthers: true } : look,
          filter,
          place: args.place === 'download' ? 'download' : null
        });
      } catch (error) {
        actions.telling.error(error);
        return null;
      }
    }
  });
}
