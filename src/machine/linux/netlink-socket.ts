import { closeSync } from 'node:fs'
import { Failure } from '../../failure.ts'
import { libc } from './libc.ts'
import {
  decodeAttributes,
  decodeMessages,
  encodeMessage,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  type ReceivedMessage,
  textOf,
} from './netlink-message.ts'
import { succeeded, systemCallFailure } from './system-call-failure.ts'

const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0o2000000
const SOL_NETLINK = 270
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11
const MSG_DONTWAIT = 0x40
const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const NLM_F_ACK_TLVS = 0x200
const NLMSGERR_ATTR_MSG = 1
const ERROR_HEADER_BYTES = 20
const RECEIVE_BYTES = 65_536

export const NETLINK_ROUTE = 0
export const NETLINK_NETFILTER = 12

/**
 * A netlink socket: it stays in the network namespace in which it was opened. Calls are synchronous and take
 * microseconds: the kernel has answered by the time that sending returns.
 */
export class NetlinkSocket implements Disposable {
  readonly #fd: number
  #sequence = 0

  constructor(protocol: number) {
    this.#fd = succeeded(libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), 'open a netlink socket')
    const on = new Uint8Array([1, 0, 0, 0])
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) {
      succeeded(libc().setsockopt(this.#fd, SOL_NETLINK, option, on, on.length), 'set up a netlink socket')
    }
  }

  /**
   * Has the kernel carry out requests, in order. All of them are tried even when one fails.
   *
   * @param tried for the message of the failure, such as `add link "x"`.
   * @throws Failure SystemCallFailed for the first one that failed.
   */
  request(messages: readonly NetlinkMessage[], tried: string): void {
    const first = this.#send(messages, NLM_F_ACK, tried)
    let failure: Failure | undefined
    for (let acknowledged = 0; acknowledged < messages.length;) {
      for (const message of this.#receive(tried)) {
        if (message.type !== NLMSG_ERROR || message.sequence < first) continue
        acknowledged += 1
        failure ??= failureIn(message, tried)
      }
    }
    if (failure !== undefined) throw failure
  }

  /** The one answer to a question about one thing. */
  get(message: NetlinkMessage, tried: string): ReceivedMessage {
    const sequence = this.#send([message], 0, tried)
    for (;;) {
      const answer = this.#receive(tried).find((received) => received.sequence === sequence)
      const failure = answer?.type === NLMSG_ERROR ? failureIn(answer, tried) : undefined
      if (failure !== undefined) throw failure
      if (answer !== undefined) return answer
    }
  }

  /** Everything that the kernel lists in answer to a dump request. */
  dump(message: NetlinkMessage, tried: string): ReceivedMessage[] {
    const sequence = this.#send([message], NLM_F_DUMP, tried)
    const listed: ReceivedMessage[] = []
    for (;;) {
      for (const received of this.#receive(tried)) {
        if (received.sequence !== sequence) continue
        if (received.type === NLMSG_DONE) return listed
        const failure = received.type === NLMSG_ERROR ? failureIn(received, tried) : undefined
        if (failure !== undefined) throw failure
        listed.push(received)
      }
    }
  }

  close(): void {
    closeSync(this.#fd)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** @returns the sequence number of the first message. */
  #send(messages: readonly NetlinkMessage[], flags: number, tried: string): number {
    const first = this.#sequence + 1
    const bytes = Buffer.concat(
      messages.map((message) => {
        this.#sequence += 1
        return encodeMessage({ ...message, flags: message.flags | flags | NLM_F_REQUEST }, this.#sequence)
      }),
    )
    succeeded(libc().send(this.#fd, bytes, bytes.length, 0), tried)
    return first
  }

  #receive(tried: string): ReceivedMessage[] {
    const bytes = Buffer.allocUnsafe(RECEIVE_BYTES)
    // The answers wait already; not blocking means that a wrong expectation fails instead of stopping the program.
    const length = succeeded(libc().recv(this.#fd, bytes, bytes.length, MSG_DONTWAIT), `${tried}, read the answer`)
    return decodeMessages(bytes.subarray(0, length))
  }
}

/** Opens a socket, uses it, closes it. */
export function withNetlink<T>(protocol: number, use: (socket: NetlinkSocket) => T): T {
  using socket = new NetlinkSocket(protocol)
  return use(socket)
}

function failureIn(message: ReceivedMessage, tried: string): Failure | undefined {
  const body = Buffer.from(message.body)
  const answer = body.readInt32LE(0)
  if (answer === 0) return undefined
  const explanation =
    (message.flags & NLM_F_ACK_TLVS) === 0
      ? ''
      : textOf(decodeAttributes(body.subarray(ERROR_HEADER_BYTES)).get(NLMSGERR_ATTR_MSG))
  return systemCallFailure(answer, explanation === '' ? tried : `${tried}: ${explanation}`)
}
