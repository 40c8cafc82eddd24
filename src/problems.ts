/**
 * What is wrong with a pipeline, put in order for whoever mends it.
 */
import type { Problem, Snapshot } from './contract';
import { fromServerRoot } from './paths';

/** Problems of some tasks, else of one file; '' for what belongs to neither. */
export interface IProblemGroup {
  /** All of which it is said. */
  readonly tasks: readonly string[];
  readonly file: string;
  /** Each once. */
  readonly problems: readonly Problem[];
}

/** A problem, and all tasks of which it is said. */
export interface ITold {
  readonly problem: Problem;
  readonly tasks: ReadonlySet<string>;
}

/** Each problem once: much is said alike of all tasks that a grid makes. */
export function toldOnce(problems: readonly Problem[]): readonly ITold[] {
  const said = new Map<string, { readonly problem: Problem; readonly tasks: Set<string> }>();
  for (const problem of problems) {
    const { severity, message, hint, where, task } = problem;
    const key = JSON.stringify([severity, message, hint, where, task === null]);
    const known = said.get(key) ?? { problem, tasks: new Set() };
    said.set(key, known);
    if (task !== null) {
      known.tasks.add(task);
    }
  }
  return [...said.values()];
}

/** Grouped by tasks or file; errors first, both in a group and among the groups. */
export function groupProblems(problems: readonly Problem[]): readonly IProblemGroup[] {
  const groups = new Map<string, IProblemGroup>();
  for (const { problem, tasks } of toldOnce(problems)) {
    const file = tasks.size === 0 ? (problem.where?.path ?? '') : '';
    const key = JSON.stringify([file, ...tasks]);
    const others = groups.get(key)?.problems ?? [];
    groups.set(key, { tasks: [...tasks], file, problems: [...others, problem] });
  }
  return [...groups.values()]
    .map(group => ({ ...group, problems: errorsFirst(group.problems) }))
    .sort((one, other) => Number(hasError(other.problems)) - Number(hasError(one.problems)));
}

/** The problems of one task: its own, and the cycles that it is on, which are told of one of their tasks. */
export function problemsOf(snapshot: Snapshot, task: string): readonly Problem[] {
  return snapshot.problems.filter(
    problem =>
      problem.task === task ||
      (problem.code === 'cycle' && problem.task !== null && onCycle(snapshot, task, problem.task))
  );
}

/** The problems with a place in a file, which is seen from the server's root; what is said of several tasks once. */
export function problemsIn(snapshot: Snapshot, file: string): readonly Problem[] {
  const found = snapshot.problems.filter(
    ({ where }) => where !== null && fromServerRoot(snapshot, where.path) === file
  );
  return merged([], found);
}

/** Those of both, each once. */
export function merged(some: readonly Problem[], others: readonly Problem[]): readonly Problem[] {
  const all = new Map<string, Problem>();
  for (const problem of [...some, ...others]) {
    const key = JSON.stringify([problem.message, problem.where?.line, problem.where?.column]);
    all.set(key, all.get(key) ?? problem);
  }
  return [...all.values()];
}

/** Does each of two tasks need the other? */
function onCycle({ edges }: Snapshot, one: string, other: string): boolean {
  const users = new Map<string, string[]>();
  for (const { source, target } of edges) {
    users.set(source, [...(users.get(source) ?? []), target]);
  }
  const reaches = (from: string, to: string): boolean => {
    const seen = new Set([from]);
    for (const task of seen) {
      for (const user of users.get(task) ?? []) {
        seen.add(user); // what is added is walked, too
      }
    }
    return seen.has(to);
  };
  return reaches(one, other) && reaches(other, one);
}

/** As many problems as `limit`, from the top. */
export function firstOf(groups: readonly IProblemGroup[], limit: number): readonly IProblemGroup[] {
  let left = limit;
  return groups.flatMap(group => {
    const problems = group.problems.slice(0, left);
    left -= problems.length;
    return problems.length === 0 ? [] : [{ ...group, problems }];
  });
}

export function errorsFirst(problems: readonly Problem[]): readonly Problem[] {
  return [...problems.filter(isError), ...problems.filter(problem => !isError(problem))];
}

export function isError(problem: Problem): boolean {
  return problem.severity === 'error';
}

/** Tasks that can be built and will fail all the same, with the first reason. */
export function flaws(snapshot: Snapshot): ReadonlyMap<string, string> {
  const sound = new Set(snapshot.tasks.filter(task => task.sound).map(task => task.name));
  const found = new Map<string, string>();
  for (const { task, message } of snapshot.problems.filter(isError)) {
    if (task !== null && sound.has(task) && !found.has(task)) {
      found.set(task, message);
    }
  }
  return found;
}

const CREATED: readonly string[] = ['source_missing', 'function_missing', 'module_missing'];

/** What the panel can do about the problems. */
export function remedies(snapshot: Snapshot): {
  readonly scaffold: boolean;
  readonly evaluate: boolean;
} {
  return {
    scaffold: snapshot.problems.some(({ code }) => CREATED.includes(code)),
    // Without a task, the panel says so where the tasks would be.
    evaluate:
      (snapshot.unevaluated && snapshot.tasks.length > 0) ||
      snapshot.problems.some(({ code }) => code === 'grid_unevaluated')
  };
}

function hasError(problems: readonly Problem[]): boolean {
  return problems.some(isError);
}
