/**
 * Who may start code without being asked: the user's own hand on JupyterLab's own controls.
 *
 * Any command can be called from anywhere: rendered HTML can carry a link that runs one, and
 * other extensions can. Its arguments prove nothing, for the caller writes them. What cannot
 * be forged is the browser's event that is being handled while the command runs.
 */

/** JupyterLab's own controls that call commands. */
const CONTROLS = '.lm-Menu, .lm-MenuBar, .lm-CommandPalette, .jp-Toolbar, .jp-cauce-Panel';

/** Content that others wrote, and links to commands in it. A class name of ours proves nothing there. */
const CONTENT =
  '[data-commandlinker-command], .jp-OutputArea, .jp-RenderedHTMLCommon, .jp-RenderedMarkdown';

/**
 * Is this event the user's hand on a control of JupyterLab? `null` (nobody's hand, or too long
 * ago to tell) is not.
 */
export function isUserGesture(event: Event | null): boolean {
  if (event?.isTrusted !== true) {
    return false;
  }
  const { target } = event;
  if (target instanceof Element && target.closest(CONTENT) !== null) {
    return false;
  }
  // Content cannot make the user's keyboard speak, and a shortcut's target is whatever has focus.
  if (event.type === 'keydown') {
    return true;
  }
  return target instanceof Element && target.closest(CONTROLS) !== null;
}

/** The event being handled right now. Only tells at the start of a command, before any `await`. */
export function currentEvent(): Event | null {
  // The DOM standard calls this legacy, yet defines it, and nothing else tells of an event that
  // was handled by somebody else.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  return window.event ?? null;
}
