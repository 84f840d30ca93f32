/** Of the whole of 127.0.0.0/8 every address is the machine's own: a hundred pods without a container. */
const PODS = 100

export const HTTP_PORT = 18_080
export const TCP_PORT = 18_081

export function podAddresses(): string[] {
  return Array.from({ length: PODS }, (_, number) => `127.77.0.${number + 1}`)
}
