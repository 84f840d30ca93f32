import { lstat, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Failure, messageOf } from '../../../failure.ts'
import { PODS } from '../../client/resource-type.ts'
import type { Invocation } from '../command.ts'
import { withInterrupt } from '../interrupt.ts'
import { openCluster } from '../open-cluster.ts'
import { writeText } from '../output.ts'
import { chooseContainer } from '../streams/choose-container.ts'
import { refuseWhenOver } from '../streams/refuse-when-over.ts'
import { parseCopyPlace, splitRemotePath, type CopyPlace } from './copy-place.ts'
import { extractTar } from './extract-tar.ts'
import { readTar } from './read-tar.ts'
import { RemoteTar, type TarContainer } from './remote-tar.ts'
import { SkippedNotes } from './skipped-notes.ts'
import { writeTar } from './write-tar.ts'

type Remote = CopyPlace & { readonly is: 'remote' }

/** `peapod cp`: see its declaration for what it promises. */
export async function cp(invocation: Invocation): Promise<number> {
  const { operands, environment } = invocation
  const [from, to] = operands.map(parseCopyPlace)
  if (from === undefined || to === undefined) throw new Failure('UsageError', 'cp needs SOURCE DESTINATION')
  if (from.is === to.is) {
    const both = from.is === 'local' ? 'both are files of this machine' : 'both are in containers'
    throw new Failure('UsageError', `cp copies to or from a container: ${both}; one of them must be POD:PATH`)
  }
  const remote = from.is === 'remote' ? from : (to as Remote)
  const local = resolve(environment.cwd, from.is === 'local' ? from.path : to.path)
  const localText = from.is === 'local' ? from.path : to.path
  using cluster = await openCluster(invocation)
  const pod = await cluster.client.get(PODS, { namespace: remote.namespace ?? cluster.namespace, name: remote.pod })
  refuseWhenOver(pod, 'copy to or from')
  const { name: container, notice } = chooseContainer(pod, invocation.flags.text('container'))
  if (notice !== undefined) await writeText(environment.stderr, `${notice}\n`)
  const { namespace, name } = pod.metadata
  await withInterrupt(environment, async (signal) => {
    const tar = new RemoteTar({ endpoint: cluster.endpoint, pod: { namespace, name }, container, signal })
    if (from.is === 'remote') await copyHere(tar, { remote, local, localText }, invocation)
    else await copyThere(tar, { remote, local }, invocation)
  })
  return 0
}

async function copyHere(
  tar: TarContainer,
  { remote, local, localText }: { readonly remote: Remote; readonly local: string; readonly localText: string },
  { environment }: Invocation,
): Promise<void> {
  const { folder, name: asked } = splitRemotePath(remote.path)
  const isInto = localText.endsWith('/') || (await stat(local).catch(() => undefined))?.isDirectory() === true
  const destination = isInto && asked !== '.' ? join(local, asked) : local
  const archive = await tar.run(['tar', 'cf', '-', ...inFolder(folder), '--', asked])
  const skipped = new SkippedNotes()
  let count: number
  try {
    count = await extractTar(readTar(archive.stdout), { destination, asked, onSkipped: skipped.add })
  } catch (error) {
    archive.close()
    // It ended too early because there was nothing to make it of: that is what to tell.
    await archive.ended.catch((cause: unknown) => {
      if (!(error instanceof Failure)) throw cause
    })
    if (error instanceof Failure) throw error
    throw new Failure('InternalError', `read the archive that the container sent: ${messageOf(error)}`, {
      cause: error,
    })
  }
  await archive.ended
  await writeText(environment.stderr, skipped.text)
  if (count === 0)
    throw new Failure('NotFound', `copy ${JSON.stringify(remote.path)}: there was nothing that can be copied`)
}

async function copyThere(
  tar: TarContainer,
  { remote, local }: { readonly remote: Remote; readonly local: string },
  { flags, environment }: Invocation,
): Promise<void> {
  await lstat(local).catch((cause: unknown) => {
    throw new Failure('UsageError', `copy ${JSON.stringify(local)}: ${messageOf(cause)}`, { cause })
  })
  const isInto = await tar.isDirectory(remote.path)
  const { folder, name } = isInto ? { folder: remote.path, name: basename(local) } : splitRemotePath(remote.path)
  const asTheyAre = flags.isSet('no-preserve') ? ['--no-same-permissions', '--no-same-owner'] : []
  const unpacking = await tar.run(['tar', ...asTheyAre, '-xmf', '-', ...inFolder(folder)])
  const skipped = new SkippedNotes()
  unpacking.stdout.resume()
  try {
    await pipeline(Readable.from(writeTar({ path: local, name, onSkipped: skipped.add })), unpacking.stdin)
  } catch (error) {
    unpacking.close()
    // tar that has ended breaks the pipe: what it says of it is the reason.
    if (!(error instanceof Failure)) await unpacking.ended
    throw error
  }
  await unpacking.ended
  await writeText(environment.stderr, skipped.text)
}

function inFolder(folder: string): readonly string[] {
  return folder === '.' ? [] : ['-C', folder]
}
