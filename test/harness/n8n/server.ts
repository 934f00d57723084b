import { freePort } from '../process/ports';
import { privateFolder, Server } from '../process/server';
import { installPackage } from './communityPackage';
import { instanceEnvironment } from './environmentVariables';
import { ensureRuntime } from './runtime';

const START_MS = 180_000;
const HEAP_MB = 1536;

/** What each kind of n8n's processes prints once it works, its workflows active again. */
const READY_LINES = {
	start: 'Editor is now accessible',
	worker: 'n8n worker is now ready',
	webhook: 'Webhook listener waiting for requests',
} as const;

export interface N8nServerOptions {
	kind: keyof typeof READY_LINES;
	name: string;
	/** The packed package to install as a community node; without it n8n has its own nodes only. */
	tarball?: string;
	/** n8n's user folder; kept when given, else a temporary one that goes with the server. */
	userFolder?: string;
	/** More arguments of n8n's command. */
	args?: string[];
	/** The port and the variables for the next start; any free port where it is left out. */
	settings: () => { port?: number; env: Record<string, string> };
	check?: () => Promise<void>;
	log?: (line: string) => void;
}

/** One process of n8n, to be started. */
export function n8nServer(options: N8nServerOptions): Server {
	const { kind, name, tarball, args = [], settings, check, log } = options;
	const folder = options.userFolder ?? privateFolder('n8n');
	let installed = tarball === undefined;
	return new Server({
		name,
		folder,
		keepFolder: options.userFolder !== undefined,
		readyLine: READY_LINES[kind],
		startMs: START_MS,
		check,
		onLine: log,
		command: async () => {
			const { node, n8n, onlineModules } = await ensureRuntime(log);
			if (!installed && tarball !== undefined) await installPackage(tarball, folder);
			installed = true;
			const { port = await freePort(), env } = settings();
			const place = { userFolder: folder, port, brokerPort: await freePort() };
			return {
				node,
				args: [`--max-old-space-size=${HEAP_MB}`, n8n, kind, ...args],
				env: { ...instanceEnvironment(place, onlineModules), ...env },
			};
		},
	});
}
