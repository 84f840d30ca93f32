import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KeptOutput } from './fake-environment.ts'
import { LiveArea } from './live-area.ts'
import { isPullDone, pullLines, type LayerView, type PullView } from './pull-view.ts'

const layer = (step: LayerView['step'], doneBytes = 0, more: Partial<LayerView> = {}): LayerView => ({
  digest: `sha256:${'0123456789ab'.padEnd(64, 'c')}`,
  doneBytes,
  totalBytes: 20_000_000,
  step,
  ...more,
})
const view = (...layers: LayerView[]): PullView => ({ reference: 'docker.io/library/nginx:latest', layers })

describe('pullLines', () => {
  const CASES: [rule: string, LayerView, columns: number, line: string][] = [
    ['before it begins', layer('waiting'), 80, '  0123456789ab  waiting'],
    ['a new try', layer('waiting', 0, { retry: 2 }), 80, '  0123456789ab  waiting (try 2)'],
    ['nothing yet', layer('download'), 70, `  0123456789ab  [${' '.repeat(30)}]       0 B / 20.0 MB`],
    [
      'a half',
      layer('download', 10_000_000),
      70,
      `  0123456789ab  [${'='.repeat(14)}>${' '.repeat(15)}]   10.0 MB / 20.0 MB`,
    ],
    ['all of it', layer('download', 20_000_000), 70, `  0123456789ab  [${'='.repeat(30)}]   20.0 MB / 20.0 MB`],
    [
      'more than was promised',
      layer('download', 99_000_000),
      70,
      `  0123456789ab  [${'='.repeat(30)}]   99.0 MB / 20.0 MB`,
    ],
    [
      'of unknown size',
      layer('download', 5, { totalBytes: 0 }),
      70,
      `  0123456789ab  [${' '.repeat(30)}]           5 B / 0 B`,
    ],
    ['a bar is at most 40 wide', layer('download'), 200, `  0123456789ab  [${' '.repeat(40)}]       0 B / 20.0 MB`],
    ['no room for a bar', layer('download', 5), 42, '  0123456789ab        5 B / 20.0 MB'],
    ['no room at all', layer('download', 5), 12, '  012345678'],
    ['unpacking', layer('unpack'), 80, '  0123456789ab  unpacking 20.0 MB'],
    ['done', layer('done'), 80, '  0123456789ab  done 20.0 MB'],
    ['there already', layer('exists'), 80, '  0123456789ab  already here'],
  ]
  for (const [rule, state, columns, line] of CASES) {
    it(rule, () => assert.deepEqual(pullLines(view(state), columns), [view().reference.slice(0, columns - 1), line]))
  }

  it('is done when all of its layers are', () => {
    assert.equal(isPullDone(view(layer('done'), layer('exists'))), true)
    assert.equal(isPullDone(view(layer('done'), layer('unpack'))), false)
    assert.equal(isPullDone(view()), false)
  })
})

describe('LiveArea', () => {
  it('keeps its lines below what is written, and leaves nothing behind', async () => {
    const stream = new KeptOutput(true)
    const area = new LiveArea(stream)
    await area.write('first\n')
    area.setLines(['a', 'b'])
    await area.write('second\n')
    area.setLines(['c'])
    area.setLines([])
    await area.write('third\n')
    const up = (lines: number) => `\u001b[${lines}A\r\u001b[J`
    assert.equal(stream.text, `first\na\nb\n${up(2)}second\na\nb\n${up(2)}c\n${up(1)}third\n`)
  })
})
