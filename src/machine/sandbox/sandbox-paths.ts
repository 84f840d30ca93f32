import { join } from 'node:path'

/** Where a sandbox's directory, which is a mount itself, holds what. The first four are mounts. */
export function sandboxPaths(directory: string) {
  return {
    network: join(directory, 'network'),
    ipc: join(directory, 'ipc'),
    uts: join(directory, 'uts'),
    shm: join(directory, 'shm'),
    hosts: join(directory, 'hosts'),
    resolvConf: join(directory, 'resolv.conf'),
    hostname: join(directory, 'hostname'),
  }
}
