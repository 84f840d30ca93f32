import type { FailureReason } from '../../../failure.ts'
import type { ProcessPlan } from '../container-runtime.ts'

export interface Explanation {
  readonly reason: FailureReason & ('StartError' | 'CreateContainerError')
  readonly sentence: string
}

type Tried = Pick<ProcessPlan, 'args' | 'workingDir'>
type Rule = readonly [RegExp, (found: RegExpExecArray, process: Tried) => Explanation]

const RULES: readonly Rule[] = [
  [/exec format error/i, (_, process) => cannotExecute(process, wrongFormat)],
  [
    /executable file (?:[`"'][^`"']*[`"'] )?not found|exec: "[^"]*": (?:l?stat [^:]*: )?no such file|open executable: No such file/i,
    (_, process) => cannotExecute(process, process.args[0]?.includes('/') === true ? noFile : noProgram),
  ],
  [
    /\bexec(?: user process caused| container process [^:]*)?:? (?:"?[^":\s]*"?: )?no such file or directory/i,
    (_, process) =>
      cannotExecute(process, 'its interpreter is not in the image: the one after "#!", or the dynamic loader'),
  ],
  [/exec: "[^"]*": is a directory/i, (_, process) => cannotExecute(process, 'it is a directory, not a program')],
  [
    /exec: "[^"]*": permission denied|open executable: (?:Permission denied|Operation not permitted)|exec(?: user process caused)?: "?[^":]*"?:? ?permission denied/i,
    (_, process) => cannotExecute(process, 'permission denied: it is not executable for the user; check its mode'),
  ],
  [
    /\b(?:chdir|mkdir|cwd)\b[^\n]*?: (no such file or directory|permission denied|not a directory|operation not permitted)/i,
    ([, answer = ''], process) => ({
      reason: 'CreateContainerError',
      sentence: `enter the working directory "${process.workingDir}": ${answer.toLowerCase()}; check workingDir`,
    }),
  ],
  [
    /error mounting "([^"]*)" to rootfs at "([^"]*)":[^\n]*?(no such file or directory|not a directory|permission denied|read-only file system)/i,
    ([, source = '', destination = '', answer = '']) => ({
      reason: 'CreateContainerError',
      sentence:
        `mount "${source}" at "${destination}": ${answer.toLowerCase()}` +
        (answer.toLowerCase() === 'not a directory'
          ? '; a directory was put onto a file, or a file onto a directory'
          : ''),
    }),
  ],
  [
    /(cannot allocate memory|container init was OOM-killed|memory limit too low)/i,
    () => ({
      reason: 'CreateContainerError',
      sentence: 'its memory limit is too low for the runtime to make it; raise the limit to 16Mi or more',
    }),
  ],
]

const noFile = 'no such file in the image; check command and the image'
const noProgram = 'no such program on the PATH of the image; check command, or give a path'
const wrongFormat =
  'exec format error: it is made for another architecture, or is a script without "#!" in its first line'

/**
 * What an OCI runtime said when it failed, as a sentence for a person. Words that no rule knows are given as they are.
 *
 * @param words what crun or runc wrote to standard error, or what a container's log says when exec failed.
 */
export function explainRuntimeWords(words: string, process: Tried): Explanation {
  const said = plainWords(words)
  for (const [pattern, explain] of RULES) {
    const found = pattern.exec(said)
    if (found !== null) return explain(found, process)
  }
  return { reason: 'CreateContainerError', sentence: said === '' ? 'the runtime ended without a word' : said }
}

/**
 * Whether a line of output was written by the runtime in the program's place: the last step, execve itself, failed when
 * nothing of the runtime was left to report it in another way.
 */
export function isLastGasp(line: string): boolean {
  return /^(?:standard_init_linux\.go:\d+: |\S+ )?exec\b.*: (?:exec format error|no such file or directory|permission denied)$/i.test(
    line,
  )
}

function cannotExecute(process: Tried, why: string): Explanation {
  return { reason: 'StartError', sentence: `exec "${process.args[0] ?? ''}": ${why}` }
}

/** runc says everything twice, once as a log line and once plainly; both say the same. */
export function plainWords(words: string): string {
  const lines = words
    .split('\n')
    .map((line) => messageOfLogLine(line.trim()))
    .filter((line) => line !== '')
  return [...new Set(lines)]
    .join('; ')
    .replaceAll(/\b(runc|container_linux\.go:\d+|OCI runtime)? ?create failed: /g, '')
    .replace(/: unknown$/, '')
}

function messageOfLogLine(line: string): string {
  const quoted = /(?:^|\s)msg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1]
  if (quoted !== undefined) return quoted.replaceAll(/\\(.)/g, '$1')
  return line.replace(/^(?:\S+T\S+Z?: )/, '')
}
