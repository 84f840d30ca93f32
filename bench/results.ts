import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MachineDescription } from './machine.ts'
import { renderDocument } from './render.ts'
import type { Outcome } from './scenario.ts'

/** What one scenario gave, and on which machine. */
export interface Result {
  readonly letter: string
  readonly title: string
  readonly machine: MachineDescription
  readonly outcome: Outcome
}

const JSON_FILE = join(import.meta.dirname, 'results.json')
const TEXT_FILE = join(import.meta.dirname, 'RESULTS.md')

export function readResults(): Result[] {
  return existsSync(JSON_FILE) ? (JSON.parse(readFileSync(JSON_FILE, 'utf8')) as Result[]) : []
}

export function writeResults(results: readonly Result[]): void {
  const sorted = [...results].sort((a, b) => a.letter.localeCompare(b.letter))
  writeFileSync(JSON_FILE, `${JSON.stringify(sorted, undefined, 2)}\n`)
  writeFileSync(TEXT_FILE, renderDocument(sorted))
}
