import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openSharedWork } from './shared-work.ts'

const signal = new AbortController().signal

describe('openSharedWork', () => {
  it('does once what several ask for, and tells late ones the latest of each topic', async () => {
    const shared = openSharedWork<string, number>((progress) => progress.charAt(0))
    const finish = Promise.withResolvers<number>()
    const began = Promise.withResolvers<undefined>()
    let runs = 0
    const heard: string[][] = [[], []]
    const join = (caller: number) =>
      shared.run('x', { signal, onProgress: (progress) => heard[caller]?.push(progress) }, (all) => {
        runs += 1
        for (const progress of ['a1', 'b1', 'a2']) all.onProgress(progress)
        began.resolve(undefined)
        return finish.promise
      })
    const first = join(0)
    await began.promise
    const second = join(1)
    finish.resolve(7)
    assert.deepEqual(await Promise.all([first, second]), [7, 7])
    assert.equal(runs, 1)
    assert.deepEqual(heard, [
      ['a1', 'b1', 'a2'],
      ['a2', 'b1'],
    ])
  })

  it('goes on while one caller is left, and stops with the last', async () => {
    const shared = openSharedWork<never, string>(() => '')
    const callers = [new AbortController(), new AbortController()]
    const ended = Promise.withResolvers<undefined>()
    const work = async ({ signal: stop }: { signal: AbortSignal }) => {
      await new Promise((resolve) => stop.addEventListener('abort', resolve))
      ended.resolve(undefined)
      throw new Error('work was stopped')
    }
    const [first, second] = callers.map((caller) => shared.run('x', { signal: caller.signal }, work))
    callers[0]?.abort()
    await assert.rejects(first ?? Promise.resolve(), /x: stopped before its end/)
    callers[1]?.abort()
    await assert.rejects(second ?? Promise.resolve(), /work was stopped/, 'the last one waits for the end')
    await ended.promise
    assert.equal(await shared.run('x', { signal }, () => Promise.resolve('new')), 'new')
  })

  it('fails for everybody, and begins anew the next time', async () => {
    const shared = openSharedWork<never, string>(() => '')
    const fail = () => Promise.reject(new Error('no'))
    const both = [shared.run('x', { signal }, fail), shared.run('x', { signal }, fail)]
    for (const one of both) await assert.rejects(one, /no/)
    assert.equal(await shared.run('x', { signal }, () => Promise.resolve('yes')), 'yes')
  })

  it('does not begin for who has gone already', async () => {
    const shared = openSharedWork<never, string>(() => '')
    let runs = 0
    const work = () => Promise.resolve(`${(runs += 1)}`)
    await assert.rejects(shared.run('x', { signal: AbortSignal.abort() }, work), /stopped/)
    assert.equal(runs, 0)
  })
})
