/**
 * The examples that come with Cauce, copied to where a test may build them.
 */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';

import type { Project } from './project';

const EXAMPLES = path.resolve(__dirname, '../../examples');

/** What building leaves behind stays where it is. */
const BUILT = /(^|\/)(output|\.cauce|__pycache__|\.ipynb_checkpoints)$/;

/** The tasks of the first of them, in build order. */
export const EXAMPLE_TASKS = [
  'load',
  'clean',
  'train-test-split',
  'linear-regression',
  'random-forest-regressor',
  'gradient-boosting',
  'report'
];

/** Copy an example, unbuilt, into the project's folder. */
export async function copyExample(project: Project, name = 'diabetes'): Promise<void> {
  await fs.cp(path.join(EXAMPLES, name), project.path(), {
    recursive: true,
    filter: source => !BUILT.test(source)
  });
}
