import { z } from 'zod';

import { DemoFault, messageOf } from './fault';

const TIMEOUT_MS = 20_000;
const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/webp'];

const creditsSchema = z.object({ data: z.object({ balance: z.number() }) });
const taskSchema = z.object({
	status: z.string(),
	error: z.object({ message: z.string() }).nullish(),
});

export type TaskState = z.infer<typeof taskSchema>;

/** The API as the demo itself reads it, to show progress while the workflow runs. */
export class Service {
	constructor(
		readonly baseUrl: string,
		readonly apiKey: string,
		readonly imageUrl: string,
	) {}

	async balance(): Promise<number> {
		return creditsSchema.parse(await this.read('/v1/credits')).data.balance;
	}

	async task(id: string): Promise<TaskState> {
		return taskSchema.parse(await this.read(`/v1/tasks/${encodeURIComponent(id)}`));
	}

	/** Refuses an image that the service could not use, before credits are spent on it. */
	async checkImage(): Promise<void> {
		const response = await get(this.imageUrl, {}, 'The image');
		const type = response.headers.get('content-type')?.split(';')[0] ?? 'none';
		const bytes = Number(response.headers.get('content-length') ?? 0);
		await response.body?.cancel();
		if (!response.ok) {
			throw new DemoFault(`The image cannot be read: its server answers HTTP ${response.status}.`);
		}
		if (!IMAGE_TYPES.includes(type)) {
			throw new DemoFault(`The image must be a JPEG, PNG or WebP, and its type is “${type}”.`);
		}
		if (bytes > MAX_IMAGE_BYTES) {
			throw new DemoFault('The image is larger than the 10 MB that the service takes.');
		}
	}

	private async read(path: string): Promise<unknown> {
		const headers = { authorization: `Bearer ${this.apiKey}` };
		const response = await get(`${this.baseUrl}${path}`, headers, 'The service');
		if (response.ok) return await response.json();
		await response.body?.cancel();
		throw new DemoFault(refusal(response.status));
	}
}

function refusal(status: number): string {
	if (status === 401) return 'The service refused the API key (HTTP 401): check AIVIDEOAPI_KEY.';
	if (status === 403) {
		return 'The key may not be used from this IP address (HTTP 403): see its allow-list.';
	}
	return `The service answers HTTP ${status}: try again later.`;
}

async function get(url: string, headers: Record<string, string>, who: string): Promise<Response> {
	try {
		return await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
	} catch (error) {
		const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
		const { host } = new URL(url);
		throw new DemoFault(`${who} at ${host} cannot be reached (${messageOf(cause)}).`);
	}
}
