import { reasonSentence, whyWaiting } from '../../../kube/api/waiting/why-waiting.ts'
import type { PodReason } from '../../../kube/api/waiting/pod-reason.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import { PODS } from '../../client/resource-type.ts'
import type { Invocation } from '../command.ts'
import { eventsOf } from '../objects/events-of.ts'
import { openCluster } from '../open-cluster.ts'
import { writeText } from '../output.ts'

/** `peapod why`: one sentence for each Pod, or one JSON object. */
export async function why(invocation: Invocation): Promise<number> {
  const { flags, operands, environment } = invocation
  using cluster = await openCluster(invocation)
  const { client, namespace } = cluster
  const isJson = flags.text('output') === 'json'
  const lines = await Promise.all(
    operands.map(async (word) => {
      const pod = await client.get(PODS, { namespace, name: word.replace(/^pods?\//, '') })
      const reason = whyWaiting(pod, (await eventsOf(client, pod)) ?? [], environment.nowMs())
      return isJson ? JSON.stringify(facts(pod, reason)) : reasonSentence(pod.metadata.name, reason)
    }),
  )
  await writeText(environment.stdout, lines.map((line) => `${line}\n`).join(''))
  return 0
}

function facts({ metadata: { name, namespace } }: Pod, { is, says, rule }: PodReason): object {
  return { pod: name, namespace, is, says, rule }
}
