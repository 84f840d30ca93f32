import type { CliEnvironment } from './cli-environment.ts'
import type { ImageCommands, PullStep, TransferOptions } from './cli-machine.ts'
import type { Invocation } from './command.ts'
import { withInterrupt } from './interrupt.ts'
import { LiveArea } from './live-area.ts'
import { writeText } from './output.ts'
import { applyPullStep, pullLines, shortDigest, type PullView } from './pull-view.ts'
import { sizeText } from './size-text.ts'

/** Moves one image and says in one line what was done. */
type Transfer = (images: ImageCommands, reference: string, options: TransferOptions) => Promise<string>

/** One image after the other: progress on standard error, what was done on standard output. */
export async function transferImages(
  { flags, operands, environment }: Invocation,
  transfer: Transfer,
): Promise<number> {
  const images = await environment.machine.openImages({ stateDirectory: flags.stateDirectory(environment.env) })
  await withInterrupt(environment, async (signal) => {
    for (const reference of operands) {
      const progress = flags.isSet('quiet') ? undefined : openProgress(environment, reference)
      const options = { signal, ...(progress === undefined ? {} : { onProgress: progress.step }) }
      const done = await transfer(images, reference, options).finally(() => progress?.close())
      await writeText(environment.stdout, `${done}\n`)
    }
  })
  return 0
}

interface Progress {
  readonly step: (step: PullStep) => void
  readonly close: () => void
}

function openProgress(environment: CliEnvironment, reference: string): Progress {
  return environment.stderr.isTTY === true ? bars(environment) : plainLines(environment, reference)
}

const REPAINT_MS = 80

/** One bar for each layer, repainted in place; gone when the transfer is over. */
function bars({ stderr, nowMs }: CliEnvironment): Progress {
  const area = new LiveArea(stderr)
  let view: PullView | undefined
  let paintedAtMs = 0
  return {
    step(step) {
      view = applyPullStep(view, step)
      if (nowMs() - paintedAtMs < REPAINT_MS) return
      paintedAtMs = nowMs()
      area.setLines(pullLines(view, stderr.columns ?? 80))
    },
    close: () => area.setLines([]),
  }
}

/** A line when something is finished or has to be tried again: for logs and pipes. */
function plainLines({ stderr }: CliEnvironment, reference: string): Progress {
  const said = new Set<string>()
  const say = (text: string) => {
    if (said.has(text)) return
    said.add(text)
    stderr.write(`${reference}: ${text}\n`)
  }
  return {
    step(step) {
      if (step.is === 'resolved') {
        const sizeBytes = step.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0)
        const count = `${step.layers.length} layer${step.layers.length === 1 ? '' : 's'}`
        say(`${step.reference}@${step.digest}, ${count}, ${sizeText(sizeBytes)}`)
      } else if (step.is === 'retry') {
        say(`layer ${shortDigest(step.digest)}: try ${step.attempt}: ${step.message}`)
      } else if (step.step === 'done') {
        say(`layer ${shortDigest(step.digest)}: done, ${sizeText(step.totalBytes)}`)
      } else if (step.step === 'exists') say(`layer ${shortDigest(step.digest)}: already here`)
    },
    close: () => undefined,
  }
}
