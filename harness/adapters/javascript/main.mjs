// The adapter for runtimes that speak JavaScript: Node, Bun, Deno. Replays scenarios
// (scenarios/README.md) and speaks the protocol of harness/README.md on standard input and output.

import { receive } from './channel.mjs';
import { process } from './runtime.mjs';
import { Session } from './session.mjs';

const session = new Session();
session.open();
receive((messages) => session.receive(messages), () => process.exit(0));
