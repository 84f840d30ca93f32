import type { Problem } from './problem.ts'

/** One line for a person, in the form that editors and terminals make a link of: `file:line:column: field: message`. */
export function formatProblem({ at, field, message }: Problem): string {
  const place = at === undefined ? '' : `${at.file}:${at.line}:${at.column}: `
  return `${place}${field === '' ? '' : `${field}: `}${message}`
}
