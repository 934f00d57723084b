import { isReachableFromApi } from '../../nodes/Kling/api/address';
import { DemoFault } from './fault';

/** What the demo was asked to do. */
export interface DemoOptions {
	once: boolean;
	live: boolean;
	yes: boolean;
	port?: number;
	image?: string;
	/** The key for the real service; empty unless `live`. */
	apiKey: string;
	/** Where the real service is. */
	baseUrl: string;
}

/** What the options depend on besides the command line. */
export interface Surroundings {
	apiKey: string | undefined;
	/** Instead of the real service, for example a proxy; from AIVIDEOAPI_BASE_URL. */
	baseUrl?: string | undefined;
	interactive: boolean;
}

const LIVE_URL = 'https://api.aivideoapi.ai';
const FLAGS = ['--once', '--live', '--yes'];
const HELP = 'the demo knows --once, --live, --yes, --port N and --image URL';

/** Reads the command line and refuses what cannot work, before anything is installed or started. */
export function demoOptions(args: readonly string[], around: Surroundings): DemoOptions {
	const given = readArgs(args.filter((arg) => arg !== '--'));
	const live = given.has('--live');
	const options: DemoOptions = {
		once: given.has('--once'),
		live,
		yes: given.has('--yes'),
		apiKey: live ? (around.apiKey ?? '').trim() : '',
		baseUrl: (around.baseUrl ?? LIVE_URL).trim().replace(/\/+$/, ''),
	};
	if (!URL.canParse(options.baseUrl)) {
		throw new DemoFault(`AIVIDEOAPI_BASE_URL is no address: “${options.baseUrl}”.`);
	}
	const port = given.get('--port');
	if (port !== undefined) options.port = portOf(port);
	const image = given.get('--image');
	if (image !== undefined) options.image = imageOf(image, live ? options.baseUrl : undefined);
	if (live) requireForLive(options, around.interactive);
	return options;
}

function readArgs(args: readonly string[]): Map<string, string> {
	const given = new Map<string, string>();
	for (let index = 0; index < args.length; index += 1) {
		const [name = '', inline] = splitOnce(args[index] ?? '');
		if (FLAGS.includes(name) && inline === undefined) {
			given.set(name, '');
		} else if (name === '--port' || name === '--image') {
			const value = inline ?? args[(index += 1)];
			if (value === undefined || value === '') throw new DemoFault(`${name} needs a value.`);
			given.set(name, value);
		} else {
			throw new DemoFault(`“${args[index] ?? ''}” is not an option: ${HELP}.`);
		}
	}
	return given;
}

function splitOnce(arg: string): [string, string?] {
	const at = arg.indexOf('=');
	return at === -1 ? [arg] : [arg.slice(0, at), arg.slice(at + 1)];
}

function portOf(text: string): number {
	const port = Number(text);
	if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
	throw new DemoFault(`--port must be a number from 1 to 65535, and “${text}” is not.`);
}

function imageOf(text: string, baseUrl: string | undefined): string {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
		throw new DemoFault(`--image must be an http(s) address, and “${text}” is not.`);
	}
	if (baseUrl !== undefined && !isReachableFromApi(url.href, baseUrl)) {
		throw new DemoFault(
			`The service cannot reach ${url.hostname}: --image must be a public address.`,
		);
	}
	return url.href;
}

function requireForLive(options: DemoOptions, interactive: boolean): void {
	if (options.apiKey === '') {
		throw new DemoFault('--live needs your API key in the environment variable AIVIDEOAPI_KEY.');
	}
	if (!options.apiKey.startsWith('sk-')) {
		throw new DemoFault('The API key in AIVIDEOAPI_KEY does not start with “sk-”.');
	}
	if (options.image === undefined) {
		throw new DemoFault(
			'--live needs --image URL, the public address of a JPEG, PNG or WebP of at most 10 MB.',
		);
	}
	if (!options.yes && !interactive) {
		throw new DemoFault('--live spends credits, and nobody can be asked here: add --yes to agree.');
	}
}
