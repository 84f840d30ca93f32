/** Instructions of `exit(0)`. */
const EXIT_CODE: Readonly<Record<string, { readonly machine: number; readonly code: readonly number[] }>> = {
  // mov eax, 60; xor edi, edi; syscall
  x64: { machine: 0x3e, code: [0xb8, 0x3c, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05] },
  // movz x8, #93; movz x0, #0; svc #0
  arm64: { machine: 0xb7, code: [0xa8, 0x0b, 0x80, 0xd2, 0x00, 0x00, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4] },
}

const HEADER_BYTES = 64
const SEGMENT_BYTES = 56
const ADDRESS = 0x400000
const PAGE_BYTES = 0x10000

/**
 * The smallest program that does nothing: no library, no interpreter, no package of the machine is needed to run it.
 *
 * @param architecture Node's name, `process.arch`.
 * @returns undefined for an architecture whose instructions it does not know.
 * @see elf(5)
 */
export function buildProbeProgram(architecture: string): Uint8Array | undefined {
  const known = EXIT_CODE[architecture]
  if (known === undefined) return undefined
  const codeAt = HEADER_BYTES + SEGMENT_BYTES
  const program = Buffer.alloc(codeAt + known.code.length)
  // ELF, 64 bits, little-endian, version 1; an executable.
  program.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  program.writeUInt16LE(2, 16)
  program.writeUInt16LE(known.machine, 18)
  program.writeUInt32LE(1, 20)
  program.writeBigUInt64LE(BigInt(ADDRESS + codeAt), 24)
  program.writeBigUInt64LE(BigInt(HEADER_BYTES), 32)
  program.writeUInt16LE(HEADER_BYTES, 52)
  program.writeUInt16LE(SEGMENT_BYTES, 54)
  program.writeUInt16LE(1, 56)
  // One segment: the whole file, loaded to be read and executed.
  const segment = HEADER_BYTES
  program.writeUInt32LE(1, segment)
  program.writeUInt32LE(5, segment + 4)
  program.writeBigUInt64LE(BigInt(ADDRESS), segment + 16)
  program.writeBigUInt64LE(BigInt(ADDRESS), segment + 24)
  program.writeBigUInt64LE(BigInt(program.length), segment + 32)
  program.writeBigUInt64LE(BigInt(program.length), segment + 40)
  program.writeBigUInt64LE(BigInt(PAGE_BYTES), segment + 48)
  program.set(known.code, codeAt)
  return program
}
