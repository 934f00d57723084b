import { createWriteStream, mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import getPort from 'get-port';

import { readExample, withCredential, withSettings } from '../../test/harness/n8n/examples';
import { startN8n, type InstanceOptions, type N8nInstance } from '../../test/harness/n8n/instance';
import { packPackage } from '../../test/harness/n8n/package';
import { ensureRuntime } from '../../test/harness/n8n/runtime';
import { DemoFault, messageOf } from './fault';
import type { Progress } from './progress';

export const ROOT = resolve(__dirname, '..', '..');
const LOGS = join(ROOT, '.cache', 'logs');
const EXAMPLE = 'first-video';
const USUAL_PORT = 5678;
const CREDENTIAL = { name: 'AI Video API', type: 'aiVideoApi' };

/** The port for n8n: the wanted one, else its usual one, else, when that is taken, any. */
export async function choosePort(wanted?: number): Promise<number> {
	const port = await getPort({ host: '127.0.0.1', port: wanted ?? USUAL_PORT });
	if (wanted === undefined || port === wanted) return port;
	throw new DemoFault(`Port ${wanted} is taken: choose another one with --port.`);
}

/** A new log file in `.cache/logs`, for what would only clutter the screen: its path, and how to add a line. */
export function logFile(name: string): { path: string; write: (line: string) => void } {
	mkdirSync(LOGS, { recursive: true });
	const stream = createWriteStream(join(LOGS, `${name}.log`));
	return {
		path: relative(ROOT, join(LOGS, `${name}.log`)),
		write: (line) => stream.write(`${line}\n`),
	};
}

/** Installs what is missing, packs the package and starts an n8n that has it. */
export async function startWithPackage(
	progress: Progress,
	options: InstanceOptions,
): Promise<N8nInstance> {
	progress.step('n8n and the package');
	await ensureRuntime((line) => progress.detail(line)).catch((error: unknown) => {
		throw new DemoFault(messageOf(error));
	});
	const tarball = await packPackage().catch((error: unknown) => {
		throw new DemoFault(`The package could not be built and packed (${messageOf(error)}).`);
	});
	progress.step('Starting n8n with the package installed');
	const log = logFile('n8n');
	try {
		return await startN8n({ ...options, tarball, log: log.write });
	} catch (error) {
		const [reason = ''] = messageOf(error).split(' The end of its log:');
		throw new DemoFault(`${reason.replace(/\.$/, '')}; what it printed is in ${log.path}.`);
	}
}

/** Puts a credential into n8n, tested. Returns its id. */
export async function addCredential(
	n8n: N8nInstance,
	api: { baseUrl: string; apiKey: string },
): Promise<string> {
	const data = { apiKey: api.apiKey, baseUrl: api.baseUrl };
	const id = await n8n.api.createCredential({ ...CREDENTIAL, data });
	const test = await n8n.api.testCredential(id);
	if (test.status !== 'OK') throw new DemoFault(`The credential’s test says: ${test.message}`);
	return id;
}

/** Puts the example workflow into n8n, with this image. Returns its id. */
export async function addWorkflow(
	n8n: N8nInstance,
	credentialId: string,
	imageUrl: string,
): Promise<string> {
	const workflow = withCredential(readExample(EXAMPLE), credentialId, ({ name, parameters }) =>
		name === 'Settings' ? withSettings(parameters, { imageUrl }) : {},
	);
	return (await n8n.api.createWorkflow(workflow)).id;
}
