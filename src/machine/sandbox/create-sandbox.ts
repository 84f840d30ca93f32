import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { Failure } from '../../failure.ts'
import { addAddressMessage, addDefaultRouteMessage } from '../linux/addresses.ts'
import { makeCgroup } from '../linux/cgroups.ts'
import { formatIpv4 } from '../linux/ipv4.ts'
import { createVeth, findLink, linkUpMessage } from '../linux/links.ts'
import { mountTmpfs } from '../linux/mount.ts'
import { createNamespaces } from '../linux/namespaces.ts'
import { NETLINK_ROUTE, type NetlinkSocket, withNetlink } from '../linux/netlink-socket.ts'
import { claimAddress } from './claim-address.ts'
import { claimPorts } from './claim-ports.ts'
import { claim, ownerOf } from './claims.ts'
import { hostAddresses } from './host-addresses.ts'
import { buildHostsFile, truncateHostname } from './hosts-file.ts'
import { ensureNetwork, ensureRules, type Network } from './network.ts'
import { publishRules } from './nftables-rules.ts'
import { removeSandbox } from './remove-sandbox.ts'
import { buildResolvConf, parseResolvConf, reachableFromPod, readHostResolvConf } from './resolv-conf.ts'
import { SANDBOXES_DIRECTORY, withMachineLock } from './run-directory.ts'
import { runNft } from './run-nft.ts'
import type { Sandbox, SandboxPlan } from './sandbox.ts'
import { linkName, macOf, POD_LINK } from './sandbox-names.ts'
import { sandboxPaths } from './sandbox-paths.ts'
import { portForwards, readRecord, writeRecord } from './sandbox-record.ts'

const SHM_BYTES = 64 * 1024 * 1024
/** Far more than the files of a sandbox take. */
const FILES_BYTES = 16 * 1024 * 1024

/** A pod's place in the network. */
interface Attachment {
  readonly network: Network
  readonly address: number
}

/**
 * Makes everything that the containers of a pod share.
 *
 * @throws Failure FailedCreatePodSandBox, SystemCallFailed, Interrupted; nothing is left behind then, the directory included.
 */
export async function createSandbox(plan: SandboxPlan, signal: AbortSignal): Promise<Sandbox> {
  // What a creation that was cut short has left, if the caller did not remove it.
  if (readRecord(plan.directory) !== undefined) await removeSandbox(plan)
  mkdirSync(plan.directory, { recursive: true, mode: 0o700 })
  try {
    // First of all: with claim and record, whatever comes after can be found and removed after a crash.
    await withMachineLock(signal, () => claimId(plan))
    // In memory: nothing in it outlives a reboot, and making nine files on a busy disk takes longer than all the rest.
    mountTmpfs(plan.directory, { sizeBytes: FILES_BYTES, mode: 0o700 })
    writeRecord(plan.directory, { plan })
    const attachment = plan.network === 'host' ? undefined : await withMachineLock(signal, () => claimPlace(plan))
    const sandbox = await makeSandbox(plan, attachment)
    writeRecord(plan.directory, { plan, sandbox })
    signal.throwIfAborted()
    return sandbox
  } catch (error) {
    await removeSandbox(plan)
    if (!signal.aborted || error instanceof Failure) throw error
    throw new Failure('Interrupted', `create the sandbox of "${nameOf(plan)}": stopped`, { cause: error })
  }
}

function claimId(plan: SandboxPlan): void {
  if (claim(SANDBOXES_DIRECTORY, plan.id, plan.directory)) return
  const owner = ownerOf(SANDBOXES_DIRECTORY, plan.id) ?? ''
  throw new Failure(
    'FailedCreatePodSandBox',
    `create the sandbox of "${nameOf(plan)}": a pod with the same UID ${plan.id} runs in "${owner}"; remove it first`,
  )
}

async function claimPlace(plan: SandboxPlan): Promise<Attachment> {
  await claimPorts(plan.publishedPorts, plan.directory)
  const network = ensureNetwork(plan.addressRange)
  return { network, address: claimAddress(network.range, plan.id, plan.directory) }
}

async function makeSandbox(plan: SandboxPlan, attachment: Attachment | undefined): Promise<Sandbox> {
  // nft runs while this thread makes everything else. Both must have ended before anything is removed again.
  const publishing = publish(plan, attachment)
  const making = Promise.try(makeHere, plan, attachment)
  await Promise.allSettled([publishing, making])
  await publishing
  return making
}

async function publish(plan: SandboxPlan, attachment: Attachment | undefined): Promise<void> {
  if (attachment === undefined) return
  await ensureRules(attachment.network)
  if (plan.publishedPorts.length === 0) return
  const forwards = portForwards({ plan }, formatIpv4(attachment.address))
  await runNft(publishRules(forwards), `publish the ports of "${nameOf(plan)}"`)
}

function makeHere(plan: SandboxPlan, attachment: Attachment | undefined): Sandbox {
  const paths = sandboxPaths(plan.directory)
  const hostname = truncateHostname(plan.hostname)
  const files = { ipc: paths.ipc, uts: paths.uts, ...(attachment === undefined ? {} : { net: paths.network }) }
  const socket = createNamespaces({ files, hostname })
  try {
    if (attachment !== undefined && socket !== undefined) attach(plan, attachment, socket)
  } finally {
    socket?.close()
  }
  const hostIPs = hostAddresses()
  const podIPs = attachment === undefined ? hostIPs : [formatIpv4(attachment.address)]
  writeNameFiles({ ...plan, hostname }, podIPs)
  mkdirSync(paths.shm)
  mountTmpfs(paths.shm, { sizeBytes: SHM_BYTES })
  makeCgroup(plan.cgroupPath, plan.cgroup)
  return {
    id: plan.id,
    podIPs,
    hostIPs,
    namespaces: { network: attachment === undefined ? 'host' : paths.network, ipc: paths.ipc, uts: paths.uts },
    hostsFile: paths.hosts,
    resolvConfFile: paths.resolvConf,
    hostnameFile: paths.hostname,
    shmDirectory: paths.shm,
  }
}

function attach(plan: SandboxPlan, { network, address }: Attachment, inPod: NetlinkSocket): void {
  const namespaceFd = openSync(sandboxPaths(plan.directory).network, 'r')
  try {
    const peer = { name: POD_LINK, mac: macOf(address), namespaceFd }
    const { bridgeIndex, mtu } = network
    // A pod that asks for its own published port: with br_netfilter, the bridge itself translates the address, and the
    // frame goes back where it came from.
    const hairpin = plan.publishedPorts.length > 0
    withNetlink(NETLINK_ROUTE, (socket) =>
      createVeth(socket, { name: linkName(plan.id), bridgeIndex, mtu, alias: plan.directory, hairpin, peer }),
    )
  } finally {
    closeSync(namespaceFd)
  }
  const link = findLink(inPod, POD_LINK)
  if (link === undefined)
    throw new Failure('FailedCreatePodSandBox', `find "${POD_LINK}" in the pod "${plan.id}": not there`)
  const messages = [
    linkUpMessage(link.index),
    addAddressMessage(link.index, address, network.range.prefixLength),
    addDefaultRouteMessage(link.index, network.gateway),
  ]
  inPod.request(messages, `set up "${POD_LINK}" of the pod "${plan.id}"`)
}

function writeNameFiles(plan: SandboxPlan, podIPs: readonly string[]): void {
  const paths = sandboxPaths(plan.directory)
  const hostFile = plan.network === 'host' ? readFileSync('/etc/hosts', 'utf8') : undefined
  writeFileSync(paths.hosts, buildHostsFile(plan, podIPs, hostFile), { mode: 0o644 })
  writeFileSync(paths.hostname, `${plan.hostname}\n`, { mode: 0o644 })
  const host = parseResolvConf(readHostResolvConf(plan.network))
  const settings = plan.network === 'host' ? host : reachableFromPod(host)
  writeFileSync(paths.resolvConf, buildResolvConf(plan.dns, settings), { mode: 0o644 })
}

/** For messages. */
function nameOf(plan: SandboxPlan): string {
  return plan.podName ?? plan.id
}
