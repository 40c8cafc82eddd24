/**
 * The mark of the extension: two streams that join, drawn as a graph.
 */
import { LabIcon } from '@jupyterlab/ui-components';

import cauceSvg from '../style/icons/cauce.svg';

export const cauceIcon = new LabIcon({ name: 'cauce:pipeline', svgstr: cauceSvg });
