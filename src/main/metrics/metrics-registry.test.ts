import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseMetrics } from '../../../test/parse-metrics.ts'
import { MetricsRegistry } from './metrics-registry.ts'

describe('MetricsRegistry', () => {
  it('writes what Prometheus reads', () => {
    const registry = new MetricsRegistry()
    const requests = registry.counter({ name: 'requests_total', help: 'A\\B\nC', labels: ['verb', 'code'] })
    requests.add({ verb: 'GET', code: '200' })
    requests.add({ code: '200', verb: 'GET' }, 2)
    requests.add({ verb: 'PUT "x"', code: '500' })
    const seconds = registry.histogram({ name: 'seconds', help: 'How long.', labels: ['verb'] }, [0.1, 1])
    for (const value of [0.05, 0.1, 0.7, 5]) seconds.observe({ verb: 'GET' }, value)
    registry.read('gauge', { name: 'pods', help: 'Pods.', labels: [] }, () => [{ labels: {}, value: 7 }])
    registry.counter({ name: 'silent_total', help: 'Nothing yet.', labels: [] })
    const expected = [
      '# HELP requests_total A\\\\B\\nC',
      '# TYPE requests_total counter',
      'requests_total{verb="GET",code="200"} 3',
      'requests_total{verb="PUT \\"x\\"",code="500"} 1',
      '# HELP seconds How long.',
      '# TYPE seconds histogram',
      'seconds_bucket{verb="GET",le="0.1"} 2',
      'seconds_bucket{verb="GET",le="1"} 3',
      'seconds_bucket{verb="GET",le="+Inf"} 4',
      'seconds_sum{verb="GET"} 5.85',
      'seconds_count{verb="GET"} 4',
      '# HELP pods Pods.',
      '# TYPE pods gauge',
      'pods 7',
      '# HELP silent_total Nothing yet.',
      '# TYPE silent_total counter',
      '',
    ]
    assert.equal(registry.text(), expected.join('\n'))
    parseMetrics(registry.text())
  })

  it('has no two series in one, whatever stands in labels', () => {
    const value = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', '{', '}', ',', '=', ' ', 'é') })
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(value, value), { selector: String, maxLength: 8 }), (pairs) => {
        const registry = new MetricsRegistry()
        const counter = registry.counter({ name: 'a_total', help: 'x', labels: ['one', 'other'] })
        for (const [one, other] of pairs) counter.add({ one, other })
        const read = parseMetrics(registry.text())
          .get('a_total')
          ?.samples.map(({ labels }) => labels)
        assert.deepEqual(
          read,
          pairs.map(([one, other]) => ({ one, other })),
        )
      }),
    )
  })

  it('is read strictly: what is wrong does not pass', () => {
    const head = '# HELP a x\n# TYPE a gauge\n'
    for (const wrong of [
      'a 1\n',
      `${head}a 1`,
      `${head}b 1\n`,
      `${head}a 1\na 2\n`,
      `${head}a{x="1"y="2"} 1\n`,
      `${head}a{x="1",x="2"} 1\n`,
      `${head}a{x="\\t"} 1\n`,
      `${head}a one\n`,
      `${head}${head}`,
      '# HELP h x\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
      '# HELP h x\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_sum 1\nh_count 2\n',
    ]) {
      assert.throws(() => parseMetrics(wrong), Error, wrong)
    }
  })
})
