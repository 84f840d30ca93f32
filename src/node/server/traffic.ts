import type { AdmittedRequest } from './admit-request.ts'
import { FairTurns } from './fair-turns.ts'
import { isSet } from './number-parameter.ts'
import { type RequestLimits, RequestsUnderWay, type Sort } from './requests-under-way.ts'

type Asked = Pick<AdmittedRequest, 'user' | 'method' | 'query' | 'target'>

/** The requests of all clients: nobody has too many under way, and everybody's are answered in turn. */
export class Traffic {
  readonly #underWay: RequestsUnderWay
  readonly #turns = new FairTurns()

  constructor(limits?: RequestLimits) {
    this.#underWay = new RequestsUnderWay(limits)
  }

  /**
   * Settles when it is the request's turn; undefined: it is now.
   *
   * @param signal aborts when the request is over.
   * @throws Failure TooManyRequests
   */
  admit(asked: Asked, signal: AbortSignal): Promise<void> | undefined {
    this.#underWay.add(asked.user, sortOf(asked), signal)
    return this.#turns.take(asked.user.name)
  }
}

function sortOf({ method, query, target }: Asked): Sort {
  if (method !== 'GET') return 'changing'
  const isLog = target.is === 'object' && (target.subresource === 'log' || target.subresource === 'proxy')
  return isLog || (target.is !== 'document' && isSet(query, 'watch')) ? 'lasting' : 'reading'
}
