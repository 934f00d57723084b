import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import {
	errorOf,
	executionSchema,
	executionSummarySchema,
	hintsOf,
	isFinished,
	outputOf,
	type Execution,
	type ExecutionBinary,
	type ExecutionStatus,
	type ExecutionSummary,
} from './execution';
import { N8nApiError, RestClient, type Owner } from './rest';
import type { WorkflowJson } from './workflow';

export { errorOf, hintsOf, isFinished, outputOf } from './execution';
export type {
	Execution,
	ExecutionBinary,
	ExecutionError,
	ExecutionHint,
	ExecutionItem,
	ExecutionStatus,
	ExecutionSummary,
} from './execution';
export { N8nApiError, type Owner } from './rest';

const POLL_MS = 200;
/** Longer than it takes until a sleeping execution is looked at for the second time. */
const WAIT_MS = 150_000;
const RETRY_MS = 20_000;
const PUBLICATION_MS = 30_000;

const savedWorkflowSchema = z
	.object({ id: z.string(), name: z.string(), versionId: z.string(), active: z.boolean() })
	.passthrough();
const runnableWorkflowSchema = z
	.object({ nodes: z.array(z.object({ name: z.string(), type: z.string() }).passthrough()) })
	.passthrough();
const savedCredentialSchema = z
	.object({ id: z.string(), name: z.string(), type: z.string() })
	.passthrough();
const credentialTestSchema = z.object({ status: z.string(), message: z.string().default('') });
const nodeTypesSchema = z.array(
	z.object({ name: z.string(), displayName: z.string(), version: z.unknown() }).passthrough(),
);
const publicationSchema = z.object({
	status: z.string(),
	triggers: z.array(z.object({ errorMessage: z.string().nullish() })),
});
const manualRunSchema = z.object({
	executionId: z.coerce.string().optional(),
	waitingForWebhook: z.boolean().optional(),
});
const executionListSchema = z.object({ results: z.array(executionSummarySchema) });

export type SavedWorkflow = z.infer<typeof savedWorkflowSchema>;
export type NodeTypeDescription = z.infer<typeof nodeTypesSchema>[number];

export interface CredentialInput {
	name: string;
	type: string;
	data: Record<string, unknown>;
}

/** A manual execution: from a trigger (the workflow's first one by default), or up to one node. */
export interface ManualRun {
	startNode?: string;
	destinationNode?: string;
	/** With `destinationNode`: what came of the nodes before it, which then do not run again. */
	after?: Execution;
}

/** What to wait for: a finished execution, or one in the given state; within one minute by default. */
export interface ExecutionWait {
	status?: ExecutionStatus;
	timeoutMs?: number;
}

/** n8n's REST API as its editor uses it. */
export class N8nApi {
	readonly outputOf = outputOf;
	readonly errorOf = errorOf;
	readonly hintsOf = hintsOf;
	private readonly rest: RestClient;

	constructor(url: string) {
		this.rest = new RestClient(url);
	}

	/** Makes the first account of a new instance and logs in with it. */
	async setUpOwner(owner: Owner): Promise<void> {
		await this.rest.post('/owner/setup', owner);
	}

	async logIn(owner: Owner): Promise<void> {
		await this.rest.post('/login', { emailOrLdapLoginId: owner.email, password: owner.password });
	}

	/** Stores a credential and returns its id. */
	async createCredential(input: CredentialInput): Promise<string> {
		return savedCredentialSchema.parse(await this.rest.post('/credentials', input)).id;
	}

	/** Runs a credential's own test, as the editor does: of a stored one by its id, or of these data. */
	async testCredential(
		credential: string | Omit<CredentialInput, 'name'>,
	): Promise<z.infer<typeof credentialTestSchema>> {
		if (typeof credential !== 'string') return await this.testNewCredential(credential);
		const stored = await this.rest.get(`/credentials/${credential}?includeData=true`);
		const credentials = savedCredentialSchema.extend({ data: z.record(z.unknown()) }).parse(stored);
		return credentialTestSchema.parse(await this.rest.post('/credentials/test', { credentials }));
	}

	async createWorkflow(workflow: WorkflowJson): Promise<SavedWorkflow> {
		return savedWorkflowSchema.parse(
			await this.rest.post('/workflows', { ...workflow, active: false }),
		);
	}

	async getWorkflow(id: string): Promise<SavedWorkflow> {
		return savedWorkflowSchema.parse(await this.rest.get(`/workflows/${id}`));
	}

	/**
	 * Activates (publishes) the workflow as last saved, and waits until its triggers listen; rejects
	 * with n8n's reason when one of them could not be activated.
	 */
	async activate(id: string): Promise<SavedWorkflow> {
		const { versionId } = await this.getWorkflow(id);
		const saved = await this.rest.post(`/workflows/${id}/activate`, { versionId });
		await this.publication(id, (status) => status !== 'not_published');
		return savedWorkflowSchema.parse(saved);
	}

	/** Deactivates the workflow and waits until its triggers listen no more. */
	async deactivate(id: string): Promise<SavedWorkflow> {
		const saved = await this.rest.post(`/workflows/${id}/deactivate`, {});
		await this.publication(id, (status) => status === 'not_published');
		return savedWorkflowSchema.parse(saved);
	}

	/** Starts a manual execution, as the editor does, and returns its id. */
	async runWorkflow(id: string, run: ManualRun = {}): Promise<string> {
		const started = await this.runManually(id, run);
		if (started.executionId === undefined) {
			throw new Error('n8n waits for a call of the test URL: use listenForTestCall() instead.');
		}
		return started.executionId;
	}

	/** Makes n8n listen at the workflow's test webhook URL, as “Listen for test event” does. */
	async listenForTestCall(id: string, run: ManualRun = {}): Promise<void> {
		const started = await this.runManually(id, run);
		if (started.waitingForWebhook !== true) throw new Error('n8n did not wait for a test call.');
	}

	/**
	 * The executions of one workflow, or of all, newest first and each once: for a moment n8n names one
	 * that has just ended both as running and as finished.
	 */
	async listExecutions(workflowId?: string): Promise<ExecutionSummary[]> {
		const filter = workflowId === undefined ? {} : { workflowId };
		const query = new URLSearchParams({ limit: '100', filter: JSON.stringify(filter) });
		const { results } = executionListSchema.parse(
			await this.rest.get(`/executions?${query.toString()}`),
		);
		const finished = new Set(
			results.filter(({ status }) => isFinished(status)).map(({ id }) => id),
		);
		return results.filter(({ id, status }) => isFinished(status) || !finished.has(id));
	}

	async getExecution(id: string): Promise<Execution> {
		return executionSchema.parse(await this.rest.get(`/executions/${id}`));
	}

	/**
	 * Waits for an execution to finish or to reach a state; rejects at once when it finished in another
	 * state.
	 */
	async waitForExecution(
		id: string,
		{ status, timeoutMs = WAIT_MS }: ExecutionWait = {},
	): Promise<Execution> {
		const giveUpAt = Date.now() + timeoutMs;
		for (;;) {
			const seen = executionSummarySchema.parse(await this.rest.get(`/executions/${id}`));
			if (status === undefined ? isFinished(seen.status) : seen.status === status) {
				return await this.getExecution(id);
			}
			if (isFinished(seen.status)) {
				const { error } = (await this.getExecution(id)).data.resultData;
				throw new Error(
					`Execution ${id} ended as “${seen.status}” instead of “${String(status)}”` +
						(error === undefined ? '.' : `: ${error.message}`),
				);
			}
			if (Date.now() >= giveUpAt) {
				throw new Error(
					`After ${timeoutMs} ms execution ${id} is still “${seen.status}”, not ${status ?? 'finished'}.`,
				);
			}
			await delay(POLL_MS);
		}
	}

	async stopExecution(id: string): Promise<void> {
		await this.rest.post(`/executions/${id}/stop`, {});
	}

	/** Retries a failed execution and returns the id of the new one. */
	async retryExecution(
		id: string,
		{ loadWorkflow = false }: { loadWorkflow?: boolean } = {},
	): Promise<string> {
		const before = new Set((await this.listExecutions()).map((execution) => execution.id));
		// n8n answers only when the retry has finished or waits.
		let refusal: unknown;
		void this.rest.post(`/executions/${id}/retry`, { loadWorkflow }).catch((error: unknown) => {
			refusal = error;
		});
		const giveUpAt = Date.now() + RETRY_MS;
		for (;;) {
			const retried = (await this.listExecutions()).find(
				(execution) => execution.retryOf === id && !before.has(execution.id),
			);
			if (retried !== undefined) return retried.id;
			if (refusal instanceof Error) throw refusal;
			if (Date.now() >= giveUpAt) throw new Error(`n8n shows no retry of execution ${id}.`);
			await delay(POLL_MS);
		}
	}

	/** The descriptions of all node types the instance knows, as the editor loads them. */
	async nodeTypes(): Promise<NodeTypeDescription[]> {
		return nodeTypesSchema.parse(await this.rest.getPublic('/types/nodes.json'));
	}

	/** The content of a file that an item holds. */
	async binaryData(binary: ExecutionBinary): Promise<Buffer> {
		if (binary.id === undefined) return Buffer.from(binary.data, 'base64');
		const query = new URLSearchParams({ id: binary.id, action: 'download' });
		return await this.rest.download(`/binary-data?${query.toString()}`);
	}

	/** n8n activates and deactivates in the background: waits for the outcome. */
	private async publication(id: string, settled: (status: string) => boolean): Promise<void> {
		const giveUpAt = Date.now() + PUBLICATION_MS;
		for (;;) {
			const now = await this.publicationStatus(id);
			if (now === undefined) return;
			if (now.status !== 'in_progress' && settled(now.status)) {
				const reasons = now.triggers.flatMap((trigger) => trigger.errorMessage ?? []);
				if (reasons.length > 0) throw new Error(`Not activated: ${reasons.join(' · ')}`);
				return;
			}
			if (Date.now() >= giveUpAt) {
				throw new Error(`After ${PUBLICATION_MS} ms the workflow is still “${now.status}”.`);
			}
			await delay(POLL_MS);
		}
	}

	private async publicationStatus(
		id: string,
	): Promise<z.infer<typeof publicationSchema> | undefined> {
		try {
			return publicationSchema.parse(await this.rest.get(`/workflows/${id}/publication-status`));
		} catch (error) {
			// Older versions activate before they answer, and know no such status.
			if (error instanceof N8nApiError && error.status === 404) return undefined;
			throw error;
		}
	}

	/** Stores it for as long as the test takes: n8n 2.0 tests no other. */
	private async testNewCredential(
		data: Omit<CredentialInput, 'name'>,
	): Promise<z.infer<typeof credentialTestSchema>> {
		const id = await this.createCredential({ name: 'For its test', ...data });
		try {
			return await this.testCredential(id);
		} finally {
			await this.rest.delete(`/credentials/${id}`);
		}
	}

	private async runManually(id: string, run: ManualRun): Promise<z.infer<typeof manualRunSchema>> {
		const destination =
			run.destinationNode === undefined
				? {}
				: { destinationNode: { nodeName: run.destinationNode, mode: 'inclusive' } };
		// n8n 2.0 runs what it is sent, newer versions what is stored.
		const workflowData = runnableWorkflowSchema.parse(await this.rest.get(`/workflows/${id}`));
		const startNode =
			run.startNode ?? (run.destinationNode === undefined ? firstTrigger(workflowData) : undefined);
		const start = startNode === undefined ? {} : { triggerToStartFrom: { name: startNode } };
		return manualRunSchema.parse(
			await this.rest.post(`/workflows/${id}/run`, {
				workflowData,
				...start,
				...destination,
				...(run.after === undefined ? {} : partialRun(run.after, run.destinationNode)),
			}),
		);
	}
}

function firstTrigger({ nodes }: z.infer<typeof runnableWorkflowSchema>): string {
	const trigger = nodes.find((node) => /trigger|webhook$/i.test(node.type));
	if (trigger === undefined) throw new Error('The workflow has no trigger to start from.');
	return trigger.name;
}

/** What the editor sends when only a step is to run. */
function partialRun({ data }: Execution, node = ''): Record<string, unknown> {
	return { runData: data.resultData.runData, dirtyNodeNames: [node] };
}
