import type { AccessAttributes } from './access-attributes.ts'
import { findRules, type Policy } from './find-rules.ts'
import { type Identity, MASTERS } from './identity.ts'
import { ruleAllows } from './policy-rule.ts'

export interface Verdict {
  readonly allowed: boolean
  /** What else is to be said, such as a role that a binding names and nobody made; '' when there is nothing. */
  readonly reason: string
}

/** Whether somebody may do what they want, by the roles that are bound to them. */
export function authorize(policy: Policy, user: Identity, wanted: AccessAttributes): Verdict {
  if (user.groups.includes(MASTERS)) return { allowed: true, reason: '' }
  const { rules, missing } = findRules(policy, user, 'path' in wanted ? '' : wanted.namespace)
  if (rules.some((rule) => ruleAllows(rule, wanted))) return { allowed: true, reason: '' }
  return { allowed: false, reason: missing.length === 0 ? '' : `RBAC: [${missing.join(', ')}]` }
}
