import assert from 'node:assert/strict'
import { it } from 'node:test'
import { controllersOfVersion1 } from './choose-runtime.ts'

it('the controllers of cgroup version 1 are those with a hierarchy of their own', () => {
  const cgroups = '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t10\t1\nnet_cls\t0\t47\t1\nhugetlb\t10\t1\t1\n'
  assert.equal(controllersOfVersion1(cgroups), 'cpu hugetlb')
})
