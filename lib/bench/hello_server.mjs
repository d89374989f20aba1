// The same hello world on node:http: the program that script/bench measures on Node and Bun.
// Usage: node hello_server.mjs PORT
import { createServer } from 'node:http';

const body = 'hello world\n';
const server = createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  response.end(body);
});
server.listen(Number(process.argv[2]), '127.0.0.1');
