import { Failure } from '../../failure.ts'

/** A whole number of the query; undefined when it is absent or empty. @throws Failure BadRequest */
export function numberParameter(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? ''
  if (text === '') return undefined
  const value = Number(text)
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new Failure('BadRequest', `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
}

/** `?watch`, `?watch=1` and `?watch=true` say yes, as in Kubernetes. */
export function isSet(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  return value !== null && value !== '0' && value.toLowerCase() !== 'false'
}
