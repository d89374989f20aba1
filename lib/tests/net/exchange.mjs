// Runs the cases of exchange_cases.txt on Node.js and prints them with what was observed:
//   node exchange.mjs < scripts > exchange_cases.txt
// The language is described in exchange.h; exchange.c is the same interpreter on libnodehttp.
import net from 'node:net';
import { createInterface } from 'node:readline';

function run(script, done) {
  const settings = {};
  const actions = { c: [], s: [] };
  for (const word of script.trim().split(/\s+/)) {
    const at = word.indexOf('=');
    if (at > 0) settings[word.slice(0, at)] = word.slice(at + 1);
    else {
      const [when, what] = word.slice(2).split(':');
      actions[word[0]].push([when, what]);
    }
  }
  const name = (e) => (e ? e.code || e.message : 'ok');
  const lanes = { c: [], s: [] };
  const attach = (lane, socket, mine) => {
    const log = lanes[lane];
    const watched = {};
    let calls = 0;
    let received = 0;
    const act = (what) => {
      const n = ++calls;
      const cb = (e) => log.push(`cb${n}(${name(e)})`);
      switch (what) {
        case 'w': log.push(`w${n}=${socket.write('xy', cb)}`); break;
        case 'q': log.push(`w${n}=${socket.write('xy')}`); break;
        case 'l': log.push(`w${n}=${socket.write('\u00e9', 'latin1', cb)}`); break;
        case 'W': log.push(`w${n}=${socket.write(Buffer.alloc(100000), cb)}`); break;
        case 'e': socket.end(cb); break;
        case 'E': socket.end('z', cb); break;
        case 'c': socket.cork(); break;
        case 'u': socket.uncork(); break;
        case 'a': socket.pause(); break;
        case 'm': socket.resume(); break;
        case 'd': socket.on('data', (c) => { received += c.length; fire('data'); }); break;
        case 'x': socket.destroy(); break;
        case 'X': socket.destroy(new Error('user')); break;
        case 'R': socket.resetAndDestroy(); break;
        case 'o': socket.destroySoon(); break;
        case 's': {
          const bit = (b) => (b ? '1' : '0');
          log.push(`[${socket.readyState}${socket.connecting ? ',connecting' : ''}${socket.pending ? ',pending' : ''} ${bit(socket.destroyed)}${bit(socket.closed)}${bit(socket.readableEnded)}${bit(socket.writableEnded)}${bit(socket.writableFinished)} ${socket.bytesWritten}]`);
          break;
        }
      }
    };
    const fire = (event) => {
      const due = watched[event] ?? [];
      watched[event] = [];
      due.forEach(act);
    };
    for (const event of ['connect', 'ready', 'end', 'finish', 'drain', 'error', 'close', 'connectionAttempt', 'connectionAttemptFailed']) {
      socket.on(event, (a) => {
        const detail = event === 'error' ? `(${name(a)}${a.syscall ? ' ' + a.syscall : ''})` : event === 'close' ? `(${a})` : event === 'end' ? `(${received})` : '';
        log.push(event + detail);
        fire(event);
      });
    }
    for (const [when, what] of mine) {
      if (when === 'n') act(what);
      else if (when === 't') process.nextTick(act, what);
      else if (when === 'i') setImmediate(act, what);
      else (watched[when.slice(1)] ??= []).push(what);
    }
    return act;
  };
  let accepted = false;
  let actClient = () => {};
  const server = net.createServer({ allowHalfOpen: settings.shalf === '1', pauseOnConnect: settings.spause === '1' }, (socket) => {
    accepted = socket;
    attach('s', socket, actions.s);
    if (settings.close === '1') server.close();
  });
  server.on('close', () => lanes.s.push('server-close'));
  server.listen(0, '127.0.0.1', () => {
    let { port } = server.address();
    const begin = () => {
      const client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: settings.chalf === '1' });
      actClient = attach('c', client, actions.c);
      setTimeout(() => {
        actClient('s');
        client.destroy();
        if (accepted) accepted.destroy();
        server.close();
        done(`${lanes.c.join(' ')} | ${lanes.s.join(' ')}`);
        lanes.c = lanes.s = [];
      }, 60);
    };
    if (settings.refuse === '1') server.close(begin);
    else begin();
  });
}

const scripts = [];
createInterface({ input: process.stdin }).on('line', (line) => {
  const script = line.split(' => ')[0].trim();
  if (script && !script.startsWith('#')) scripts.push(script);
}).on('close', () => {
  const out = new Array(scripts.length);
  let next = 0, running = 0;
  const more = () => {
    while (running < 1 && next < scripts.length) {
      const at = next++;
      running++;
      run(scripts[at], (log) => { out[at] = `${scripts[at]} => ${log}`; running--; setTimeout(more, 5); });
    }
    if (running === 0 && next === scripts.length) { console.log(out.join('\n')); process.exit(); }
  };
  setTimeout(more, 5);
});
