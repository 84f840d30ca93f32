import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, it } from 'node:test'
import { readElfNeeds } from './builtin-elf.ts'
import { findLibraries } from './builtin-libraries.ts'

describe('the libraries of a program', () => {
  const libraries = findLibraries(process.execPath)

  it('are those that this very program has loaded', { skip: libraries.length === 0 && 'this Node is static' }, () => {
    const mapped = readFileSync('/proc/self/maps', 'utf8')
    for (const { path } of libraries.filter(({ path }) => !basename(path).startsWith('libnss'))) {
      assert.ok(existsSync(path), path)
      // A library's file may have a longer name than the one it is asked for by.
      assert.ok(mapped.includes(basename(path)) || basename(path) === 'libresolv.so.2', path)
    }
  })

  it('are complete: each asks for no other', () => {
    const names = new Set(libraries.map(({ path }) => basename(path)))
    for (const { path } of libraries) {
      for (const needed of readElfNeeds(path).needed) assert.ok(names.has(needed), `${needed} of ${path}`)
    }
  })

  it('are refused for what is no program', () => {
    const directory = mkdtempSync(join(tmpdir(), 'peapod-elf-'))
    try {
      const text = join(directory, 'script')
      writeFileSync(text, '#!/bin/sh\n'.repeat(20))
      assert.throws(() => findLibraries(text), {
        reason: 'SetupFailed',
        message: /script": it is no 64-bit .* ELF file/,
      })
      const damaged = join(directory, 'damaged')
      writeFileSync(damaged, readFileSync(process.execPath).subarray(0, 4_096))
      assert.throws(() => findLibraries(damaged), { reason: 'SetupFailed' })
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
