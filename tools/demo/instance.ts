import { startN8n, type N8nInstance } from '../../test/harness/n8n/instance';
import { packPackage } from '../../test/harness/n8n/package';
import { freePort, isPortFree } from '../../test/harness/process/ports';
import { ensureRuntime } from '../../test/harness/n8n/runtime';
import { readExample, withCredential } from '../../test/harness/n8n/examples';
import { DemoFault, messageOf } from './fault';
import { LogFile } from './logFile';
import type { Progress } from './progress';

const EXAMPLE = 'webhook-to-video';
const USUAL_PORT = 5678;
const CREDENTIAL = { name: 'AI Video API', type: 'aiVideoApi' };

/** The port for n8n: the wanted one, else its usual one, else, when that is taken, any. */
export async function choosePort(wanted: number | undefined): Promise<number> {
	if (await isPortFree(wanted ?? USUAL_PORT)) return wanted ?? USUAL_PORT;
	if (wanted !== undefined) {
		throw new DemoFault(`Port ${wanted} is taken: choose another one with --port.`);
	}
	return await freePort();
}

/** Installs what is missing, packs the package and starts an n8n that has it. */
export async function startWithPackage(port: number, progress: Progress): Promise<N8nInstance> {
	progress.step('n8n and the package');
	await ensureRuntime((line) => progress.detail(line)).catch((error: unknown) => {
		throw new DemoFault(messageOf(error));
	});
	const tarball = await packPackage().catch((error: unknown) => {
		throw new DemoFault(`The package could not be built and packed (${messageOf(error)}).`);
	});
	progress.step('Starting n8n with the package installed');
	const log = new LogFile('demo-n8n');
	try {
		return await startN8n({ tarball, port, log: log.write });
	} catch (error) {
		const [reason = ''] = messageOf(error).split(' The end of its log:');
		throw new DemoFault(`${reason.replace(/\.$/, '')}; what it printed is in ${log.path}.`);
	}
}

/** Puts the credential and the example workflow into n8n, tested and active. Returns its id. */
export async function addWorkflow(
	n8n: N8nInstance,
	api: { baseUrl: string; apiKey: string },
): Promise<string> {
	const credentialId = await n8n.api.createCredential({
		...CREDENTIAL,
		data: { apiKey: api.apiKey, baseUrl: api.baseUrl },
	});
	const test = await n8n.api.testCredential(credentialId);
	if (test.status !== 'OK') throw new DemoFault(`The credential’s test says: ${test.message}`);
	const { id } = await n8n.api.createWorkflow(withCredential(readExample(EXAMPLE), credentialId));
	await n8n.api.activate(id);
	return id;
}
