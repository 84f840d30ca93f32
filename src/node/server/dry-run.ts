import { notSupported } from '../../kube/api/rules/finding.ts'
import { refusal } from './refusal.ts'

/**
 * Whether a request only asks what would happen.
 *
 * @param options the type of the request's parameters, such as `CreateOptions`.
 * @throws Failure Invalid
 */
export function isDryRun(asked: readonly string[], options: string): boolean {
  if (asked.length === 0) return false
  if (asked.every((value) => value === 'All')) return true
  const problem = notSupported('dryRun', asked, ['All'])
  // Kubernetes shows the list as Go writes it.
  const shown = `Unsupported value: []string{${asked.map((value) => JSON.stringify(value)).join(', ')}}`
  const message = problem.message.replace(/^Unsupported value: \[.*?\]/s, shown)
  const refused = { group: 'meta.k8s.io', version: 'v1', kind: options, name: '' }
  throw refusal(refused, [{ ...problem, message }])
}
