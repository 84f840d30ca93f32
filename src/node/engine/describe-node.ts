import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { networkInterfaces, release } from 'node:os'
import type { V1NodeAddress, V1NodeSystemInfo } from '@kubernetes/client-node'
import type { Json } from '../../kube/api/pod.ts'
import type { NodeFacts } from '../../kube/lifecycle/node-fit.ts'

/** Above this the kubelet speaks of disk pressure (evictionHard: nodefs.available < 10%). */
const FULL_ABOVE = 0.9

export interface NodeSoftware {
  /** Such as `crun`. */
  readonly runtime: string
  readonly runtimeVersion: string
  /** peapod's own version. */
  readonly version: string
}

/** What the status of this machine's Node says of its system. */
export function describeSystem(
  { labels }: NodeFacts,
  { runtime, runtimeVersion, version }: NodeSoftware,
): Json<V1NodeSystemInfo> {
  return {
    architecture: labels['kubernetes.io/arch'] ?? '',
    operatingSystem: 'linux',
    bootID: readFirst('/proc/sys/kernel/random/boot_id'),
    machineID: readFirst('/etc/machine-id', '/var/lib/dbus/machine-id'),
    systemUUID: readFirst('/sys/class/dmi/id/product_uuid', '/etc/machine-id'),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?(.*?)"?$/m.exec(readFirst('/etc/os-release', '/usr/lib/os-release'))?.[1] ?? 'Linux',
    containerRuntimeVersion: `${runtime}://${runtimeVersion}`,
    kubeletVersion: version,
    kubeProxyVersion: '',
  }
}

/** The addresses that a Node tells: those by which others reach this machine, else its own loopback. */
export function nodeAddresses(name: string, interfaces = networkInterfaces()): readonly Json<V1NodeAddress>[] {
  const found = Object.entries(interfaces)
    // Other programs' bridges and the pods' own are no way to the machine.
    .filter(([link]) => !/^(peapod|docker|br-|cni|veth|virbr|podman)/.test(link))
    .flatMap(([, addresses = []]) => addresses)
    .filter(({ internal, scopeid }) => !internal && (scopeid ?? 0) === 0)
  const first = (family: string): string[] =>
    found
      .filter((each) => each.family === family)
      .map(({ address }) => address)
      .slice(0, 1)
  const internal = [...first('IPv4'), ...first('IPv6')]
  return [
    ...(internal.length === 0 ? ['127.0.0.1'] : internal).map((address) => ({ type: 'InternalIP', address })),
    { type: 'Hostname', address: name },
  ]
}

/** @param directory lies on the disk in question. */
export function isDiskFull(directory: string): boolean {
  const { blocks, bavail } = statfsSync(directory)
  return 1 - bavail / blocks > FULL_ABOVE
}

/** The first of these files that there is, without white space at its ends; '' when there is none that can be read. */
function readFirst(...paths: readonly string[]): string {
  const path = paths.find((each) => existsSync(each))
  return path === undefined ? '' : readFileSync(path, 'utf8').trim()
}
