import type { Check } from '../linux/check.ts'
import { findProgram } from '../process/find-program.ts'

/** What the built-in images are made of. */
export function checkBusybox(): Check {
  const name = 'busybox'
  const program = findProgram('busybox')
  if (program !== undefined) return { name, is: 'ok', detail: `${program}, for the built-in images` }
  return {
    name,
    is: 'missing',
    detail: 'busybox is not installed: there are no built-in images without it',
    remedy: 'apt-get install busybox-static',
  }
}
