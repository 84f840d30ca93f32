import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Failure } from '../../failure.ts'
import { formatQuantity, parseQuantity, quantityToBytes, quantityToMilli } from './quantity.ts'

describe('a quantity is read and written as Kubernetes does', () => {
  const cases: [text: string, canonical: string | undefined, whole: number, milli: number][] = [
    ['0', '0', 0, 0],
    ['1', '1', 1, 1000],
    ['1.5', '1500m', 2, 1500],
    ['500m', '500m', 1, 500],
    ['0.1m', '100u', 1, 1],
    ['.5', '500m', 1, 500],
    ['5.', '5', 5, 5000],
    ['+1', '1', 1, 1000],
    ['-1', '-1', -1, -1000],
    ['1000', '1k', 1000, 1_000_000],
    ['128974848', '128974848', 128_974_848, 128_974_848_000],
    ['129e6', '129e6', 129_000_000, 129_000_000_000],
    ['129M', '129M', 129_000_000, 129_000_000_000],
    ['123Mi', '123Mi', 128_974_848, 128_974_848_000],
    ['1024Mi', '1Gi', 1_073_741_824, 1_073_741_824_000],
    ['0.5Mi', '512Ki', 524_288, 524_288_000],
    ['1.3Ki', '1332', 1332, 1_331_200],
    ['1E', '1E', 1e18, 1e21],
    ['1E3', '1e3', 1000, 1_000_000],
    ['0.1n', '1n', 1, 1],
    ['9999999E', '9223372036854775807', 2 ** 63, 2 ** 63 * 1000],
    ['1e999999999', '9223372036854775807', 2 ** 63, 2 ** 63 * 1000],
    ['', undefined, 0, 0],
    ['.', undefined, 0, 0],
    ['12Zb', undefined, 0, 0],
    ['1 Mi', undefined, 0, 0],
    ['1mi', undefined, 0, 0],
    ['0x10', undefined, 0, 0],
    ['1.2.3', undefined, 0, 0],
  ]
  for (const [text, canonical, whole, milli] of cases) {
    it(`"${text}"`, () => {
      const quantity = parseQuantity(text)
      if (canonical === undefined) {
        assert.equal(quantity, undefined)
        assert.throws(() => quantityToBytes(text), Failure)
        return
      }
      assert.equal(quantity && formatQuantity(quantity), canonical)
      assert.equal(quantityToBytes(text), whole)
      assert.equal(quantityToMilli(text), milli)
    })
  }

  const suffix = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'Ti', 'e3', 'e-3', 'E2')
  const text = fc
    .tuple(fc.constantFrom('', '-', '+'), fc.nat(999_999), fc.option(fc.nat(999_999_999), { nil: undefined }), suffix)
    .map(([sign, whole, fraction, unit]) => `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${unit}`)

  it('what is written is read back as the same amount, and written the same', () => {
    fc.assert(
      fc.property(text, (each) => {
        const quantity = parseQuantity(each)
        assert.ok(quantity)
        const canonical = formatQuantity(quantity)
        const again = parseQuantity(canonical)
        assert.ok(again)
        // In Kubernetes too an amount of bytes without a suffix is read as a decimal one, and then written with k, M …
        if (again.format === quantity.format) assert.equal(formatQuantity(again), canonical)
        // Amounts in powers of two are written in whole units, rounded up.
        if (quantity.format !== 'BinarySI') assert.equal(again.nanos, quantity.nanos)
        else assert.equal(quantityToBytes(canonical), quantityToBytes(each))
      }),
      { examples: [['999990.272071248Ti']] },
    )
  })

  it('thousandths are never fewer than the amount, and less than one too many', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(999_999), (whole, micro) => {
        const milli = quantityToMilli(`${whole}.${String(micro).padStart(6, '0')}`)
        const exact = whole * 1_000_000 + micro
        assert.ok(milli * 1000 >= exact && milli * 1000 - exact < 1000)
      }),
    )
  })

  it('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+.\deEinumkKMGTP]*$/)), (each) => {
        const quantity = parseQuantity(each)
        if (quantity !== undefined) assert.notEqual(formatQuantity(quantity), '')
      }),
    )
  })
})
