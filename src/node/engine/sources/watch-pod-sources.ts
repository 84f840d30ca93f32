import type { PodSpec } from '../../../kube/api/pod.ts'
import type { PodWorld } from '../pod-world.ts'
import { sourcesOf } from './pod-sources.ts'
import type { SourceWatch } from './source-watch.ts'

/** Notes in a pod's observations when an object that it stands on has changed, so that the pod looks again at once. */
export class PodSources {
  readonly #world: PodWorld
  readonly #watch: SourceWatch
  #spec: PodSpec | undefined
  #following: Disposable | undefined

  constructor(world: PodWorld, watch: SourceWatch) {
    this.#world = world
    this.#watch = watch
  }

  /** The pod may stand on more than before: an ephemeral container was added. */
  follow(): void {
    const { pod, observations } = this.#world
    if (pod.spec === this.#spec) return
    this.#spec = pod.spec
    const before = this.#following
    this.#following = this.#watch.follow(sourcesOf(pod), () => observations.sourceChanged())
    before?.[Symbol.dispose]()
  }

  stop(): void {
    this.#following?.[Symbol.dispose]()
    this.#following = undefined
  }
}
