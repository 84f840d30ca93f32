/** One way in which a registry wants to know who asks: a challenge of WWW-Authenticate. */
export interface AuthChallenge {
  /** In lower case: `bearer`, `basic`, … */
  readonly scheme: string
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const PARAMETER = /[\s,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))/y

/** @see RFC 9110, section 11.6.1 */
export function parseChallenges(header: string): AuthChallenge[] {
  const challenges: AuthChallenge[] = []
  let at = 0
  while (at < header.length) {
    at = skip(header, at)
    TOKEN.lastIndex = at
    const scheme = TOKEN.exec(header)?.[0]
    if (scheme === undefined) break
    const { parameters, end } = parametersFrom(header, at + scheme.length)
    challenges.push({ scheme: scheme.toLowerCase(), parameters })
    at = end
  }
  return challenges
}

function parametersFrom(header: string, start: number): { parameters: Record<string, string>; end: number } {
  const parameters: Record<string, string> = {}
  let end = start
  for (;;) {
    PARAMETER.lastIndex = end
    const match = PARAMETER.exec(header)
    if (match === null) return { parameters, end }
    const [, name = '', quoted, bare] = match
    parameters[name.toLowerCase()] = quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1')
    end = PARAMETER.lastIndex
  }
}

function skip(header: string, start: number): number {
  let at = start
  while (at < header.length && /[\s,]/.test(header.charAt(at))) at += 1
  return at
}
