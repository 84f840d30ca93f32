import type { V1PolicyRule } from '@kubernetes/client-node'
import type { Json } from '../pod.ts'
import { type AccessAttributes, resourceText, type ResourceAccess } from './access-attributes.ts'

export type PolicyRule = Json<V1PolicyRule>

/** Whether one rule of a role allows what is wanted. Source: RuleAllows of plugin/pkg/auth/authorizer/rbac. */
export function ruleAllows(rule: PolicyRule, wanted: AccessAttributes): boolean {
  if (!holds(rule.verbs, wanted.verb)) return false
  if ('path' in wanted) return (rule.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, wanted.path))
  const { resourceNames = [] } = rule
  return (
    holds(rule.apiGroups ?? [], wanted.group) &&
    (rule.resources ?? []).some((pattern) => resourceMatches(pattern, wanted)) &&
    (resourceNames.length === 0 || resourceNames.includes(wanted.name))
  )
}

function holds(list: readonly string[], text: string): boolean {
  return list.includes('*') || list.includes(text)
}

function resourceMatches(pattern: string, wanted: ResourceAccess): boolean {
  if (pattern === '*' || pattern === resourceText(wanted)) return true
  return wanted.subresource !== '' && pattern === `*/${wanted.subresource}`
}

function pathMatches(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true
  return pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, ''))
}

/**
 * The parts of the wanted rules that the held ones do not cover: who gives rights away must have them.
 *
 * @returns one rule for each uncovered verb on each resource or path, empty when all is covered.
 * Source: Covers of k8s.io/component-helpers/auth/rbac/validation.
 */
export function uncoveredRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap(breakDown).filter((piece) => !held.some((rule) => covers(rule, piece)))
}

/** A rule as rules with one verb, one group, one resource and one name each. */
function breakDown(rule: PolicyRule): PolicyRule[] {
  const pieces: PolicyRule[] = []
  for (const verb of rule.verbs) {
    for (const url of rule.nonResourceURLs ?? []) pieces.push({ verbs: [verb], nonResourceURLs: [url] })
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const piece = { verbs: [verb], apiGroups: [group], resources: [resource] }
        const { resourceNames = [] } = rule
        if (resourceNames.length === 0) pieces.push(piece)
        for (const name of resourceNames) pieces.push({ ...piece, resourceNames: [name] })
      }
    }
  }
  return pieces
}

function covers(held: PolicyRule, piece: PolicyRule): boolean {
  const [verb = ''] = piece.verbs
  if (!holds(held.verbs, verb)) return false
  const [url] = piece.nonResourceURLs ?? []
  if (url !== undefined) return (held.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, url))
  const [group = ''] = piece.apiGroups ?? []
  const [resource = ''] = piece.resources ?? []
  const { resourceNames = [] } = held
  const [, subresource] = resource.split('/')
  const coversResource = (held.resources ?? []).some(
    (pattern) =>
      pattern === '*' || pattern === resource || (subresource !== undefined && pattern === `*/${subresource}`),
  )
  const coversName =
    resourceNames.length === 0 || (piece.resourceNames ?? ['']).every((name) => resourceNames.includes(name))
  return holds(held.apiGroups ?? [], group) && coversResource && coversName
}
