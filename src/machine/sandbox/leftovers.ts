import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { childCgroups, killCgroup, removeCgroup } from '../linux/cgroups.ts'
import { deleteLink, listLinks } from '../linux/links.ts'
import { NETLINK_ROUTE, withNetlink } from '../linux/netlink-socket.ts'
import { withdrawPort } from './claim-ports.ts'
import { ownerOf, release, staleClaims } from './claims.ts'
import { ADDRESSES_DIRECTORY, PORTS_DIRECTORY, SANDBOXES_DIRECTORY, withMachineLock } from './run-directory.ts'
import { CGROUP_PARENT, isLinkName } from './sandbox-names.ts'

/** Something of a sandbox whose directory is gone: somebody deleted it by hand, or a removal was cut short. */
export interface Leftover {
  readonly is: 'link' | 'port' | 'address' | 'cgroup' | 'sandbox'
  readonly name: string
  /** The directory that is gone; '' where it is not known. */
  readonly owner: string
}

/** Everything that bears peapod's name on this machine and belongs to no sandbox directory, whatever the state directory. */
export function findLeftovers(): Leftover[] {
  const links = withNetlink(NETLINK_ROUTE, listLinks)
    // Without an alias it is just being made.
    .filter((link) => isLinkName(link.name) && link.alias !== '' && !existsSync(link.alias))
    .map((link): Leftover => ({ is: 'link', name: link.name, owner: link.alias }))
  const cgroups = childCgroups(CGROUP_PARENT)
    .map((name) => ({ name, owner: ownerOf(SANDBOXES_DIRECTORY, name.replace(/^pod/, '')) ?? '' }))
    .filter(({ owner }) => owner === '' || !existsSync(owner))
    .map(({ name, owner }): Leftover => ({ is: 'cgroup', name: join(CGROUP_PARENT, name), owner }))
  const claims = (is: Leftover['is'], folder: string) =>
    staleClaims(folder).map((claim): Leftover => ({ is, ...claim }))
  return [
    ...links,
    ...cgroups,
    ...claims('port', PORTS_DIRECTORY),
    ...claims('address', ADDRESSES_DIRECTORY),
    ...claims('sandbox', SANDBOXES_DIRECTORY),
  ]
}

/** Removes one of them, processes in a cgroup included. Idempotent. */
export async function removeLeftover(leftover: Leftover, signal: AbortSignal): Promise<void> {
  const { name, owner } = leftover
  switch (leftover.is) {
    case 'link':
      withNetlink(NETLINK_ROUTE, (socket) => deleteLink(socket, name))
      return
    case 'cgroup':
      await killCgroup(name)
      await removeCgroup(name)
      return
    case 'port':
      await withMachineLock(signal, () => withdrawPort({ name, owner }))
      return
    case 'address':
      await withMachineLock(signal, () => release(ADDRESSES_DIRECTORY, name, owner))
      return
    case 'sandbox':
      await withMachineLock(signal, () => release(SANDBOXES_DIRECTORY, name, owner))
  }
}
