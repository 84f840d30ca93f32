import type { HttpAnswer } from './http-transport.ts'
import { ProtocolError, TruncatedError } from './registry-error.ts'

/** Reads a small body whole. @throws ProtocolError when it is not small, TruncatedError when it broke off. */
export async function readLimited(answer: HttpAnswer, limitBytes: number, what: string): Promise<Buffer> {
  const announced = Number(answer.headers['content-length'] ?? 0)
  if (announced > limitBytes) {
    answer.discard()
    throw tooLong(what, limitBytes)
  }
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of answer.body()) {
    sizeBytes += chunk.length
    if (sizeBytes > limitBytes) throw tooLong(what, limitBytes)
    chunks.push(chunk)
  }
  if (sizeBytes < announced) throw new TruncatedError(`the ${what} ended after ${sizeBytes} of ${announced} bytes`)
  return Buffer.concat(chunks)
}

function tooLong(what: string, limitBytes: number): ProtocolError {
  return new ProtocolError(`the ${what} is longer than ${limitBytes} bytes`)
}
