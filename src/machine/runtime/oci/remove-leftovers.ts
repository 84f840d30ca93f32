import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { recordedIds } from './container-record.ts'
import { killByArgument } from './kill-by-argument.ts'
import { endContainer, eraseContainer } from './remove-container.ts'
import { type RuntimeLayout, runtimeLayout } from './runtime-layout.ts'

/**
 * Takes down every container of a dead process, at whatever step it died: conmon and runtimes at work, processes, groups,
 * mounts, directories and records. Idempotent; nothing there is fine. The caller makes sure that the process is dead.
 *
 * @param directory a runtime's directory, or the folder right above it.
 */
export async function removeLeftovers(directory: string): Promise<void> {
  for (const layout of layoutsIn(directory)) {
    await killByArgument([`--exit-dir=${layout.exits}`, `--root=${layout.stateRoot}`])
    for (const id of recordedIds(layout)) {
      await endContainer(layout, id)
      await eraseContainer(layout, id)
    }
  }
}

function layoutsIn(directory: string): RuntimeLayout[] {
  if (!existsSync(directory)) return []
  const below = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [directory, ...below.map((entry) => join(directory, entry.name))]
    .map(runtimeLayout)
    .filter((layout) => existsSync(layout.records) && existsSync(layout.exits))
}
