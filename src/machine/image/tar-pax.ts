import { invalidArchive, quoteName } from './tar-entry.ts'

const SPACE = 0x20
const EQUALS = 0x3d
const NEWLINE = 0x0a

/**
 * The records of one PAX extended header, `LENGTH KEY=VALUE\n` each; keys are byte strings, a later record wins.
 *
 * @throws Failure ImageArchiveInvalid
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03
 */
export function parsePaxRecords(bytes: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let start = 0; start < bytes.length;) {
    const space = bytes.indexOf(SPACE, start)
    const digits = space === -1 ? '' : bytes.toString('latin1', start, space)
    const end = start + Number(digits)
    const equals = bytes.indexOf(EQUALS, space)
    const isWhole = /^[0-9]{1,8}$/.test(digits) && end <= bytes.length && bytes[end - 1] === NEWLINE
    if (!isWhole || equals <= space + 1 || equals >= end) {
      throw invalidArchive(
        `a PAX header has a malformed record: ${quoteName(bytes.toString('latin1', start, start + 40))}`,
      )
    }
    records.set(bytes.toString('latin1', space + 1, equals), bytes.subarray(equals + 1, end - 1))
    start = end
  }
  return records
}

export function buildPaxRecords(records: ReadonlyMap<string, Uint8Array>): Buffer {
  return Buffer.concat(
    [...records].map(([key, value]) => {
      const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), value, Buffer.of(NEWLINE)])
      return Buffer.concat([Buffer.from(String(recordLength(rest.length))), rest])
    }),
  )
}

/** A record's length counts its own digits. */
function recordLength(restBytes: number): number {
  let length = restBytes + 1
  while (String(length).length + restBytes !== length) length += 1
  return length
}
