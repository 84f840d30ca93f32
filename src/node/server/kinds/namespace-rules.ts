import { brokenByLabel } from '../../../kube/api/rules/names.ts'
import { invalidFor } from '../../../kube/api/rules/finding.ts'
import type { Namespace } from '../../store/resources.ts'
import type { KindRules } from './kind.ts'
import { admitObject, checkObject, keepServersOwn, replaceStatus } from './prepare-object.ts'

/** The label by which selectors find a namespace; the server keeps it. */
const NAME_LABEL = 'kubernetes.io/metadata.name'

export const namespaceRules: KindRules<Namespace> = {
  prepareCreate(value, admission) {
    const checked = checkObject(value, 'V1Namespace')
    if (!checked.ok) return checked
    const namespace = admitObject(checked.value as Namespace, admission)
    const { name = '' } = namespace.metadata
    // A namespace's name becomes part of host names: shorter and without dots.
    const problems = invalidFor('metadata.name', name, brokenByLabel(name))
    if (problems.length > 0) return { ok: false, problems }
    return {
      ok: true,
      value: { ...withNameLabel(namespace), spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } },
    }
  },

  prepareUpdate(value, current) {
    const checked = checkObject(value, 'V1Namespace')
    if (!checked.ok) return checked
    const { spec, status } = current
    const metadata = keepServersOwn(checked.value, current)
    const next = withNameLabel({ ...(checked.value as Namespace), metadata })
    return {
      ok: true,
      value: { ...next, ...(spec === undefined ? {} : { spec }), ...(status === undefined ? {} : { status }) },
    }
  },

  prepareStatus: (value, current) => replaceStatus(value, current, 'V1Namespace'),
}

function withNameLabel(namespace: Namespace): Namespace {
  const labels = { ...namespace.metadata.labels, [NAME_LABEL]: namespace.metadata.name ?? '' }
  return { ...namespace, metadata: { ...namespace.metadata, labels } }
}
