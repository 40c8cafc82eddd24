/**
 * The graph's words: the graph itself knows no translations.
 */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IGraphWords } from '../graph/graph';
import { stateName } from '../words';

export function graphWords(trans: TranslationBundle): IGraphWords {
  return {
    graph: trans.__('Graph of the tasks. The list shows the same.'),
    map: trans.__('Overview map'),
    zoomIn: trans.__('Zoom in (+)'),
    zoomOut: trans.__('Zoom out (-)'),
    fit: trans.__('Show all (0)'),
    options: trans.__('How the graph is shown'),
    grouping: trans.__('Group by'),
    groupings: {
      auto: trans.__('automatic'),
      none: trans.__('nothing'),
      folder: trans.__('folder'),
      prefix: trans.__('beginning of the name'),
      grid: trans.__('grid')
    },
    levels: trans.__('Around the selection'),
    level: count =>
      count === 0 ? trans.__('everything') : trans._n('%1 step', '%1 steps', count, count),
    direction: trans.__('Direction'),
    directions: {
      auto: trans.__('automatic'),
      down: trans.__('downwards'),
      right: trans.__('to the right')
    },
    hideOthers: trans.__('Hide tasks that the filter leaves out'),
    hideLinks: trans.__('Hide links outside of the selection'),
    export: trans.__('Save as'),
    formats: { svg: trans.__('SVG'), png: trans.__('PNG'), mermaid: trans.__('Mermaid') },
    run: name => trans.__('Run %1 with what it needs', name),
    group: (label, counts) =>
      [
        trans.__(
          '%1: %2',
          label,
          trans._n(
            '%1 task',
            '%1 tasks',
            counts.reduce((sum, { count }) => sum + count, 0),
            counts.reduce((sum, { count }) => sum + count, 0)
          )
        ),
        ...counts.map(({ state, count }) => trans.__('%1: %2', stateName(trans, state), count))
      ].join('\n'),
    expand: label => trans.__('Show the tasks of %1 (Enter)', label),
    collapse: label => trans.__('Collapse %1 (C)', label),
    collapseAll: trans.__('Collapse all'),
    grouped: (tasks, boxes) => trans._n('%2 task in %1 box', '%2 tasks in %1 boxes', boxes, tasks),
    hidden: count => trans._n('%1 task hidden', '%1 tasks hidden', count, count),
    showAll: trans.__('Show all'),
    nothing: trans.__('No task matches the filter.'),
    edge: (from, to) => trans.__('%2 uses %1', from, to),
    removeEdge: (from, to) => trans.__('%2 uses %1: remove this link (Delete)', from, to),
    port: name => trans.__('Drag to the task that is to use what %1 makes', name),
    notItself: trans.__('A task cannot use itself.'),
    notTwice: (from, to) => trans.__('%2 uses %1 already.', from, to),
    noCycle: (from, to) => trans.__('%1 needs %2 already: that would be a cycle.', from, to),
    noGroup: trans.__('Expand the group to link its tasks.')
  };
}
