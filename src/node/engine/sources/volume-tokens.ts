import { Failure, messageOf } from '../../../failure.ts'
import type { Volume } from '../../../kube/api/pod.ts'
import type { IssuedToken } from '../pod-api.ts'
import type { PodWorld } from '../pod-world.ts'
import { type TokenSource, tokenSources } from './volume-files.ts'

const DEFAULT_SECONDS = 3600
/** However long it lives, a token is replaced after a day, and when a fifth of its life is left. */
const DAY_MS = 86_400_000
const RENEWED_AFTER = 0.8

/** After one could not be had. */
const ASK_AGAIN_MS = 10_000

interface Kept {
  readonly token: IssuedToken | undefined
  readonly dueAtMs: number
}

/** When a token is to be replaced. Source: requiresRefresh of pkg/kubelet/token. */
export function renewAtMs({ issuedAtMs, expiresAtMs }: IssuedToken): number {
  return issuedAtMs + Math.min(DAY_MS, RENEWED_AFTER * (expiresAtMs - issuedAtMs))
}

/** The tokens in a pod's volumes: nobody else keeps them, and the next engine asks for new ones. */
export class VolumeTokens {
  readonly #world: PodWorld
  /** By volume, then by path. */
  readonly #issued = new Map<string, Map<string, Kept>>()

  constructor(world: PodWorld) {
    this.#world = world
  }

  /** When the first token of these volumes is to be asked for again. */
  dueAtMs(volumes: Iterable<string>): number {
    const all = [...volumes].flatMap((volume) => [...(this.#issued.get(volume)?.values() ?? [])])
    return Math.min(Infinity, ...all.map((kept) => kept.dueAtMs))
  }

  /** Those of a volume by their paths, each with most of its life before it; or why there is none. */
  async of(volume: Volume): Promise<ReadonlyMap<string, string | Failure>> {
    const tokens = new Map<string, string | Failure>()
    for (const source of tokenSources(volume)) tokens.set(source.path, await this.#token(volume.name, source))
    return tokens
  }

  async #token(volume: string, source: TokenSource): Promise<string | Failure> {
    const { api, clock } = this.#world.parts
    const kept = this.#issued.get(volume) ?? new Map<string, Kept>()
    this.#issued.set(volume, kept)
    const there = kept.get(source.path)
    if (there?.token !== undefined && clock.nowMs() < there.dueAtMs) return there.token.token
    if (api === undefined) return new Failure('FailedMount', 'there is no API here to give a token for')
    const { audience, expirationSeconds = DEFAULT_SECONDS } = source
    try {
      const token = await api.token(this.#world.pod, { audience, expirationSeconds })
      kept.set(source.path, { token, dueAtMs: renewAtMs(token) })
      return token.token
    } catch (error) {
      // One that still lives is better than none.
      const token = there?.token !== undefined && clock.nowMs() < there.token.expiresAtMs ? there.token : undefined
      kept.set(source.path, { token, dueAtMs: clock.nowMs() + ASK_AGAIN_MS })
      return token?.token ?? new Failure('FailedMount', `failed to fetch token: ${messageOf(error)}`, { cause: error })
    }
  }
}
