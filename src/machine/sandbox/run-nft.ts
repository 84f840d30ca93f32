import { Failure } from '../../failure.ts'
import { text, withAttributes } from '../linux/netlink-message.ts'
import { NETLINK_NETFILTER, withNetlink } from '../linux/netlink-socket.ts'
import { errnoOf } from '../linux/system-call-failure.ts'
import { findProgram } from '../process/find-program.ts'
import { runCommand } from '../process/run-command.ts'
import { TABLE } from './nftables-rules.ts'

/** Generous: nft takes milliseconds, but waits while another program changes rules. */
const LIMIT_MS = 20_000

const NFT_MSG_GETTABLE = (10 << 8) | 1
const NFTA_TABLE_NAME = 1
const NFPROTO_IPV4 = 2

/** Feeds commands to nft as one transaction: all of them or none. */
export async function runNft(rules: string, tried: string): Promise<void> {
  const nft = findProgram('nft')
  if (nft === undefined) {
    throw new Failure('FailedCreatePodSandBox', `${tried}: nft is not installed; install the package nftables`)
  }
  const { exitCode, stderr } = await runCommand([nft, '-f', '-'], { input: rules, timeoutMs: LIMIT_MS })
  if (exitCode === 0) return
  throw new Failure('FailedCreatePodSandBox', `${tried}: nft answered: ${stderr.trim().split('\n')[0] ?? ''}`, {
    details: { stderr },
  })
}

/** Somebody may have flushed all rules of the machine. Asking the kernel takes microseconds. */
export function isTableThere(): boolean {
  const header = Buffer.from([NFPROTO_IPV4, 0, 0, 0])
  const body = withAttributes(header, [[NFTA_TABLE_NAME, text(TABLE)]])
  try {
    withNetlink(NETLINK_NETFILTER, (socket) =>
      socket.get({ type: NFT_MSG_GETTABLE, flags: 0, body }, `find nftables table "${TABLE}"`),
    )
    return true
  } catch (error) {
    // Anything but ENOENT says that the kernel has no nftables, and nft will say so better.
    if (errnoOf(error) !== undefined) return false
    throw error
  }
}
