// Runs the cases of order_cases.txt on Node.js and prints them with what was observed:
//   node order.mjs < scripts > order_cases.txt      (lines "script" or "script => anything")
// The language is described in order.h; order.c is the same interpreter on libnodehttp.
import { Readable, Writable, Duplex, finished, pipeline } from 'node:stream';
import { createInterface } from 'node:readline';

const EVENTS = ['end', 'close', 'error', 'finish', 'prefinish', 'drain', 'pause', 'resume'];

function run(script, done) {
  const log = [];
  const settings = {};
  const actions = [];
  for (const word of script.trim().split(/\s+/)) {
    const at = word.indexOf('=');
    if (at > 0) settings[word.slice(0, at)] = word.slice(at + 1);
    else actions.push([word.slice(0, word.indexOf(':')), word.slice(word.indexOf(':') + 1)]);
  }
  const later = (how, f) => {
    if (how === 's') f();
    else if (how === 't') process.nextTick(f);
    else if (how === 'i') setImmediate(f);
  };
  const name = (e) => (e ? e.code || e.message : 'ok');
  const text = (c) => (c === null ? 'null' : String(c));
  const options = { highWaterMark: Number(settings.hwm ?? 4) };
  if (settings.obj === '1') options.objectMode = true;
  if (settings.half === '0') options.allowHalfOpen = false;
  if (settings.auto === '0') options.autoDestroy = false;
  if (settings.emit === '0') options.emitClose = false;
  if (settings.r === '0') options.readable = false;
  if (settings.w === '0') options.writable = false;
  if (settings.enc) options.encoding = settings.enc;
  const finishBy = (how, f) => {
    if (how === 'E') f(new Error('op'));
    else if (how === 'e') process.nextTick(() => f(new Error('op')));
    else later(how, () => f());
  };
  if (settings.W) options.write = (c, e, cb) => { log.push(`_w(${text(c)})`); finishBy(settings.W, cb); };
  if (settings.V) options.writev = (cs, cb) => { log.push(`_v(${cs.map((c) => text(c.chunk)).join()})`); finishBy(settings.V, cb); };
  if (settings.F) options.final = (cb) => { log.push('_f'); finishBy(settings.F, cb); };
  if (settings.D) options.destroy = (e, cb) => { log.push(`_d(${name(e)})`); later(settings.D, () => cb(e)); };
  if (settings.C) options.construct = (cb) => { log.push('_c'); finishBy(settings.C, cb); };
  let left = Number(settings.K ?? 3);
  if (settings.R) {
    options.read = (n) => {
      log.push(`_r${n}`);
      if (settings.R === 'n') return;
      if (settings.R === 'E') throw new Error('op');
      const answer = () => stream.push(left-- > 0 ? 'ab' : null);
      later(settings.R, answer);
    };
  }
  const Class = { r: Readable, w: Writable, d: Duplex }[settings.kind ?? 'd'];
  const stream = new Class(options);
  const target = new Writable({
    highWaterMark: Number(settings.thwm ?? 4),
    write: (c, e, cb) => { log.push(`T_w(${text(c)})`); finishBy(settings.T ?? 's', cb); },
  });

  let calls = 0;
  const watched = {};
  const onData = (c) => { log.push(`data(${text(c)})`); fire('data'); };
  const onReadable = () => { log.push('readable'); fire('readable'); };
  const onReadableRead = () => {
    log.push('readable');
    let c;
    while ((c = stream.read()) !== null) log.push(`read(${text(c)})`);
    log.push('drained');
    fire('readable');
  };
  const act = (what) => {
    const n = ++calls;
    const cb = (e) => log.push(`cb${n}(${name(e)})`);
    const r = stream._readableState, w = stream._writableState;
    if (!r && 'pPznr02amdDlLk<>}|'.includes(what)) return;
    if (!w && 'wqWeEvcu'.includes(what)) return;
    switch (what) {
      case 'w': log.push(`w${n}=${stream.write('xy', cb)}`); break;
      case 'q': log.push(`w${n}=${stream.write('xy')}`); break;
      case 'W': log.push(`w${n}=${stream.write('0123456789', cb)}`); break;
      case 'e': stream.end(cb); break;
      case 'E': stream.end('z', cb); break;
      case 'v': stream.end(); break;
      case 'c': stream.cork(); break;
      case 'u': stream.uncork(); break;
      case 'p': log.push(`p${n}=${stream.push('abc')}`); break;
      case 'P': log.push(`p${n}=${stream.push('0123456789')}`); break;
      case 'z': log.push(`p${n}=${stream.push(null)}`); break;
      case 'n': stream.unshift('U'); break;
      case 'r': log.push(`r${n}=${text(stream.read())}`); break;
      case '0': log.push(`r${n}=${text(stream.read(0))}`); break;
      case '2': log.push(`r${n}=${text(stream.read(2))}`); break;
      case 'a': stream.pause(); break;
      case 'm': stream.resume(); break;
      case 'd': stream.on('data', onData); break;
      case 'D': stream.removeListener('data', onData); break;
      case 'l': stream.on('readable', onReadable); break;
      case 'L': stream.on('readable', onReadableRead); break;
      case 'k': for (const f of [onReadable, onReadableRead]) if (stream.listeners('readable').includes(f)) stream.removeListener('readable', f); break;
      case '>': stream.pipe(target); break;
      case '}': stream.pipe(target, { end: false }); break;
      case '<': stream.unpipe(target); break;
      case '|': try { pipeline(stream, target, cb); } catch (e) { log.push(`throws(${name(e)})`); } break;
      case 'f': finished(stream, cb); break;
      case 'g': finished(target, cb); break;
      case 'h': target.end(); break;
      case 'y': target.destroy(); break;
      case 'Y': target.destroy(new Error('target')); break;
      case 'x': stream.destroy(); break;
      case 'X': stream.destroy(new Error('user')); break;
      case 's': {
        const bit = (b) => (b ? '1' : '0');
        let s = `[${bit(stream.destroyed)}${bit(stream.closed)}${name(stream.errored)}`;
        if (r) s += ` r${bit(stream.readable)}${stream.readableFlowing === null ? '-' : bit(stream.readableFlowing)}${bit(stream.readableEnded)}${bit(stream.readableDidRead)}${bit(stream.readableAborted)}${bit(stream.isPaused())}${stream.readableLength}`;
        if (w) s += ` w${bit(stream.writable)}${bit(stream.writableEnded)}${bit(stream.writableFinished)}${bit(stream.writableNeedDrain)}${bit(stream.writableAborted)}${stream.writableLength},${stream.writableCorked}`;
        log.push(s + ']');
        break;
      }
    }
  };
  const fire = (event) => {
    const mine = watched[event] ?? [];
    watched[event] = [];
    for (const what of mine) act(what);
  };
  for (const event of EVENTS) {
    stream.on(event, (e) => { log.push(event === 'error' ? `error(${name(e)})` : event); fire(event); });
  }
  for (const event of ['pipe', 'unpipe', 'drain', 'finish', 'close', 'error']) {
    target.on(event, (e) => { log.push(`T.${event === 'error' ? `error(${name(e)})` : event}`); fire(`T.${event}`); });
  }
  let tick = 0, immediate = 0;
  const nextTick = () => { log.push(`t${++tick}`); if (tick < 5) process.nextTick(nextTick); };
  const nextImmediate = () => { log.push(`i${++immediate}`); if (immediate < 4) setImmediate(nextImmediate); else finish(); };
  const finish = () => setImmediate(() => { act('s'); done(log.join(' ')); });
  process.nextTick(nextTick);
  setImmediate(nextImmediate);
  for (const [when, what] of actions) {
    if (when === 'n') act(what);
    else if (when === 't') process.nextTick(() => act(what));
    else if (when === 'T') process.nextTick(() => process.nextTick(() => act(what)));
    else if (when === 'm') queueMicrotask(() => act(what));
    else if (when === 'i') setImmediate(() => act(what));
    else if (when === 'I') setImmediate(() => setImmediate(() => act(what)));
    else (watched[when.slice(1)] ??= []).push(what);
  }
}

const scripts = [];
createInterface({ input: process.stdin }).on('line', (line) => {
  const script = line.split(' => ')[0].trim();
  if (script && !script.startsWith('#')) scripts.push(script);
}).on('close', () => {
  const next = () => {
    const script = scripts.shift();
    if (script === undefined) return;
    setImmediate(run, script, (log) => { console.log(`${script} => ${log}`); setTimeout(next, 0); });
  };
  next();
});
