import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { explainRuntimeWords } from './runtime-words.ts'

const process = {
  args: ['/app/server', 'x'],
  env: [],
  workingDir: '/srv',
  user: { uid: 0, gid: 0, additionalGids: [] },
  oomScoreAdj: 0,
}
const noFile = 'exec "/app/server": no such file in the image; check command and the image'
const noProgram = 'exec "server": no such program on the PATH of the image; check command, or give a path'
const wrongFormat =
  'exec "/app/server": exec format error: it is made for another architecture, or is a script without "#!" in its first line'
const notExecutable = 'exec "/app/server": permission denied: it is not executable for the user; check its mode'
const noInterpreter =
  'exec "/app/server": its interpreter is not in the image: the one after "#!", or the dynamic loader'

describe('explainRuntimeWords', () => {
  const rows: [said: string, reason: string, sentence: string][] = [
    [
      'time="2026-01-02T03:04:05Z" level=error msg="runc create failed: unable to start container process: exec: \\"/app/server\\": stat /app/server: no such file or directory"\n',
      'StartError',
      noFile,
    ],
    [
      'runc create failed: unable to start container process: exec: "server": executable file not found in $PATH',
      'StartError',
      noFile,
    ],
    [
      '2026-01-02T03:04:05.000000Z: executable file `server` not found in $PATH: No such file or directory',
      'StartError',
      noFile,
    ],
    ['executable file `/app/server` not found: No such file or directory', 'StartError', noFile],
    ['open executable: No such file or directory', 'StartError', noFile],
    ['exec /app/server: exec format error', 'StartError', wrongFormat],
    ['standard_init_linux.go:228: exec user process caused: exec format error', 'StartError', wrongFormat],
    ['exec container process `/app/server`: Exec format error', 'StartError', wrongFormat],
    [
      'runc create failed: unable to start container process: exec: "/app/server": permission denied: unknown',
      'StartError',
      notExecutable,
    ],
    ['open executable: Operation not permitted', 'StartError', notExecutable],
    [
      'chdir `/srv`: Not a directory',
      'CreateContainerError',
      'enter the working directory "/srv": not a directory; check workingDir',
    ],
    ['open executable: Permission denied', 'StartError', notExecutable],
    ['exec /app/server: no such file or directory', 'StartError', noInterpreter],
    ['standard_init_linux.go:228: exec user process caused: no such file or directory', 'StartError', noInterpreter],
    ['exec container process `/app/server`: No such file or directory', 'StartError', noInterpreter],
    [
      'runc create failed: unable to start container process: exec: "/app/server": is a directory',
      'StartError',
      'exec "/app/server": it is a directory, not a program',
    ],
    [
      'runc create failed: unable to start container process: chdir to cwd ("/srv") set in config.json failed: permission denied',
      'CreateContainerError',
      'enter the working directory "/srv": permission denied; check workingDir',
    ],
    [
      'runc create failed: unable to start container process: error during container init: error mounting "/a" to rootfs at "/b": mount /a:/b (via /proc/self/fd/6), flags: 0x5000: not a directory: unknown',
      'CreateContainerError',
      'mount "/a" at "/b": not a directory; a directory was put onto a file, or a file onto a directory',
    ],
    [
      'runc create failed: container init was OOM-killed (memory limit too low?)',
      'CreateContainerError',
      'its memory limit is too low for the runtime to make it; raise the limit to 16Mi or more',
    ],
    ['runc create failed: something quite new: unknown', 'CreateContainerError', 'something quite new'],
    ['', 'CreateContainerError', 'the runtime ended without a word'],
  ]
  for (const [said, reason, sentence] of rows) {
    it(`${said.slice(0, 100)} …`, () => assert.deepEqual(explainRuntimeWords(said, process), { reason, sentence }))
  }

  it('a bare name was looked for on PATH, a path was not', () => {
    const said = 'executable file `server` not found in $PATH: No such file or directory'
    const explained = explainRuntimeWords(said, { ...process, args: ['server'] })
    assert.deepEqual(explained, { reason: 'StartError', sentence: noProgram })
  })
})
