import type { ListedImage } from './cli-machine.ts'
import type { Invocation } from './command.ts'
import { writeText } from './output.ts'
import { shortDigest } from './pull-view.ts'
import { sizeText } from './size-text.ts'

export async function imageLs({ flags, environment }: Invocation): Promise<number> {
  const { stdout, env, machine } = environment
  const images = await (await machine.openImages({ stateDirectory: flags.stateDirectory(env) })).list()
  const text = flags.text('output') === 'json' ? JSON.stringify({ images }, null, 2) : tableText(images)
  await writeText(stdout, `${text}\n`)
  return 0
}

function tableText(images: readonly ListedImage[]): string {
  const rows = images.flatMap((image) =>
    namesOf(image).map(([name, tag]) => [name, tag, shortDigest(image.id), sizeText(image.sizeBytes)]),
  )
  const table = [
    ['NAME', 'TAG', 'ID', 'SIZE'],
    ...rows.sort((left, right) => (left.join(' ') < right.join(' ') ? -1 : 1)),
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  return table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')).join('\n')
}

function namesOf(image: ListedImage): readonly (readonly [name: string, tag: string])[] {
  if (image.names.length === 0) return [[image.digests[0]?.split('@')[0] ?? '<none>', '<none>']]
  return image.names.map((name) => {
    const colon = name.lastIndexOf(':')
    return colon > name.lastIndexOf('/') ? [name.slice(0, colon), name.slice(colon + 1)] : [name, '<none>']
  })
}
