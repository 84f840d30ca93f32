import type { Invocation } from './command.ts'
import { writeText } from './output.ts'

export async function version({ flags, environment }: Invocation): Promise<number> {
  const { stdout, machine } = environment
  const facts = { peapod: machine.version, node: process.versions.node }
  const text =
    flags.text('output') === 'json' ? JSON.stringify(facts) : `peapod ${facts.peapod} (Node.js ${facts.node})`
  await writeText(stdout, `${text}\n`)
  return 0
}
