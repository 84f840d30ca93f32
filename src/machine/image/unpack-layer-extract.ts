import { spawn } from 'node:child_process'
import { Failure } from '../../failure.ts'
import { findProgram, searchedFolders } from '../process/find-program.ts'

/** A running tar that extracts what it is fed. Disposing kills it if it still runs, and waits until it is gone. */
export interface Extraction extends AsyncDisposable {
  /** Resolves when more is welcome. @throws Failure SystemCallFailed when tar has given up (a full disk, …). */
  write(bytes: Uint8Array): Promise<void>
  /** Ends the archive and resolves when everything is on the disk's file system. @throws Failure SystemCallFailed */
  finish(): Promise<void>
}

const LONGEST_STDERR = 2_000

/** The argv that extracts an archive from standard input as the system's own tree: GNU tar 1.28 or newer. */
function extractCommand(tar: string, targetDir: string): string[] {
  return [
    tar,
    '--extract',
    '--file=-',
    `--directory=${targetDir}`,
    '--numeric-owner',
    '--same-owner',
    '--preserve-permissions',
    '--xattrs',
    // Without these two, GNU tar restores user.* alone.
    '--xattrs-include=user.*',
    '--xattrs-include=security.capability',
    // Read-only directories and their times survive entries that come later.
    '--delay-directory-restore',
    '--warning=no-timestamp',
  ]
}

/** @throws Failure SetupFailed when there is no tar. */
export function startExtraction(targetDir: string): Extraction {
  const tar = findProgram('tar')
  if (tar === undefined) {
    throw new Failure('SetupFailed', `find tar: not in ${searchedFolders().join(':')}; install the package "tar"`)
  }
  const [program = tar, ...args] = extractCommand(tar, targetDir)
  // Its own environment: TAR_OPTIONS or a locale must not change what is extracted.
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], env: { LC_ALL: 'C' } })
  let stderr = ''
  let end: { readonly message: string; readonly succeeded: boolean } | undefined
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < LONGEST_STDERR) stderr += chunk.toString('utf8')
  })
  const closed = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      end = { message: error.message, succeeded: false }
      resolve()
    })
    child.once('close', (code, signal) => {
      const how = signal === null ? `exit code ${code ?? 'unknown'}` : `killed by ${signal}`
      end ??= { message: `${how}: ${stderr.trim().replaceAll('\n', '; ')}`, succeeded: code === 0 }
      resolve()
    })
  })
  // EPIPE: tar ended without reading everything; its exit code and words tell why.
  child.stdin.on('error', () => undefined)
  const gaveUp = () => new Failure('SystemCallFailed', `extract into "${targetDir}": tar failed, ${end?.message ?? ''}`)
  return {
    async write(bytes) {
      if (end === undefined && !child.stdin.write(bytes)) {
        await Promise.race([closed, new Promise((resolve) => child.stdin.once('drain', resolve))])
      }
      if (end !== undefined) throw gaveUp()
    },
    async finish() {
      child.stdin.end()
      await closed
      if (end?.succeeded !== true) throw gaveUp()
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await closed
    },
  }
}
