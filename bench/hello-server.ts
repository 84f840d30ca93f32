// The least that an HTTP server in Node can do: answers every request with the same bytes, over a Unix socket and TLS.
// argv: the Unix socket, a file with the certificate, one with its key, how many bytes. Prints the port of TLS.
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'

const [, , socketPath = '', cert = '', key = '', size = '0'] = process.argv
const body = Buffer.alloc(Number(size), 'x')
const answer: RequestListener = (incoming, response) => {
  incoming.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    response.end(body)
  })
}
createServer(answer).listen(socketPath)
const tls = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, answer)
tls.listen(0, '127.0.0.1', () => {
  const address = tls.address()
  process.stdout.write(`${typeof address === 'object' ? (address?.port ?? 0) : 0}\n`)
})
