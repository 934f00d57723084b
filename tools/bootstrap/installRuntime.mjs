import { basename } from 'node:path';

import { ensureInstalled } from './install.mjs';
import { UserError } from './userError.mjs';

// Usage: node installRuntime.mjs <folder> [packages whose install scripts are to run]
const [folder, ...rebuild] = process.argv.slice(2);

// Whoever started this holds the other end: when it is gone, nobody wants the installation now.
process.stdin.on('close', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.resume();

try {
	await ensureInstalled(folder, {
		what: `n8n ${basename(folder)} (some 3 GB, a few minutes, only once)`,
		rebuild,
		say: (line) => console.log(line),
	});
} catch (error) {
	if (!(error instanceof UserError)) throw error;
	console.error(error.message);
	process.exitCode = 1;
}
process.stdin.removeAllListeners('close').destroy();
