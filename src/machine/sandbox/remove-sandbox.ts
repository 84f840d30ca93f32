import { existsSync } from 'node:fs'
import { killCgroup, removeCgroup } from '../linux/cgroups.ts'
import { unmount } from '../linux/mount.ts'
import { removeTree } from '../linux/remove-tree.ts'
import { releasePorts } from './claim-ports.ts'
import { listClaims, ownerOf, release } from './claims.ts'
import { unpublishRules } from './nftables-rules.ts'
import { ADDRESSES_DIRECTORY, SANDBOXES_DIRECTORY, withMachineLock } from './run-directory.ts'
import { isTableThere, runNft } from './run-nft.ts'
import type { SandboxPlan } from './sandbox.ts'
import { sandboxPaths } from './sandbox-paths.ts'
import { portForwards, readRecord, type SandboxRecord } from './sandbox-record.ts'

/** Other programs hold the lock for milliseconds, or for one start of nft. */
const LOCK_LIMIT_MS = 30_000

/**
 * Ends every process of the pod and removes all that its sandbox is, as far as it was made. Idempotent: after a failure, or
 * a crash of this program, call it again. The links vanish with the network namespace, which the kernel ends some
 * milliseconds later.
 */
export async function removeSandbox(
  plan: Pick<SandboxPlan, 'id' | 'directory' | 'cgroupPath' | 'network'>,
): Promise<void> {
  const { id, directory } = plan
  const owner = ownerOf(SANDBOXES_DIRECTORY, id)
  if (owner !== undefined && owner !== directory && existsSync(owner)) {
    // Everything that the ID names is another sandbox's: only this directory is ours.
    await removeTree(directory)
    return
  }
  await killCgroup(plan.cgroupPath)
  const record = readRecord(directory)
  const { network, ipc, uts, shm } = sandboxPaths(directory)
  for (const mountPoint of [network, ipc, uts, shm]) unmount(mountPoint, { detach: true })
  await withdraw(record, directory)
  await removeCgroup(plan.cgroupPath)
  // The record is in this mount: whoever goes on after a crash needs it to find ports and addresses.
  unmount(directory, { detach: true })
  // The claim on the directory ends last: it is what tells of everything else.
  await removeTree(directory)
  await withMachineLock(AbortSignal.timeout(LOCK_LIMIT_MS), () => release(SANDBOXES_DIRECTORY, id, directory))
}

/** Takes back the pod's ports and addresses. */
async function withdraw(record: SandboxRecord | undefined, directory: string): Promise<void> {
  if (record?.plan.network === 'host') return
  // A creation that was cut short left claims, but no word of which.
  const addresses =
    record?.sandbox?.podIPs ??
    listClaims(ADDRESSES_DIRECTORY)
      .filter((each) => each.owner === directory)
      .map((each) => each.name)
  const forwards = record === undefined ? [] : addresses.flatMap((address) => portForwards(record, address))
  if (forwards.length > 0 && isTableThere()) await runNft(unpublishRules(forwards), 'withdraw published ports')
  await withMachineLock(AbortSignal.timeout(LOCK_LIMIT_MS), () => {
    if (record !== undefined) releasePorts(record.plan.publishedPorts, directory)
    for (const address of addresses) release(ADDRESSES_DIRECTORY, address, directory)
  })
}
