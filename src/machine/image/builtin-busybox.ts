import { existsSync } from 'node:fs'
import { Failure } from '../../failure.ts'
import { findProgram, searchedFolders } from '../process/find-program.ts'
import { runCommand } from '../process/run-command.ts'
import { readElfNeeds } from './builtin-elf.ts'
import type { LayerItem } from './builtin-layer.ts'

const CERTIFICATE_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]
const PASSWD = `root:x:0:0:root:/root:/bin/sh
node:x:1000:1000:node:/home/node:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
`
const GROUP = `root:x:0:
tty:x:5:
node:x:1000:
nogroup:x:65534:
`
const NSSWITCH = `passwd: files
group: files
hosts: files dns
`

/**
 * The layer under every built-in image: busybox with all its applets, and the few files that programs expect.
 *
 * @throws Failure SetupFailed when there is no busybox that runs by itself.
 */
export async function busyboxLayer(): Promise<readonly LayerItem[]> {
  const busybox = findBusybox()
  const certificates = CERTIFICATE_FILES.find((path) => existsSync(path))
  return [
    { is: 'directory', path: '/bin' },
    { is: 'file', path: '/bin/busybox', from: busybox, mode: 0o755 },
    ...(await appletsOf(busybox)).map((name): LayerItem => ({
      is: 'symlink',
      path: `/bin/${name}`,
      target: 'busybox',
    })),
    { is: 'directory', path: '/usr' },
    { is: 'directory', path: '/usr/bin' },
    { is: 'symlink', path: '/usr/bin/env', target: '/bin/busybox' },
    { is: 'directory', path: '/etc' },
    { is: 'text', path: '/etc/passwd', text: PASSWD },
    { is: 'text', path: '/etc/group', text: GROUP },
    { is: 'text', path: '/etc/nsswitch.conf', text: NSSWITCH },
    { is: 'directory', path: '/etc/ssl' },
    { is: 'directory', path: '/etc/ssl/certs' },
    ...(certificates === undefined
      ? []
      : [{ is: 'file', path: '/etc/ssl/certs/ca-certificates.crt', from: certificates } as const]),
    { is: 'directory', path: '/home' },
    { is: 'directory', path: '/home/node', owner: 1000 },
    { is: 'directory', path: '/root', mode: 0o700 },
    { is: 'directory', path: '/tmp', mode: 0o1777 },
    { is: 'directory', path: '/var' },
    { is: 'directory', path: '/var/tmp', mode: 0o1777 },
  ]
}

function findBusybox(): string {
  const advice = 'install the package "busybox-static" ("busybox" where there is no such package)'
  const path = findProgram('busybox')
  if (path === undefined) {
    throw new Failure('SetupFailed', `find busybox: not in ${searchedFolders().join(':')}; ${advice}`)
  }
  if (readElfNeeds(path).interpreter === undefined) return path
  throw new Failure('SetupFailed', `make an image of "${path}": it needs libraries of this machine; ${advice}`)
}

async function appletsOf(busybox: string): Promise<string[]> {
  const { stdout, stderr, exitCode } = await runCommand([busybox, '--list'])
  const names = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox' && !name.includes('/'))
  if (exitCode === 0 && names.includes('sh')) return names
  throw new Failure('SetupFailed', `ask "${busybox}" for its applets: exit code ${exitCode}, no "sh"; ${stderr.trim()}`)
}
