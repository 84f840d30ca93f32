/** peapod's own version. */
export const VERSION = '0.1.0'

export function complain(line: string): void {
  process.stderr.write(`peapod: ${line}\n`)
}
