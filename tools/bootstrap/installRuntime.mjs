import { join } from 'node:path';

import { ensureInstalled, ROOT } from './install.mjs';
import { UserError } from './userError.mjs';

// n8n 2.41 needs Node 24; where an older one runs this, npm brings one.
const N8N_NODE_MAJOR = 24;
const ownNode = Number(process.versions.node.split('.')[0]) >= N8N_NODE_MAJOR;

// Whoever started this holds the other end: when it is gone, nobody wants the installation now.
process.stdin.on('close', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.resume();

try {
	await ensureInstalled(join(ROOT, 'test', 'n8n', 'runtime'), {
		what: 'n8n (some 3 GB, a few minutes, only once)',
		rebuild: ownNode ? ['sqlite3'] : ['sqlite3', 'node'],
		say: (line) => console.log(line),
	});
} catch (error) {
	if (!(error instanceof UserError)) throw error;
	console.error(error.message);
	process.exitCode = 1;
}
process.stdin.removeAllListeners('close').destroy();
