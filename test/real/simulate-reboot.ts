import { execFileSync } from 'node:child_process'
import { readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { leftoversOf } from './leftovers-of.ts'
import { untilNothingIn } from './until.ts'

/**
 * Takes away what a restart of the machine takes away of the pods of one state directory, whose server does not run: their
 * processes, mounts, namespaces, links and groups, and the claims, which are on a file system in memory.
 */
export async function simulateReboot(stateDirectory: string): Promise<void> {
  const left = await leftoversOf({ stateDirectory })
  for (const pid of matches(left, /^process (\d+):/)) kill(Number(pid))
  await untilNothingIn(async () => matches(await leftoversOf({ stateDirectory }), /^process (\d+):/))
  for (const path of mountPoints(stateDirectory)) execFileSync('umount', ['--lazy', path])
  for (const link of matches(left, /^link (\S+)/)) deleteLink(link)
  for (const claim of matches(left, /^claim (\S+)/)) rmSync(join('/run/peapod', claim), { force: true })
  for (const uid of matches(left, /^claim sandboxes\/(\S+)/)) removeGroups(`peapod/pod${uid}`)
}

function matches(traces: readonly string[], pattern: RegExp): string[] {
  return traces.map((trace) => pattern.exec(trace)?.[1]).filter((match) => match !== undefined)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // It ended with its container's first process.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The innermost first. */
function mountPoints(folder: string): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const paths = lines.map((line) => line.split(' ')[4] ?? '')
  return paths.filter((path) => path.startsWith(`${folder}/`)).reverse()
}

/** The kernel may have ended it with its namespace. */
function deleteLink(link: string): void {
  try {
    execFileSync('ip', ['link', 'delete', link], { stdio: 'ignore' })
  } catch (error) {
    if (execFileSync('ip', ['link', 'show'], { encoding: 'utf8' }).includes(link)) throw error
  }
}

function removeGroups(group: string): void {
  const roots = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => join(line.split(' ')[4] ?? '', group))
  for (const root of roots) {
    const found = execFileSync('sh', ['-c', `find "$0" -depth -type d 2>/dev/null || true`, root], { encoding: 'utf8' })
    for (const folder of found.split('\n').filter((line) => line !== '')) rmdirSync(folder)
  }
}
