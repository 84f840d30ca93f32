import type { Container, Pod } from '../api/pod.ts'
import type { Amounts } from './allocation.ts'
import { amountsOf } from './allocation.ts'

/** What an event says of a resize: what happened, and the amounts that are wanted, as Kubernetes' node has it since 1.35. */
export function resizeMessage(what: string, { spec }: Pod, about: { generation: number; error?: string }): string {
  const { generation, error } = about
  const { initContainers = [], containers } = spec
  const summary = {
    ...(initContainers.length > 0 && { initContainers: initContainers.map(summarize) }),
    containers: containers.map(summarize),
    generation,
    ...(error !== undefined && { error }),
  }
  return `Pod resize ${what}: ${JSON.stringify(summary)}`
}

function summarize(container: Container): { readonly name: string; readonly resources: Amounts } {
  const { limits, requests } = amountsOf(container)
  return {
    name: container.name,
    resources: {
      ...(limits !== undefined && { limits: sorted(limits) }),
      ...(requests !== undefined && { requests: sorted(requests) }),
    },
  }
}

function sorted(amounts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(amounts).sort(([one], [other]) => (one < other ? -1 : 1)))
}
