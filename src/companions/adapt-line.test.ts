import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AdaptedLine } from './adapt-line.ts'
import { adaptLine } from './adapt-line.ts'

const CASES: [format: string, line: string, adapted: Omit<AdaptedLine, 'source'>][] = [
  [
    'JSON lines',
    '{"ts":1763635029,"level":"WARN","msg":"slow"}',
    { time: '2025-11-20T10:37:09.000Z', level: 'warning', message: 'slow' },
  ],
  [
    'a web server log',
    '10.0.0.1 - - [20/Nov/2025:10:37:09 +0000] "GET /x HTTP/1.1" 503 12',
    { time: '2025-11-20T10:37:09.000Z', level: 'error', message: 'GET /x HTTP/1.1 → 503 from 10.0.0.1' },
  ],
  [
    'logfmt',
    'time=2025-11-20T10:37:09Z level=info msg="hello there" user=7',
    { time: '2025-11-20T10:37:09.000Z', level: 'info', message: 'hello there' },
  ],
  [
    'time, level, text',
    '2025-11-20T10:37:09Z ERROR out of disk',
    { time: '2025-11-20T10:37:09.000Z', level: 'error', message: 'out of disk' },
  ],
  [
    'a line that fits no format is passed on whole',
    'Segmentation fault',
    { level: 'unknown', message: 'Segmentation fault' },
  ],
  ['broken JSON is passed on whole', '{"level":', { level: 'unknown', message: '{"level":' }],
  ['a time nobody can read is left out', '{"time":"soon","msg":"x"}', { level: 'info', message: 'x' }],
]

describe('adaptLine', () => {
  for (const [format, line, adapted] of CASES) {
    it(format, () => assert.deepEqual(adaptLine(line, 'app'), { ...adapted, source: 'app' }))
  }
})
