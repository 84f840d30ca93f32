import type { Problem } from './problem.ts'

/** The API server's sentence for an object that breaks rules: `Pod "x" is invalid: spec.containers: Required value`. */
export function invalidMessage(kind: string, name: string, problems: readonly Problem[]): string {
  const sentences = [...new Set(problems.map(({ field, message }) => `${field}: ${message}`))]
  return `${kind} "${name}" is invalid: ${sentences.length === 1 ? sentences.join() : `[${sentences.join(', ')}]`}`
}
