/**
 * The names of the commands.
 */
export namespace CommandIDs {
  export const show = 'cauce:show';
  export const openMain = 'cauce:open-main';
  export const build = 'cauce:build';
  export const buildForce = 'cauce:build-force';
  export const plan = 'cauce:plan';
  export const cancel = 'cauce:cancel';
  export const refresh = 'cauce:refresh';
  export const runTask = 'cauce:run-task';
  export const runFrom = 'cauce:run-from';
  export const forceTask = 'cauce:force-task';
  export const runOnly = 'cauce:run-only';
  export const evaluate = 'cauce:evaluate';
  export const markTask = 'cauce:mark-task';
  export const cleanTask = 'cauce:clean-task';
  export const clean = 'cauce:clean';
  export const scaffold = 'cauce:scaffold';
  export const addTask = 'cauce:add-task';
  export const renameTask = 'cauce:rename-task';
  export const removeTask = 'cauce:remove-task';
  export const editUpstream = 'cauce:edit-upstream';
  export const connectTasks = 'cauce:connect-tasks';
  export const disconnectTasks = 'cauce:disconnect-tasks';
  export const chooseProfile = 'cauce:choose-profile';
  export const createPipeline = 'cauce:create-pipeline';
  export const splitNotebook = 'cauce:split-notebook';
  export const proveSplit = 'cauce:prove-split';
  export const openTask = 'cauce:open-task';
  export const openSource = 'cauce:open-source';
  export const openFunction = 'cauce:open-function';
  export const openExecuted = 'cauce:open-executed';
  export const openFailing = 'cauce:open-failing';
  export const debugTask = 'cauce:debug-task';
  export const openProduct = 'cauce:open-product';
  export const showDeclaration = 'cauce:show-declaration';
  export const showInGraph = 'cauce:show-in-graph';
  export const useUpstream = 'cauce:use-upstream';
  export const showValues = 'cauce:show-values';
  export const toggleBanner = 'cauce:toggle-banner';
  export const createExample = 'cauce:create-example';
  export const showRuns = 'cauce:show-runs';
  export const rerun = 'cauce:rerun';
  export const deleteRun = 'cauce:delete-run';
  export const exportGraph = 'cauce:export-graph';
  export const showFile = 'cauce:show-file';
}
