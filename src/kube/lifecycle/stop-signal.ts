import type { Container } from '../api/pod.ts'

/** Linux' signals by number, from 1. */
const NAMES =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'.split(
    ' ',
  )
const OTHER_NAMES: Readonly<Record<string, string>> = { CLD: 'CHLD', IOT: 'ABRT', POLL: 'IO' }
const REAL_TIME = { RTMIN: 34, RTMAX: 64 }
const DEFAULT = 'SIGTERM'

/**
 * What asks a container to stop (H8): what the manifest says, else what its image says, else SIGTERM.
 *
 * @param ofImage as an image config has it: `SIGQUIT`, `QUIT`, `3`; one that Linux does not know counts as none.
 * @returns a name such as `SIGQUIT` or `SIGRTMIN+3`.
 */
export function effectiveStopSignal(container: Container, ofImage: string | undefined): string {
  return container.lifecycle?.stopSignal ?? nameOf(ofImage ?? '') ?? DEFAULT
}

/** The number of a signal that `effectiveStopSignal` named. */
export function signalNumber(name: string): number {
  return numberOf(name.replace(/^SIG/, '')) ?? NAMES.indexOf('TERM') + 1
}

function nameOf(signal: string): string | undefined {
  if (/^\d+$/.test(signal)) return nameOfNumber(Number(signal))
  const bare = signal.toUpperCase().replace(/^SIG/, '')
  return numberOf(bare) === undefined ? undefined : `SIG${bare}`
}

function nameOfNumber(number: number): string | undefined {
  const name = NAMES[number - 1]
  if (name !== undefined) return `SIG${name}`
  const { RTMIN, RTMAX } = REAL_TIME
  if (number < RTMIN || number > RTMAX) return undefined
  return number === RTMIN ? 'SIGRTMIN' : number === RTMAX ? 'SIGRTMAX' : `SIGRTMIN+${number - RTMIN}`
}

function numberOf(bare: string): number | undefined {
  const index = NAMES.indexOf(OTHER_NAMES[bare] ?? bare)
  if (index !== -1) return index + 1
  const [, edge, sign, steps = '0'] = /^(RTMIN|RTMAX)(?:([+-])(\d+))?$/.exec(bare) ?? []
  if (edge !== 'RTMIN' && edge !== 'RTMAX') return undefined
  const number = REAL_TIME[edge] + (sign === '-' ? -1 : 1) * Number(steps)
  return number >= REAL_TIME.RTMIN && number <= REAL_TIME.RTMAX ? number : undefined
}
