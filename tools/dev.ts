import { existsSync } from 'node:fs';
import { join } from 'node:path';

import manifest from '../package.json';
import { startEmulator } from '../test/emulator';
import { runNpm } from '../test/harness/process/npm.mjs';
import { addCredential, choosePort, ROOT, startWithPackage } from './demo/instance';
import { Progress } from './demo/progress';

/** Kept from one time to the next: workflows, credentials, executions. */
const USER_FOLDER = join(ROOT, '.cache', 'dev');
const INSTALLED = join(USER_FOLDER, '.n8n', 'nodes', 'node_modules', manifest.name, 'dist');
const EMULATOR_PORT = 4010;

/** n8n and the emulated API run; a change to the sources is compiled into the n8n that runs. */
async function main(): Promise<void> {
	const progress = new Progress(process.stdout);
	const isNew = !existsSync(USER_FOLDER);
	const emulator = await startEmulator({ port: EMULATOR_PORT });
	const n8n = await startWithPackage(progress, {
		port: await choosePort(),
		userFolder: USER_FOLDER,
		env: { N8N_DEV_RELOAD: 'true' },
	});
	if (isNew) await addCredential(n8n, { baseUrl: emulator.url, apiKey: emulator.apiKey });
	progress.step(`The editor is at ${n8n.url}`);
	progress.detail(`Log in as ${n8n.owner.email} with the password ${n8n.owner.password}`);
	progress.detail(`The emulated API is at ${emulator.url}. Press Ctrl-C to stop everything.`);
	const compile = ['-p', 'tsconfig.build.json', '--outDir', INSTALLED];
	const watch = ['--watch', '--preserveWatchOutput'];
	process.exitCode = await runNpm(['exec', '--', 'tsc', ...compile, ...watch], { cwd: ROOT });
}

void main();
