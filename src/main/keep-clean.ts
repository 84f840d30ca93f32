import type { ImageStore } from '../machine/image/image-store.ts'
import type { SandboxMaker } from '../node/engine/engine-parts.ts'
import type { Chore } from '../node/engine/keep-house.ts'
import type { Store } from '../node/store/store.ts'
import { complain } from './program.ts'

const MINUTE_MS = 60_000
/** As often as a kubelet looks at the disk of its images. */
const SELDOM_MS = 5 * MINUTE_MS

interface WhatGathers {
  readonly store: Store
  /** Of a server that stays; one that lives as long as a command leaves both as they are. */
  readonly machine?: {
    readonly images: ImageStore
    readonly sandboxes: SandboxMaker
    readonly stateDirectory: string
  }
}

/** Takes away what gathers beside the pods and is of no use any more, until the signal aborts. */
export async function keepClean({ store, machine }: WhatGathers, signal: AbortSignal): Promise<void> {
  const [{ keepHouse }, { machineClock }] = await Promise.all([
    import('../node/engine/keep-house.ts'),
    import('../node/engine/clock.ts'),
  ])
  const chores = [eventsChore(store), ...(machine === undefined ? [] : [instancesChore(machine), imagesChore(machine)])]
  await keepHouse(chores, { clock: machineClock, log: complain }, signal)
}

function eventsChore(store: Store): Chore {
  return {
    what: 'remove old Events',
    afterMs: MINUTE_MS,
    everyMs: MINUTE_MS,
    work: async () => (await import('../node/store/expire-events.ts')).expireEvents(store, Date.now()),
  }
}

type Machine = Required<WhatGathers>['machine']

function instancesChore({ stateDirectory, sandboxes }: Machine): Chore {
  return {
    what: 'remove what killed commands left',
    everyMs: SELDOM_MS,
    work: async (signal) => {
      const { removeDeadInstances } = await import('../node/engine/instance-directory.ts')
      await removeDeadInstances(stateDirectory, sandboxes)
      await removeOrphans(stateDirectory, signal)
    },
  }
}

/**
 * Links, rules, claims and cgroups of sandboxes whose folder somebody has deleted by hand. Those of other state directories
 * are let be: their folders may be where only others see them.
 */
async function removeOrphans(stateDirectory: string, signal: AbortSignal): Promise<void> {
  const { findLeftovers, removeLeftover } = await import('../machine/sandbox/leftovers.ts')
  for (const leftover of findLeftovers()) {
    if (leftover.owner.startsWith(`${stateDirectory}/`)) await removeLeftover(leftover, signal)
  }
}

function imagesChore({ images }: Machine): Chore {
  return { what: 'remove unused images', everyMs: SELDOM_MS, work: (signal) => images.collectGarbage(signal) }
}
