// Everything that a run has started and must end, whatever ends the run.

type Stop = () => Promise<void>

const running = new Set<Stop>()

/** Returns the same stop, which now also forgets itself. */
export function owned(stop: Stop): Stop {
  const once: Stop = async () => {
    running.delete(once)
    await stop()
  }
  running.add(once)
  return once
}

/** The newest first: what was built on others goes before them. */
export async function stopAll(): Promise<void> {
  for (const stop of [...running].reverse()) await stop()
}
