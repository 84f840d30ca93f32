import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { overlayOptions } from './mount.ts'
import { parseMountinfo } from './mounts-below.ts'

describe('overlayOptions', () => {
  const writable = { upperDir: '/up', workDir: '/work' }
  const long = Array.from({ length: 127 }, (_, index) => `/var/lib/peapod/images/layers/${index}`.padEnd(90, 'x'))
  const cases: [rule: string, Parameters<typeof overlayOptions>[0], string | undefined][] = [
    ['topmost first', { lowerDirs: ['/b', '/a'], writable }, 'lowerdir=/b:/a,upperdir=/up,workdir=/work'],
    ['read-only without an upper', { lowerDirs: ['/b', '/a'] }, 'lowerdir=/b:/a'],
    ['volatile', { lowerDirs: ['/a'], writable, volatile: true }, 'lowerdir=/a,upperdir=/up,workdir=/work,volatile'],
    ['a colon would part a path in two', { lowerDirs: ['/a:b'] }, undefined],
    ['a comma would end the option', { lowerDirs: ['/a'], writable: { ...writable, upperDir: '/u,p' } }, undefined],
    ['more than a page would be cut off', { lowerDirs: long, writable }, undefined],
  ]
  for (const [rule, directories, options] of cases) {
    it(rule, () => assert.equal(overlayOptions(directories), options))
  }
})

describe('parseMountinfo', () => {
  it('reads mount points with blanks and letters beyond ASCII, roots and super options', () => {
    const text =
      '36 35 98:0 /mnt1 /mnt/a\\040b\\134é rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n' +
      '32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n'
    assert.deepEqual(parseMountinfo(text), [
      { mountPoint: '/mnt/a b\\é', filesystem: 'ext3', superOptions: ['rw', 'errors=continue'], root: '/mnt1' },
      { mountPoint: '/sys/fs/cgroup/cpu', filesystem: 'cgroup', superOptions: ['rw', 'cpu', 'cpuacct'], root: '/' },
    ])
  })
})
