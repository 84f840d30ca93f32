import { existsSync } from 'node:fs'
import { Failure } from '../../failure.ts'
import { isPortFree } from '../linux/is-port-free.ts'
import { claim, type Claim, listClaims, release } from './claims.ts'
import { forgetPortRules, isAnyAddress, type PortOfMachine } from './nftables-rules.ts'
import { PORTS_DIRECTORY } from './run-directory.ts'
import { isTableThere, runNft } from './run-nft.ts'
import type { PublishedPort } from './sandbox.ts'
import { readRecord } from './sandbox-record.ts'

/**
 * Claims ports of the machine for a pod. Call it under the machine's lock.
 *
 * @throws Failure FailedCreatePodSandBox when another pod or another program has one of them; none is claimed then.
 */
export async function claimPorts(ports: readonly PublishedPort[], directory: string): Promise<void> {
  const others = ports.length === 0 ? [] : listClaims(PORTS_DIRECTORY).filter((each) => each.owner !== directory)
  for (const [index, port] of ports.entries()) {
    if (ports.slice(0, index).some((earlier) => isSamePort(earlier, port))) throw portTaken(port, 'the same pod')
    const holder = others.find((other) => isSamePort(parsePortClaim(other.name), port))
    // What a sandbox that is gone left in the rules would lead to nowhere.
    if (holder !== undefined && !existsSync(holder.owner)) await withdrawPort(holder)
    else if (holder !== undefined) throw portTaken(port, nameOfPod(holder))
    if (!isPortFree({ ...port, address: isAnyAddress(port.hostIP) ? '0.0.0.0' : port.hostIP, port: port.hostPort })) {
      throw portTaken(port, 'another program')
    }
  }
  for (const port of ports) claim(PORTS_DIRECTORY, portClaimName(port), directory)
}

export function releasePorts(ports: readonly PublishedPort[], directory: string): void {
  for (const port of ports) release(PORTS_DIRECTORY, portClaimName(port), directory)
}

/** `TCP:8080:0.0.0.0` */
function portClaimName(port: PublishedPort): string {
  return `${port.protocol}:${port.hostPort}:${isAnyAddress(port.hostIP) ? '0.0.0.0' : port.hostIP}`
}

/** Takes back a port of a sandbox that is gone. Call it under the machine's lock. */
export async function withdrawPort(stale: Claim): Promise<void> {
  try {
    if (isTableThere()) await runNft(forgetPortRules(parsePortClaim(stale.name)), `withdraw port ${stale.name}`)
  } catch (error) {
    // Its pod may have gone between the claim and the rule.
    const answer = error instanceof Failure ? String(error.details?.['stderr']) : ''
    if (!answer.includes('No such file or directory')) throw error
  }
  release(PORTS_DIRECTORY, stale.name, stale.owner)
}

function parsePortClaim(name: string): PortOfMachine {
  const [protocol, hostPort, hostIP] = name.split(':')
  return { protocol: protocol === 'UDP' ? 'UDP' : 'TCP', hostPort: Number(hostPort), hostIP }
}

/** A port of every address is also a port of each single one. */
export function isSamePort(one: PortOfMachine, other: PortOfMachine): boolean {
  if (one.protocol !== other.protocol || one.hostPort !== other.hostPort) return false
  return isAnyAddress(one.hostIP) || isAnyAddress(other.hostIP) || one.hostIP === other.hostIP
}

function nameOfPod(holder: Claim): string {
  const plan = readRecord(holder.owner)?.plan
  return `pod "${plan?.podName ?? plan?.id ?? holder.owner}"`
}

function portTaken(port: PublishedPort, holder: string): Failure {
  const at = isAnyAddress(port.hostIP) ? '' : ` on ${port.hostIP}`
  return new Failure(
    'FailedCreatePodSandBox',
    `publish host port ${port.hostPort}/${port.protocol}${at}: it is taken by ${holder}; stop that, or choose another hostPort`,
  )
}
