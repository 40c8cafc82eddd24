/**
 * The example that comes with Cauce, copied to where a test may build it.
 */
import * as fs from 'node:fs/promises';
import * as path from 'node:path';

import type { Project } from './project';

const EXAMPLE = path.resolve(__dirname, '../../examples/diabetes');

/** What building leaves behind stays where it is. */
const BUILT = /(^|\/)(output|\.cauce|__pycache__|\.ipynb_checkpoints)$/;

/** The example's tasks in build order. */
export const EXAMPLE_TASKS = [
  'load',
  'clean',
  'train-test-split',
  'linear-regression',
  'random-forest-regressor',
  'gradient-boosting',
  'report'
];

/** Copy the example, unbuilt, into the project's folder. */
export async function copyExample(project: Project): Promise<void> {
  await fs.cp(EXAMPLE, project.path(), {
    recursive: true,
    filter: source => !BUILT.test(source)
  });
}
