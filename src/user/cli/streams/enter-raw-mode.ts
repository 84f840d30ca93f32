import { spawnSync } from 'node:child_process'
import type { InputStream } from '../cli-environment.ts'

/**
 * Makes a terminal pass on each key as it is pressed, and show what it gets as it is.
 *
 * @returns gives it back as it was.
 */
export function enterRawMode(stdin: InputStream): () => void {
  if (stdin.setRawMode === undefined) return () => undefined
  stdin.setRawMode(true)
  // Node leaves the terminal's own line ends on: a program that moves down a line would go to its beginning as well.
  // Without stty it does, which is not worth an end.
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] })
  // As it was before the first of both.
  return () => void stdin.setRawMode?.(false)
}
