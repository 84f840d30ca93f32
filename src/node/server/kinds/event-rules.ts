import type { Parsed } from '../../../kube/api/problem.ts'
import { invalid } from '../../../kube/api/rules/finding.ts'
import type { Event } from '../../store/resources.ts'
import type { KubeObject } from '../../store/store.ts'
import type { KindRules } from './kind.ts'
import { admitObject, checkObject, keepServersOwn } from './prepare-object.ts'

export const eventRules: KindRules<Event> = {
  prepareCreate(value, admission) {
    const checked = checkEvent(value)
    return checked.ok ? { ok: true, value: admitObject(checked.value, admission) } : checked
  },

  prepareUpdate(value, current) {
    const checked = checkEvent(value)
    if (!checked.ok) return checked
    return { ok: true, value: { ...checked.value, metadata: keepServersOwn(checked.value, current) } }
  },

  prepareStatus: (_value, current) => ({ ok: true, value: current }),
}

function checkEvent(value: KubeObject): Parsed<Event> {
  const checked = checkObject(value, 'CoreV1Event')
  if (!checked.ok) return checked
  const event = checked.value as Event
  const { involvedObject, metadata } = event
  // An Event about something without a namespace stands in "default".
  const about = involvedObject.namespace ?? 'default'
  if (about === metadata.namespace) return { ok: true, value: event }
  const problem = invalid('involvedObject.namespace', involvedObject.namespace ?? '', 'does not match event.namespace')
  return { ok: false, problems: [problem] }
}
