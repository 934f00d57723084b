import { z } from 'zod';

import { DemoFault, messageOf } from './fault';

const TIMEOUT_MS = 20_000;

const creditsSchema = z.object({ data: z.object({ balance: z.number() }) });
const taskSchema = z.object({ status: z.string() });

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

	/** The task's status. */
	async status(id: string): Promise<string> {
		return taskSchema.parse(await this.read(`/v1/tasks/${encodeURIComponent(id)}`)).status;
	}

	private async read(path: string): Promise<unknown> {
		const response = await fetch(`${this.baseUrl}${path}`, {
			headers: { authorization: `Bearer ${this.apiKey}` },
			signal: AbortSignal.timeout(TIMEOUT_MS),
		}).catch((error: unknown) => {
			const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
			const { host } = new URL(this.baseUrl);
			throw new DemoFault(`The service at ${host} cannot be reached (${messageOf(cause)}).`);
		});
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
