// Every action of an operator goes through here, from wherever it was asked for: it is done, and noted in the audit log.
import type { OperatorCommand } from '../replicator/core/events.ts'

export type Done = { readonly ok: boolean; readonly detail: string }
export type Note = (line: { actor: string; action: string; ok: boolean; detail: string }) => void

export type Operate = {
  /** @param actor who asks, for the audit log */
  command(command: OperatorCommand, actor: string): Promise<Done>
  /** Notes what was not even tried. */
  refused(action: string, detail: string, actor: string): Done
  /** Notes what is no command to the replicator. */
  noted(action: string, done: Done, actor: string): Done
}

export function createOperate(perform: (command: OperatorCommand) => Promise<Done>, note: Note): Operate {
  const noted = (action: string, done: Done, actor: string): Done => {
    note({ actor, action, ok: done.ok, detail: done.detail })
    return done
  }
  return {
    command: async (command, actor) => noted(actionOf(command), await perform(command), actor),
    refused: (action, detail, actor) => noted(action, { ok: false, detail }, actor),
    noted,
  }
}

/** As the command line calls it. */
function actionOf(command: OperatorCommand): string {
  switch (command.kind) {
    case 'handover':
      return `handover ${command.shard}`
    case 'forcePrimary':
      return 'force-primary'
    case 'rebuildRegisters':
      return 'registers rebuild'
    default:
      return command.kind
  }
}
