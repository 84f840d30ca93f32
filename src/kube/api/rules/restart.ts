import type { V1Container } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { invalid, isEmpty, notSupported, required, tooMany } from './finding.ts'

const POLICIES = ['Always', 'OnFailure', 'Never']
const ACTIONS = ['Restart', 'RestartAllContainers']
const OPERATORS = ['In', 'NotIn']
const MAXIMUM_RULES = 20
const MAXIMUM_EXIT_CODES = 255

export function checkPodRestartPolicy(policy: string | undefined, field: string): Finding[] {
  if (isEmpty(policy)) return [required(field)]
  return POLICIES.includes(policy) ? [] : [notSupported(field, policy, POLICIES)]
}

/** A container's own restart policy and rules (R5, R6). */
export function checkContainerRestart(container: Draft<V1Container>, field: string): Finding[] {
  const { restartPolicy, restartPolicyRules = [] } = container
  const found: Finding[] = []
  if (restartPolicy !== undefined && !POLICIES.includes(restartPolicy)) {
    found.push(notSupported(`${field}.restartPolicy`, restartPolicy, POLICIES))
  }
  if (restartPolicyRules.length === 0) return found
  const rulesField = `${field}.restartPolicyRules`
  if (restartPolicy === undefined) {
    found.push(required(`${field}.restartPolicy`, 'must specify restartPolicy when restart rules are used'))
  }
  if (restartPolicyRules.length > MAXIMUM_RULES) {
    found.push(tooMany(rulesField, restartPolicyRules.length, MAXIMUM_RULES))
  }
  return [...found, ...restartPolicyRules.flatMap((rule, index) => checkRule(rule, `${rulesField}[${index}]`))]
}

function checkRule(rule: NonNullable<Draft<V1Container>['restartPolicyRules']>[number], field: string): Finding[] {
  const { action, exitCodes } = rule
  const found: Finding[] = []
  if (isEmpty(action)) found.push(required(`${field}.action`))
  else if (!ACTIONS.includes(action)) found.push(notSupported(`${field}.action`, action, ACTIONS))
  if (exitCodes === undefined) return [...found, required(`${field}.exitCodes`, 'must be specified')]
  const { operator, values = [] } = exitCodes
  if (isEmpty(operator)) found.push(required(`${field}.exitCodes.operator`))
  else if (!OPERATORS.includes(operator)) found.push(notSupported(`${field}.exitCodes.operator`, operator, OPERATORS))
  if (values.length > MAXIMUM_EXIT_CODES) {
    found.push(tooMany(`${field}.exitCodes.values`, values.length, MAXIMUM_EXIT_CODES))
  }
  if (values.length === 0) found.push(invalid(`${field}.exitCodes.values`, '', 'must not be empty'))
  return found
}
