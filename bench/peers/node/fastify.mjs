// fastify.mjs PORT UPSTREAM: @fastify/http-proxy as its README shows it.
import proxy from '@fastify/http-proxy'
import Fastify from 'fastify'

const [port, upstream] = process.argv.slice(2)
const server = Fastify({ logger: false })
server.register(proxy, { upstream })
await server.listen({ host: '127.0.0.1', port: Number(port) })
