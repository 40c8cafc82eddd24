/**
 * Our own icons.
 */
import { LabIcon } from '@jupyterlab/ui-components';

import cauceSvg from '../style/icons/cauce.svg';
import sortSvg from '../style/icons/sort.svg';

/** The mark of the extension: two streams that join, drawn as a graph. */
export const cauceIcon = new LabIcon({ name: 'cauce:pipeline', svgstr: cauceSvg });

export const sortIcon = new LabIcon({ name: 'cauce:sort', svgstr: sortSvg });
