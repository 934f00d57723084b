import { parseArgs } from 'node:util';

import { isHttpUrl, isReachableFromApi } from '../../nodes/Kling/api/address';
import { DemoFault, messageOf } from './fault';

/** What the demo was asked to do. */
export interface DemoOptions {
	once: boolean;
	live: boolean;
	yes: boolean;
	port: number | undefined;
	image: string | undefined;
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
const HELP = 'the demo knows --once, --live, --yes, --port N and --image URL';

function read(args: readonly string[]) {
	try {
		return parseArgs({
			args: args.filter((arg) => arg !== '--'),
			options: {
				once: { type: 'boolean', default: false },
				live: { type: 'boolean', default: false },
				yes: { type: 'boolean', default: false },
				port: { type: 'string' },
				image: { type: 'string' },
			},
		}).values;
	} catch (error) {
		const [reason = ''] = messageOf(error).split(/\. |\.$/);
		throw new DemoFault(`${reason}: ${HELP}.`);
	}
}

/** Reads the command line and refuses what cannot work, before anything is installed or started. */
export function demoOptions(args: readonly string[], around: Surroundings): DemoOptions {
	const { port, image, ...flags } = read(args);
	const apiKey = flags.live ? (around.apiKey ?? '').trim() : '';
	const baseUrl = (around.baseUrl ?? LIVE_URL).trim().replace(/\/+$/, '');
	const isPort = port === undefined || (/^\d+$/.test(port) && +port >= 1 && +port <= 65_535);
	const isImage = image === undefined || isHttpUrl(image);
	const faults: Array<[isWrong: boolean, sentence: string]> = [
		[!isHttpUrl(baseUrl), `AIVIDEOAPI_BASE_URL is no address: “${baseUrl}”.`],
		[!isPort, `--port must be a number from 1 to 65535, and “${port ?? ''}” is not.`],
		[!isImage, `--image must be an http(s) address, and “${image ?? ''}” is not.`],
	];
	if (flags.live) {
		faults.push(
			[apiKey === '', '--live needs your API key in the environment variable AIVIDEOAPI_KEY.'],
			[!apiKey.startsWith('sk-'), 'The API key in AIVIDEOAPI_KEY does not start with “sk-”.'],
			[
				image === undefined,
				'--live needs --image URL, the public address of a JPEG, PNG or WebP of at most 10 MB.',
			],
			[
				!isReachableFromApi(image ?? '', baseUrl),
				`The service cannot reach “${image ?? ''}”: --image must be a public address.`,
			],
			[
				!flags.yes && !around.interactive,
				'--live spends credits, and nobody can be asked here: add --yes to agree.',
			],
		);
	}
	const fault = faults.find(([isWrong]) => isWrong);
	if (fault !== undefined) throw new DemoFault(fault[1]);
	return { ...flags, port: port === undefined ? undefined : Number(port), image, apiKey, baseUrl };
}
