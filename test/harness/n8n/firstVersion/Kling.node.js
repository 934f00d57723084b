const { createHash } = require('node:crypto');

const TIMEOUT_MS = 30 * 60_000;
const CREDITS = 110;

/**
 * Stands in for the node of the package's first version (0.1.0): it creates tasks and leaves behind,
 * key by key, what that version left in an execution's data. Later versions have to go on with it.
 */
class Kling {
	description = {
		displayName: 'Kling',
		name: 'kling',
		group: ['transform'],
		version: 1,
		description: 'The first version',
		defaults: { name: 'Kling' },
		inputs: ['main'],
		outputs: ['main'],
		credentials: [{ name: 'aiVideoApi', required: true }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				path: '',
				restartWebhook: true,
			},
		],
		properties: ['operation', 'prompt', 'imageUrls', 'callback'].map((name) => ({
			displayName: name,
			name,
			type: 'string',
			default: '',
		})),
	};

	async execute() {
		const resumeUrl = this.evaluateExpression('{{ $execution.resumeUrl }}', 0);
		const suspends = this.getNodeParameter('operation', 0) === 'createAndWait';
		const registered = this.getWorkflowStaticData('global').klingTrigger;
		const target =
			this.getNodeParameter('callback', 0) === 'trigger'
				? { callback: 'trigger', callbackUrl: registered.url }
				: { callback: 'execution', callbackUrl: resumeUrl };

		const store = this.getContext('node');
		const created = {};
		store.klingCreated = { runIndex: 0, items: created };
		const input = this.getInputData();
		for (const index of input.keys()) {
			const wanted = {
				prompt: this.getNodeParameter('prompt', index),
				image_urls: [this.getNodeParameter('imageUrls', index)],
				duration: 5,
				sound: false,
			};
			const request = fingerprint(wanted);
			const executionId = this.getExecutionId();
			created[index] = { request, taskId: null, executionId, ...target };
			try {
				created[index].taskId = await create(this, wanted, target.callbackUrl);
			} catch (error) {
				// Refused: it certainly created nothing.
				delete created[index];
				throw error;
			}
		}
		const tasks = Object.values(created).map(({ taskId }) => taskId);
		if (target.callback === 'execution') {
			this.getContext('flow').klingCallbacks = { [resumeUrl]: tasks };
		}
		const extras = { estimatedCredits: CREDITS, duration: 5, sound: false, ...target };
		const output = tasks.map((taskId, item) => ({
			json: { ...pendingTask(taskId), ...extras, ...(suspends ? { timedOut: true } : {}) },
			pairedItem: { item },
		}));
		if (!suspends) return [output];

		store.klingSuspended = {
			items: tasks.map((taskId) => ({ taskId, extras, simplify: true, downloadField: null })),
		};
		input.forEach((item, index) => Object.assign(item, output[index]));
		await this.putExecutionToWait(new Date(Date.now() + TIMEOUT_MS));
		return [output];
	}
}

function fingerprint({ prompt, image_urls, duration, sound }) {
	const parts = [prompt, image_urls, duration, sound];
	return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

async function create(context, input, callbackUrl) {
	const { baseUrl } = await context.getCredentials('aiVideoApi');
	const answer = await context.helpers.httpRequestWithAuthentication.call(context, 'aiVideoApi', {
		method: 'POST',
		url: `${baseUrl}/v1/videos/generations`,
		body: { model: 'kling-2.6', callback_url: callbackUrl, input },
		json: true,
	});
	return answer.data.taskId;
}

/** A simplified task as the first version showed it. */
function pendingTask(taskId) {
	return {
		taskId,
		status: 'pending',
		model: 'kling-2.6',
		videoUrl: null,
		videoUrls: [],
		progress: null,
		createdAt: null,
		completedAt: null,
		generationSeconds: null,
		error: null,
	};
}

module.exports = { Kling };
