/**
 * Kubernetes' naming rules: each function returns the sentences that a text breaks, in the API server's words.
 * Source: k8s.io/apimachinery/pkg/util/validation/validation.go.
 */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const LABEL_VALUE = `(${QUALIFIED})?`
const SERVICE_NAME = '[a-z]([-a-z0-9]*[a-z0-9])?'
const ENV_NAME = '[-._a-zA-Z][-._a-zA-Z0-9]*'
const DATA_KEY = '[-._a-zA-Z0-9]+'
const HEADER_NAME = '[-A-Za-z0-9]+'

const LABEL_SENTENCE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an" +
  ` alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`
const SUBDOMAIN_SENTENCE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end" +
  ` with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`

export function brokenByLabel(text: string): string[] {
  return [...longerThan(text, 63), ...unless(matches(text, LABEL), LABEL_SENTENCE)]
}

export function brokenBySubdomain(text: string): string[] {
  return [...longerThan(text, 253), ...unless(matches(text, SUBDOMAIN), SUBDOMAIN_SENTENCE)]
}

/** The name of a Service: it becomes part of host names and of environment variables. */
export function brokenByServiceName(text: string): string[] {
  return [
    ...longerThan(text, 63),
    ...unless(
      matches(text, SERVICE_NAME),
      `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${SERVICE_NAME}')`,
    ),
  ]
}

/** The name of a role or a binding: anything that can be one part of a path. */
export function brokenByPathSegment(text: string): string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`]
  return ['/', '%'].filter((character) => text.includes(character)).map((character) => `may not contain '${character}'`)
}

/** The name of a label, an annotation, a resource: `name` or `prefix.example/name`. */
export function brokenByQualifiedName(text: string): string[] {
  const parts = text.split('/')
  const name = parts.at(-1) ?? ''
  const nameSentences = [
    ...unless(name !== '', 'name part must be non-empty'),
    ...longerThan(name, 63).map((sentence) => `name part ${sentence}`),
    ...unless(
      matches(name, QUALIFIED),
      `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}')`,
    ),
  ]
  if (parts.length === 1) return nameSentences
  if (parts.length > 2) {
    return [
      `a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${QUALIFIED}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  }
  const prefix = parts[0] ?? ''
  const prefixSentences =
    prefix === ''
      ? ['prefix part must be non-empty']
      : brokenBySubdomain(prefix).map((sentence) => `prefix part ${sentence}`)
  return [...prefixSentences, ...nameSentences]
}

export function brokenByLabelValue(text: string): string[] {
  return [
    ...longerThan(text, 63),
    ...unless(
      matches(text, LABEL_VALUE),
      `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${LABEL_VALUE}')`,
    ),
  ]
}

export function brokenByEnvName(text: string): string[] {
  return [
    ...unless(
      matches(text, ENV_NAME),
      `a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '${ENV_NAME}')`,
    ),
    ...brokenByDots(text),
  ]
}

/** The key of a ConfigMap or a Secret. */
export function brokenByDataKey(text: string): string[] {
  return [
    ...longerThan(text, 253),
    ...unless(
      matches(text, DATA_KEY),
      `a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '${DATA_KEY}')`,
    ),
    ...brokenByDots(text),
  ]
}

export function brokenByHeaderName(text: string): string[] {
  return unless(
    matches(text, HEADER_NAME),
    `a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '${HEADER_NAME}')`,
  )
}

export function brokenByPortName(text: string): string[] {
  return [
    ...longerThan(text, 15),
    ...unless(/^[-a-z0-9]+$/.test(text), 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'),
    ...unless(/[a-z]/.test(text), 'must contain at least one letter (a-z)'),
    ...unless(!text.includes('--'), 'must not contain consecutive hyphens'),
    ...unless(!/^-|-$/.test(text), 'must not begin or end with a hyphen'),
  ]
}

export function brokenByIP(text: string): string[] {
  return unless(isIP(text), 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')
}

/** Whether the text is an IPv4 or IPv6 address. */
export function isIP(text: string): boolean {
  return isIPv4(text) || isIPv6(text)
}

function isIPv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text)
}

function isIPv6(text: string): boolean {
  const lastGroup = text.slice(text.lastIndexOf(':') + 1)
  const plain = lastGroup.includes('.') ? (isIPv4(lastGroup) ? `${text.slice(0, -lastGroup.length)}0:0` : '') : text
  const halves = plain.split('::')
  if (!plain.includes(':') || halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  const count = halves.length === 2 ? groups.length <= 7 : groups.length === 8
  return count && groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))
}

function brokenByDots(text: string): string[] {
  if (text === '.') return ["must not be '.'"]
  if (text === '..') return ["must not be '..'"]
  return text.startsWith('..') ? ["must not start with '..'"] : []
}

function matches(text: string, pattern: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(text)
}

function longerThan(text: string, maximum: number): string[] {
  return unless(Buffer.byteLength(text) <= maximum, `must be no more than ${maximum} characters`)
}

function unless(holds: boolean, sentence: string): string[] {
  return holds ? [] : [sentence]
}
