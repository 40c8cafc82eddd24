/**
 * Tells whoever shows commands which of them are others now.
 *
 * The palette looks for its commands anew whenever one of them changes, and what was picked in it with the arrow
 * keys is picked no more: of a command that is as it was nothing is told.
 */
import type { CommandRegistry } from '@lumino/commands';

/** What looks at the commands, and tells of those that changed since it did so last. */
export function tellerOf(
  commands: CommandRegistry,
  ids: readonly string[],
  /** A word that is another when commands may have changed for arguments that nobody knows here. */
  standing: () => string = () => ''
): () => void {
  const known = new Map<string, string>();
  let stood: string | null = null;
  return () => {
    const now = standing();
    const all = now !== stood;
    stood = now;
    // That of the file browser is not there where the file browser is not.
    for (const id of ids.filter(each => commands.hasCommand(each))) {
      const looks = JSON.stringify([
        commands.label(id),
        commands.isEnabled(id),
        commands.isVisible(id),
        commands.isToggled(id)
      ]);
      if (all || looks !== known.get(id)) {
        known.set(id, looks);
        commands.notifyCommandChanged(id);
      }
    }
  };
}
