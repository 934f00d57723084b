import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import type { Execution } from '../harness/n8n/api';
import { executionSummarySchema, type ExecutionSummary } from '../harness/n8n/execution';
import type { N8nInstance } from '../harness/n8n/instance';
import { RestClient } from '../harness/n8n/rest';
import { inParallel } from '../harness/queue/stage';

const PAGE = 100;
const LOOK_AGAIN_MS = 300;
const READ_AT_ONCE = 4;

const pageSchema = z.object({
	count: z.number(),
	results: z.array(executionSummarySchema),
	nextCursor: z.string().nullish(),
});

/** The executions of an instance, however many they are. */
export class ExecutionLog {
	private rest: RestClient | undefined;

	constructor(private readonly n8n: N8nInstance) {}

	/** How many executions of a workflow are in a state. */
	async count(workflowId: string, status: string): Promise<number> {
		return (await this.page(workflowId, { status: [status] }, 1)).count;
	}

	/** Waits until so many executions of a workflow are in a state. */
	async untilCount(
		workflowId: string,
		status: string,
		wanted: number,
		timeoutMs = 1_800_000,
	): Promise<void> {
		const giveUpAt = Date.now() + timeoutMs;
		for (;;) {
			const count = await this.count(workflowId, status);
			if (count >= wanted) return;
			if (Date.now() > giveUpAt) {
				throw new Error(`Only ${count} of ${wanted} executions became “${status}”`);
			}
			await delay(LOOK_AGAIN_MS);
		}
	}

	/** The summaries of all executions of a workflow, newest first. */
	async all(workflowId: string): Promise<ExecutionSummary[]> {
		const list: ExecutionSummary[] = [];
		let cursor: string | undefined;
		do {
			const page = await this.page(workflowId, {}, PAGE, cursor);
			list.push(...page.results);
			cursor = page.nextCursor ?? undefined;
		} while (cursor !== undefined);
		return list;
	}

	/** The same with everything their nodes did. */
	async allInFull(workflowId: string): Promise<Execution[]> {
		const executions: Execution[] = [];
		await inParallel(await this.all(workflowId), READ_AT_ONCE, async ({ id }) => {
			executions.push(await this.n8n.api.getExecution(id));
		});
		return executions;
	}

	private async page(
		workflowId: string,
		filter: Record<string, unknown>,
		limit: number,
		cursor?: string,
	): Promise<z.infer<typeof pageSchema>> {
		if (this.rest === undefined) {
			this.rest = new RestClient(this.n8n.url);
			const { email, password } = this.n8n.owner;
			await this.rest.post('/login', { emailOrLdapLoginId: email, password });
		}
		const query = new URLSearchParams({
			limit: String(limit),
			filter: JSON.stringify({ workflowId, ...filter }),
			...(cursor === undefined ? {} : { cursor }),
		});
		return pageSchema.parse(await this.rest.get(`/executions?${query.toString()}`));
	}
}

/** When the last of these executions ended, epoch ms. */
export function lastEnd(executions: readonly ExecutionSummary[]): number {
	return Math.max(...executions.map(({ stoppedAt }) => Date.parse(stoppedAt ?? '')));
}

/** When a node started in an execution, epoch ms. */
export function startOf(execution: Execution, node: string): number {
	const startTime = execution.data.resultData.runData[node]?.[0]?.startTime;
	if (startTime === undefined) throw new Error(`“${node}” did not run in ${execution.id}`);
	return startTime;
}
